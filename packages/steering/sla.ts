/** Whether a tunnel keeps a treatment's bounds in the direction that this edge sends, and by how much it misses them. */
import { lasts, median, noReports, provenLoss, type Reports } from './evidence.ts';
import { meanOpinionScore } from './measurement/mos.ts';
import type { Sample, SlaBounds } from './model.ts';
import type { Thresholds } from './thresholds.ts';

/** What a path is judged by: the middle of its latest reports. Null: not known. */
export interface Measures {
  readonly roundTripUs: number | null;
  readonly jitterUs: number | null;
  readonly loss: number | null;
  readonly mos: number | null;
}

export const unmeasured: Measures = { roundTripUs: null, jitterUs: null, loss: null, mos: null };

/** A direction counts as the one that grew if it grew by so much more, µs: less may be the clocks. */
const TELLING_US = 5_000;

export function measuresOf({ recent }: Reports): Measures {
  const roundTripUs = median(recent.map((sample) => sample.roundTripUs));
  const jitterUs = median(recent.map(({ outgoing }) => outgoing?.jitterUs ?? null));
  const loss = recent.findLast(({ outgoing }) => outgoing !== null)?.outgoing?.loss ?? null;
  const mos = roundTripUs === null ? null : opinionScore(roundTripUs, jitterUs, loss);
  return { roundTripUs, jitterUs, loss, mos };
}

/**
 * The bound that the evidence proves to be broken by what this edge sends, in words; undefined: none. A round trip that
 * is too long counts unless the way back grew and this way did not: then the other end has to move, and alone.
 */
export function convict(reports: Reports, sla: SlaBounds, thresholds: Thresholds): string | undefined {
  const { roundTripMs, jitterMs, loss, mos } = sla;
  const proven = loss === null ? undefined : provenLoss(reports, loss, thresholds);
  if (loss !== null && proven !== undefined) {
    const found = percent(proven.share);
    const said = proven.isOverall ? `lost ${found} over the last half minute` : `loses ${found}`;
    return `${said} where ${percent(loss)} is allowed`;
  }
  if (roundTripMs !== null && lasts(reports, (one) => isTooFar(one, roundTripMs), thresholds)) {
    return `round trip ${milliseconds(measuresOf(latest(reports, thresholds)).roundTripUs)} where ${roundTripMs} ms is allowed`;
  }
  if (jitterMs !== null && lasts(reports, ({ outgoing }) => (outgoing?.jitterUs ?? 0) > jitterMs * 1_000, thresholds)) {
    return `jitter ${milliseconds(measuresOf(latest(reports, thresholds)).jitterUs)} where ${jitterMs} ms is allowed`;
  }
  if (mos !== null && lasts(reports, (one) => opinionOf(one) < mos && !isTheirs(one, 0), thresholds)) {
    return `opinion score ${opinionOf(reports.recent.at(-1)!).toFixed(2)} where ${mos} is asked for`;
  }
  return undefined;
}

function latest({ recent }: Reports, { delayReports }: Thresholds): Reports {
  return { ...noReports, recent: recent.slice(-delayReports) };
}

function isTooFar(sample: Sample, boundMs: number): boolean {
  const excessUs = (sample.roundTripUs ?? 0) - boundMs * 1_000;
  return excessUs > 0 && !isTheirs(sample, excessUs);
}

/** Whether it is the way back that grew. Where it cannot be told, both ends move. */
function isTheirs({ outgoing, incoming }: Sample, excessUs: number): boolean {
  const difference = (incoming?.delayChangeUs ?? 0) - (outgoing?.delayChangeUs ?? 0);
  return difference >= Math.max(TELLING_US, excessUs / 2);
}

function opinionOf({ roundTripUs, outgoing }: Sample): number {
  if (roundTripUs === null) return 5;
  return opinionScore(roundTripUs, outgoing?.jitterUs ?? null, outgoing?.loss ?? null);
}

/** Half of the round trip stands for the way there: one way alone cannot be measured. */
function opinionScore(roundTripUs: number, jitterUs: number | null, loss: number | null): number {
  return meanOpinionScore(roundTripUs / 2_000, (jitterUs ?? 0) / 1_000, loss ?? 0);
}

/** How far beyond its bounds a path is: 1 is on the bound, 2 twice as much; 0 where nothing is known. */
export function missRatio(measures: Measures, sla: SlaBounds): number {
  const { roundTripUs, jitterUs, loss, mos } = measures;
  return Math.max(
    ratio(roundTripUs, sla.roundTripMs === null ? null : sla.roundTripMs * 1_000),
    ratio(jitterUs, sla.jitterMs === null ? null : sla.jitterMs * 1_000),
    ratio(loss, sla.loss),
    mos === null || sla.mos === null ? 0 : (5 - mos) / (5 - sla.mos),
  );
}

function ratio(measured: number | null, bound: number | null): number {
  if (measured === null || bound === null) return 0;
  // No loss at all is allowed: one in ten thousand counts as once beyond.
  return measured / Math.max(bound, 0.0001);
}

/**
 * What a path costs a conversation, in ms, by the measures that its class asks for; null: not measured. A percent of loss
 * counts as 10 ms, which is what concealing or repeating it takes away; jitter twice, which is the buffer it needs.
 */
export function scoreMs(measures: Measures, sla: SlaBounds | null): number | null {
  const { roundTripUs, jitterUs, loss, mos } = measures;
  if (roundTripUs === null) return null;
  const asksForDelay =
    sla === null || sla.roundTripMs !== null || (sla.jitterMs === null && sla.loss === null && sla.mos === null);
  let score = asksForDelay ? roundTripUs / 1_000 : 0;
  if (sla?.jitterMs != null) score += (2 * (jitterUs ?? 0)) / 1_000;
  if (sla?.loss != null) score += (loss ?? 0) * 1_000;
  if (sla?.mos != null) score += (5 - (mos ?? 5)) * 100;
  return score;
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(share < 0.01 ? 2 : 1))} %`;
}

export function milliseconds(us: number | null): string {
  return us === null ? 'unknown' : `${(us / 1_000).toFixed(1)} ms`;
}
