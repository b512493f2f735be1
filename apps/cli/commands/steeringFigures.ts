/** The figures of path choice, as `patronus steering` shows and takes them. */
import { CliError, ExitCode } from '../errors.ts';

export interface Figure {
  /** As the API has it. */
  readonly name: string;
  /** As an option of `patronus steering set`. */
  readonly option: string;
  readonly kind: 'time' | 'part' | 'number';
  readonly words: string;
}

export const figures: readonly Figure[] = [
  ['holdMs', 'hold', 'time', 'a path that failed is taken back after it was sound for so long'],
  ['longestHoldMs', 'longest-hold', 'time', 'the hold doubles with each failure, up to this'],
  ['forgiveMs', 'forgive', 'time', 'so long without a failure halves the hold'],
  ['mostReturns', 'most-returns', 'number', 'returns to an uplink that keeps failing, in the window'],
  ['returnWindowMs', 'return-window', 'time', 'the window of these returns'],
  ['leastGainMs', 'least-gain', 'time', 'between good paths a switch has to gain this …'],
  ['leastGainRatio', 'least-gain-part', 'part', '… and so much of the present'],
  ['leastRelief', 'least-relief', 'part', 'where all miss their bounds, the other has to miss by so much less'],
  ['dwellMs', 'dwell', 'time', 'between two moves that only measurements ask for'],
  ['recoveryMs', 'recovery', 'time', 'a path that broke its bounds counts as bad for so long after'],
  ['suspicionMs', 'suspicion', 'time', 'what shares an uplink with a failure is taken last for so long'],
  ['confidence', 'confidence', 'number', 'standard deviations by which a loss has to be beyond its bound'],
  ['lossReports', 'loss-reports', 'number', 'reports in a row that have to show a loss'],
  ['delayReports', 'delay-reports', 'number', 'the same for delay and jitter'],
].map(([name, option, kind, words]) => ({ name, option, kind, words }) as Figure);

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Null: `default`, as Patronus comes. Throws a CliError that says what it takes. */
export function figureOf({ option, kind }: Figure, text: string): number | null {
  if (text === 'default') return null;
  const parts = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|%)?$/.exec(text);
  const [value, unit] = [Number(parts?.[1]), parts?.[2]];
  if (parts !== null) {
    if (kind === 'time' && unit !== '%' && unit !== undefined) return value * unitMs[unit]!;
    if (kind === 'part' && unit === '%') return value / 100;
    if (kind === 'number' && unit === undefined) return value;
  }
  const wanted = { time: 'a time such as 250ms, 30s, 5m or 1h', part: 'a part such as 10%', number: 'a number' }[kind];
  throw new CliError(`--${option} ${text}: give ${wanted}, or default`, ExitCode.usage, 'USAGE');
}

/** The other way round: `5m`, `10%`, `3`. */
export function figureWords({ kind }: Figure, value: number): string {
  if (kind === 'number') return String(value);
  if (kind === 'part') return `${Math.round(value * 1e6) / 1e4}%`;
  const unit = ['h', 'm', 's'].find((one) => value > 0 && value % unitMs[one]! === 0) ?? 'ms';
  return `${value / unitMs[unit]!}${unit}`;
}
