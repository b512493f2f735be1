import { type Command, InvalidArgumentError } from 'commander';
import { ask, type WireStatus } from '../control.ts';
import { exitCodes, LabError } from '../errors.ts';
import { impairmentSchema } from '../topology.ts';
import { printWire } from './cut.ts';
import { type CommonOptions, pathsOf, withCommonOptions, withJson } from './shared.ts';

interface Options extends CommonOptions {
  readonly delay: number;
  readonly jitter: number;
  readonly loss: number;
  readonly rate: number;
  readonly reorder: number;
  readonly duplicate: number;
  readonly corrupt: number;
  readonly oneWay?: boolean;
  readonly seed: number;
}

export function register(program: Command): void {
  const command = program
    .command('impair <site> <uplink>')
    .description('spoil an uplink, both ways unless --one-way; replaces what was set before, zero everywhere cleans it')
    .option('--delay <ms>', 'added each way', number, 0)
    .option('--jitter <ms>', 'the delay wanders this far to either side', number, 0)
    .option('--loss <percent>', 'packets that vanish', number, 0)
    .option('--rate <mbit>', 'megabits per second, with a queue of 50 ms; 0 is no limit', number, 0)
    .option('--reorder <percent>', 'packets that later ones overtake', number, 0)
    .option('--duplicate <percent>', 'packets that arrive twice', number, 0)
    .option('--corrupt <percent>', 'packets with one bit flipped', number, 0)
    .option('--one-way', 'only what leaves the site')
    .option('--seed <n>', 'the same seed takes the same decisions', number, 1);
  withJson(withCommonOptions(command))
    .addHelpText(
      'after',
      `
Examples:
  patronus lab impair berlin lte --delay 30 --jitter 5 --loss 1
  patronus lab impair tokyo internet --rate 10
  patronus lab impair tokyo internet            clean again`,
    )
    .action(impair);
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError('It must be a number from 0 up.');
  return value;
}

async function impair(site: string, uplink: string, options: Options): Promise<void> {
  const checked = impairmentSchema.safeParse({
    delayMs: options.delay,
    jitterMs: options.jitter,
    lossPercent: options.loss,
    rateMbit: options.rate,
    reorderPercent: options.reorder,
    duplicatePercent: options.duplicate,
    corruptPercent: options.corrupt,
    oneWay: options.oneWay ?? false,
    seed: options.seed,
  });
  if (!checked.success) {
    const [issue] = checked.error.issues;
    const option = String(issue?.path[0]).replace(/(Ms|Percent|Mbit)$/, '');
    throw new LabError('lab.bad_impairment', `--${option}: ${issue?.message}`, exitCodes.usage);
  }
  const request = { verb: 'impair', site, uplink, impairment: checked.data } as const;
  printWire((await ask(pathsOf(options).socket, request)) as WireStatus, options);
}
