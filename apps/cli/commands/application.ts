/** `patronus application …`: what policies can name besides prefixes and ports. */
import { Command } from 'commander';
import { applicationAdd } from './applicationAdd.ts';
import { applicationList } from './applicationList.ts';
import { applicationRemove } from './applicationRemove.ts';

export function application(): Command {
  const command = new Command('application').description('list applications; add and remove those of your own');
  for (const verb of [applicationList, applicationAdd, applicationRemove]) command.addCommand(verb());
  return command.addHelpText(
    'after',
    '\nAn application is known by any of its ports, prefixes and domain names; names are seen in TLS and QUIC client\nhellos and in DNS answers. A policy names it with `patronus policy set NAME --application APPLICATION`.',
  );
}
