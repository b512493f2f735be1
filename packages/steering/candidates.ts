/** The tunnels to one edge as one treatment sees them at one moment. */
import { returnableAt, suspectedUntil, trustOf } from './damping.ts';
import type { ObservedTunnel, SteeredTreatment, SteeredTunnel, SteeringState } from './model.ts';
import { type Measures, measuresOf, missRatio, scoreMs } from './sla.ts';
import type { Thresholds } from './thresholds.ts';

export interface Contender {
  readonly tunnel: SteeredTunnel;
  readonly observed: ObservedTunnel;
  readonly isUp: boolean;
  /** Up as far as BFD knows, and silent while it was talking. */
  readonly isSilent: boolean;
  readonly isDrained: boolean;
  /** Which bound it breaks; null: none that is known of. */
  readonly violation: string | null;
  /** When it will no longer count as breaking it, if nothing more is seen. */
  readonly acquittedAtMs: number;
  readonly measures: Measures;
  readonly missRatio: number;
  readonly scoreMs: number | null;
  /** Lower is preferred, before anything is measured: a cost, or the place of its label. */
  readonly preference: number;
  /** Failures that still count. */
  readonly level: number;
  readonly trustedAtMs: number;
  readonly soundSinceMs: number;
  /** How many of its uplinks just failed beside it, and until when that counts. */
  readonly suspicion: number;
  readonly suspectUntilMs: number;
  readonly returnableAtMs: number;
}

export function contend(
  tunnel: SteeredTunnel,
  observed: ObservedTunnel,
  treatment: SteeredTreatment,
  state: Pick<SteeringState, 'uplinks'>,
  atMs: number,
  thresholds: Thresholds,
): Contender {
  const { sla } = treatment;
  const verdict = observed.verdicts[treatment.id];
  const measures = measuresOf(observed);
  const acquittedAtMs = verdict === undefined ? 0 : verdict.convictedMs + thresholds.recoveryMs;
  const { level, trustedAtMs, soundSinceMs } = trustOf(observed, verdict, atMs, thresholds);
  const suspectedEnds = suspectedUntil(state.uplinks, tunnel, observed.sinceMs, thresholds).filter(
    (until) => until > atMs,
  );
  return {
    tunnel,
    observed,
    isUp: observed.state === 'up',
    isSilent: observed.state === 'up' && observed.silentBy !== undefined,
    isDrained: tunnel.isDrained,
    violation: verdict !== undefined && acquittedAtMs > atMs ? verdict.why : null,
    acquittedAtMs,
    measures,
    missRatio: sla === null ? 0 : missRatio(measures, sla),
    scoreMs: scoreMs(measures, sla),
    preference: preferenceOf(tunnel, treatment),
    level,
    trustedAtMs,
    soundSinceMs,
    suspicion: suspectedEnds.length,
    suspectUntilMs: Math.max(0, ...suspectedEnds),
    returnableAtMs: returnableAt(state.uplinks, tunnel, thresholds),
  };
}

/** More than any cost: labels go first. */
const A_COST = 1e9;

/** Labels that are not named come last. */
function preferenceOf({ label, cost }: SteeredTunnel, { path }: SteeredTreatment): number {
  switch (path.mode) {
    case 'cheapest':
      return cost;
    case 'ordered': {
      const place = path.labels.indexOf(label);
      return (place < 0 ? path.labels.length : place) * A_COST + Math.min(cost, A_COST - 1);
    }
    case 'balance': {
      // Labels of one weight differ all the same: who is first among sharers is nothing to measure.
      const place = path.weights.findIndex((one) => one.label === label);
      return place < 0 ? A_COST : place * 0.001 - path.weights[place]!.weight;
    }
    default:
      return 0;
  }
}

/** Whether failures of it still count. */
export function isUnsteady(contender: Contender, atMs: number): boolean {
  return contender.trustedAtMs > atMs;
}

/**
 * The order in which they are taken when one has to be taken now: in service, not suspected, within their bounds, steady,
 * preferred, better measured, in use already. A total order.
 */
export function byWorth(previous: readonly string[], atMs: number): (a: Contender, b: Contender) => number {
  const byPlace = inPlace(previous);
  return (a, b) =>
    Number(a.isDrained) - Number(b.isDrained) ||
    a.suspicion - b.suspicion ||
    byClass(a, b) ||
    (a.violation === null ? 0 : a.missRatio - b.missRatio) ||
    unsteadiness(a, atMs) - unsteadiness(b, atMs) ||
    a.preference - b.preference ||
    (a.scoreMs ?? Number.MAX_SAFE_INTEGER) - (b.scoreMs ?? Number.MAX_SAFE_INTEGER) ||
    byPlace(a, b);
}

/**
 * The order of those that stand by: as far from the lead as there is, so that the packet path, when the lead fails, goes on
 * over what did not fail with it; and no figures that change with every report.
 */
export function byStanding(
  lead: Contender | null,
  previous: readonly string[],
  atMs: number,
): (a: Contender, b: Contender) => number {
  const byPlace = inPlace(previous);
  return (a, b) =>
    byClass(a, b) ||
    unsteadiness(a, atMs) - unsteadiness(b, atMs) ||
    sharedEnds(a, lead) - sharedEnds(b, lead) ||
    a.preference - b.preference ||
    byPlace(a, b);
}

/** Own uplinks fail together more often than far ones: sharing one weighs more. */
export function sharedEnds({ tunnel }: Contender, lead: Contender | null): number {
  if (lead === null) return 0;
  return (
    Number(tunnel.uplinkId === lead.tunnel.uplinkId) * 2 + Number(tunnel.remoteUplinkId === lead.tunnel.remoteUplinkId)
  );
}

function byClass(a: Contender, b: Contender): number {
  return Number(a.isDrained) - Number(b.isDrained) || Number(a.violation !== null) - Number(b.violation !== null);
}

/** A path that is down and has not failed often keeps its place: the packet path passes over it by itself. */
function unsteadiness(contender: Contender, atMs: number): number {
  return isUnsteady(contender, atMs) ? contender.level : 0;
}

function inPlace(previous: readonly string[]): (a: Contender, b: Contender) => number {
  const place = new Map(previous.map((id, index) => [id, index]));
  const placeOf = ({ tunnel }: Contender) => place.get(tunnel.id) ?? previous.length;
  return (a, b) => placeOf(a) - placeOf(b) || a.tunnel.cost - b.tunnel.cost || (a.tunnel.id < b.tunnel.id ? -1 : 1);
}
