/** The bounds that `patronus sla add` and `set` take. */
import type { Command } from 'commander';
import { CliError, ExitCode } from '../errors.ts';

export interface BoundOptions {
  readonly roundTrip?: string;
  readonly jitter?: string;
  readonly loss?: string;
  readonly mos?: string;
  readonly json?: boolean;
}

export function addBoundOptions(command: Command): Command {
  return command
    .option('--round-trip <ms>', 'most round trip')
    .option('--jitter <ms>', 'most jitter (RFC 3550) of the worse direction')
    .option('--loss <percent>', 'most packets lost of the worse direction')
    .option('--mos <score>', 'least mean opinion score of a call, 1 to 4.5')
    .option('--json', 'one JSON object for programs');
}

/** Only what was given; `none` takes a bound away. */
export function boundsOf({ roundTrip, jitter, loss, mos }: BoundOptions): Record<string, number | null> {
  const given = [
    ['roundTripMs', '--round-trip', roundTrip],
    ['jitterMs', '--jitter', jitter],
    ['lossPercent', '--loss', loss],
    ['mos', '--mos', mos],
  ] as const;
  return Object.fromEntries(
    given.flatMap(([field, option, text]) => (text === undefined ? [] : [[field, numberOrNone(text, option)]])),
  );
}

function numberOrNone(text: string, option: string): number | null {
  if (text === 'none') return null;
  if (/^\d{1,6}(\.\d{1,6})?$/.test(text)) return Number(text);
  throw new CliError(`${option} ${text}: give a number, or none`, ExitCode.usage, 'USAGE');
}
