import type { Command } from 'commander';
import { ask, type WireStatus } from '../control.ts';
import { printWire } from './cut.ts';
import { type CommonOptions, pathsOf, withCommonOptions, withJson } from './shared.ts';

export function register(program: Command): void {
  const command = program
    .command('restore <site> <uplink>')
    .description('undo cuts and impairments: back to what the topology says');
  withJson(withCommonOptions(command))
    .addHelpText('after', '\nExample:\n  patronus lab restore berlin internet')
    .action(restore);
}

async function restore(site: string, uplink: string, options: CommonOptions): Promise<void> {
  printWire((await ask(pathsOf(options).socket, { verb: 'restore', site, uplink })) as WireStatus, options);
}
