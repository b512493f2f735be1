/** What reports prove: bounded memories of them, the loss that is certain, the delay that lasts. */
import type { DirectionQuality, QualityReport, Sample } from './model.ts';
import type { Thresholds } from './thresholds.ts';

/** 2 s of a tunnel with traffic, 0.8 s of one that may be getting worse. */
const RECENT = 8;
const SPACED = 15;

export interface Reports {
  readonly recent: readonly Sample[];
  readonly spaced: readonly Sample[];
}

export const noReports: Reports = { recent: [], spaced: [] };

/** Both memories with one more report. What is older than `staleMs` goes. */
export function remember(known: Reports, report: QualityReport, atMs: number, thresholds: Thresholds): Reports {
  const { reportWindowMs, staleMs } = thresholds;
  const sample = { atMs, roundTripUs: report.roundTripUs, ...directionsOf(report) };
  const isFresh = (one: Sample) => atMs - one.atMs <= staleMs;
  const spaced = known.spaced.filter(isFresh);
  const last = spaced.at(-1);
  const isApart = last === undefined || atMs - last.atMs >= reportWindowMs;
  return {
    recent: [...known.recent.filter(isFresh), sample].slice(-RECENT),
    spaced: isApart ? [...spaced, sample].slice(-SPACED) : spaced,
  };
}

/** Known fields alone, so that a recording holds what was gone by and nothing else. */
function directionsOf({ outgoing, incoming }: QualityReport): Pick<Sample, 'outgoing' | 'incoming'> {
  return { outgoing: copy(outgoing), incoming: copy(incoming) };
}

function copy(quality: DirectionQuality | null): DirectionQuality | null {
  if (quality === null) return null;
  const { packets, loss, jitterUs, delayChangeUs } = quality;
  return { packets, loss, jitterUs, delayChangeUs };
}

/**
 * The least share that is lost, 0…1, that so many of so many packets are compatible with: lower end of the Wilson score
 * interval (Wilson 1927), which stays sound for few packets and rare losses. `deviations`: how sure, in standard ones.
 */
export function certainLoss(lost: number, packets: number, deviations: number): number {
  if (packets <= 0 || lost <= 0) return 0;
  const share = Math.min(1, lost / packets);
  const squared = deviations * deviations;
  const middle = share + squared / (2 * packets);
  const half = deviations * Math.sqrt((share * (1 - share)) / packets + squared / (4 * packets * packets));
  return Math.max(0, (middle - half) / (1 + squared / packets));
}

/** 0…1, and whether it took the last half minute's reports together to show it. */
export interface ProvenLoss {
  readonly share: number;
  readonly isOverall: boolean;
}

/** Outgoing loss that is proven to be beyond `bound`: by each of the latest reports, or by the last half minute together. */
export function provenLoss(reports: Reports, bound: number, thresholds: Thresholds): ProvenLoss | undefined {
  const { confidence, lossReports } = thresholds;
  const isBeyond = (lost: number, packets: number) => certainLoss(lost, packets, confidence) > bound;
  const latest = reports.recent.slice(-lossReports);
  const isLatestBeyond = ({ outgoing }: Sample) =>
    outgoing !== null && isBeyond(outgoing.loss * outgoing.packets, outgoing.packets);
  if (latest.length === lossReports && latest.every(isLatestBeyond)) {
    return { share: latest.at(-1)!.outgoing!.loss, isOverall: false };
  }
  const told = reports.spaced.flatMap(({ outgoing }) => (outgoing === null ? [] : [outgoing]));
  // Losses of one moment are one event, however many they are.
  if (told.filter(({ loss }) => loss > bound).length < 2) return undefined;
  const [lost, packets] = [sum(told.map((one) => one.loss * one.packets)), sum(told.map((one) => one.packets))];
  return isBeyond(lost, packets) ? { share: lost / packets, isOverall: true } : undefined;
}

/** Whether each of the latest reports shows it: one late packet proves nothing. */
export function lasts(reports: Reports, isBad: (sample: Sample) => boolean, { delayReports }: Thresholds): boolean {
  const latest = reports.recent.slice(-delayReports);
  return latest.length === delayReports && latest.every(isBad);
}

/** Middle of what the latest reports say; null: nothing. */
export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return known.length === 0 ? null : known[Math.floor((known.length - 1) / 2)]!;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
