/** `patronus bgp reload`: the speaker on this machine reads its configuration again. */
import type { Reconfigured } from '@patronus/bgp';
import { Command } from 'commander';
import { printJson, printLine } from '../output.ts';
import { answersOf, type BgpOptions, bgpSocketOption } from './bgpControl.ts';

export function bgpReload(): Command {
  return new Command('reload')
    .description('have the speaker read its configuration again; a mistake leaves everything as it was')
    .option('--json', 'one JSON value for programs')
    .addOption(bgpSocketOption())
    .action(async (options: BgpOptions) => {
      const [done] = (await answersOf(options, { command: 'reload' })) as Reconfigured[];
      if (options.json === true) printJson(done);
      else printLine(inWords(done!));
    });
}

/** `added 192.0.2.9; reset 192.0.2.1` */
export function inWords({ added, removed, reset, rerouted }: Reconfigured): string {
  const parts = [
    ['added', added],
    ['removed', removed],
    ['reset', reset],
    ['other policies for', rerouted],
  ] as const;
  const told = parts.filter(([, names]) => names.length > 0).map(([word, names]) => `${word} ${names.join(', ')}`);
  return told.join('; ') || 'no neighbor is touched';
}
