/** `patronus sla …`: the verbs on SLA classes. */
import { Command } from 'commander';
import { slaAdd } from './slaAdd.ts';
import { slaList } from './slaList.ts';
import { slaRemove } from './slaRemove.ts';
import { slaSet } from './slaSet.ts';

export function sla(): Command {
  const command = new Command('sla').description(
    'list, add, change and remove SLA classes: what policies ask of paths',
  );
  for (const verb of [slaList, slaAdd, slaSet, slaRemove]) command.addCommand(verb());
  return command.addHelpText(
    'after',
    '\nA path meets a class while every bound that is given holds in both directions. A policy asks for one with\n`patronus policy set NAME --sla CLASS`.',
  );
}
