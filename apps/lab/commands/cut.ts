import type { Command } from 'commander';
import { ask, type WireStatus } from '../control.ts';
import { describeWire } from '../describe-wire.ts';
import { type CommonOptions, pathsOf, printJson, withCommonOptions, withJson } from './shared.ts';

export function register(program: Command): void {
  const command = program
    .command('cut <site> <uplink>')
    .description('silence an uplink: every packet vanishes, the link stays up')
    .option('--one-way', 'only what leaves the site');
  withJson(withCommonOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  patronus lab cut berlin internet
  patronus lab cut berlin lte --one-way`,
    )
    .action(cut);
}

async function cut(
  site: string,
  uplink: string,
  options: CommonOptions & { readonly oneWay?: boolean },
): Promise<void> {
  const request = { verb: 'cut', site, uplink, oneWay: options.oneWay ?? false } as const;
  printWire((await ask(pathsOf(options).socket, request)) as WireStatus, options);
}

export function printWire(wire: WireStatus, options: CommonOptions): void {
  if (options.json) printJson(wire);
  else console.log(`${wire.site} ${wire.uplink}: ${describeWire(wire)}`);
}
