/** What a change would have done, in words and as a comparison. */
import { formatDuration } from '../format/time.ts';

export interface Outcome {
  readonly switches: number;
  readonly outOfSlaSeconds: number;
  readonly downSeconds: number;
}

export type Tone = 'up' | 'down' | 'same';

/** Fewer is better for all that is compared. */
export function toneOf(was: number, wouldBe: number): Tone {
  if (wouldBe === was) return 'same';
  return wouldBe < was ? 'up' : 'down';
}

export function secondsWords(seconds: number): string {
  return formatDuration(Math.round(seconds) * 1_000);
}

/** How far an answer can be believed, in a word. */
export function confidenceWord(confidence: number): string {
  if (confidence >= 0.75) return 'good';
  if (confidence >= 0.4) return 'fair';
  return confidence > 0 ? 'poor' : 'none';
}

export function sumOf(outcomes: readonly Outcome[]): Outcome {
  return outcomes.reduce(
    (sum, one) => ({
      switches: sum.switches + one.switches,
      outOfSlaSeconds: sum.outOfSlaSeconds + one.outOfSlaSeconds,
      downSeconds: sum.downSeconds + one.downSeconds,
    }),
    { switches: 0, outOfSlaSeconds: 0, downSeconds: 0 },
  );
}
