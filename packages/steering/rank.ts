/** The order of one edge's tunnels: up first, then cost, then what is in use, then a clearly shorter round trip. */
import type { Loser, ObservedTunnel, Reason, SteeredTunnel, SteeringConfiguration } from './model.ts';

export interface Candidate extends SteeredTunnel, ObservedTunnel {}

type Thresholds = Pick<SteeringConfiguration, 'leastGainMs' | 'leastGainRatio'>;

export interface Ranking {
  readonly tunnelIds: readonly string[];
  readonly reason: Reason;
  readonly losers: readonly Loser[];
}

/**
 * Orders candidates. `previous` is the present order: between tunnels of the same standing the earlier one stays
 * ahead unless another gains `leastGainMs` and `leastGainRatio`. Never empty-handed: tunnels that are down come last.
 */
export function rank(candidates: readonly Candidate[], previous: readonly string[], thresholds: Thresholds): Ranking {
  const incumbency = new Map(previous.map((id, index) => [id, index]));
  const inOrder = [...candidates].sort(
    (a, b) =>
      standing(a) - standing(b) ||
      a.cost - b.cost ||
      (incumbency.get(a.id) ?? Number.MAX_SAFE_INTEGER) - (incumbency.get(b.id) ?? Number.MAX_SAFE_INTEGER) ||
      (a.roundTripUs ?? Number.MAX_SAFE_INTEGER) - (b.roundTripUs ?? Number.MAX_SAFE_INTEGER) ||
      (a.id < b.id ? -1 : 1),
  );
  const ordered: Candidate[] = [];
  while (inOrder.length > 0) ordered.push(takeNext(inOrder, thresholds));
  return {
    tunnelIds: ordered.map(({ id }) => id),
    reason: reasonFor(ordered, previous),
    losers: ordered.slice(1).map((loser) => ({ tunnelId: loser.id, why: whyNot(ordered[0]!, loser) })),
  };
}

/** Removes and gives the best of those left: the first, unless one of its equals is clearly nearer. */
function takeNext(inOrder: Candidate[], thresholds: Thresholds): Candidate {
  const incumbent = inOrder[0]!;
  let best = 0;
  for (const [index, challenger] of inOrder.entries()) {
    const isEqual = standing(challenger) === standing(incumbent) && challenger.cost === incumbent.cost;
    if (!isEqual || !gainsEnough(incumbent, challenger, thresholds)) continue;
    if (best === 0 || challenger.roundTripUs! < inOrder[best]!.roundTripUs!) best = index;
  }
  return inOrder.splice(best, 1)[0]!;
}

function gainsEnough(present: Candidate, challenger: Candidate, thresholds: Thresholds): boolean {
  if (present.roundTripUs === null || challenger.roundTripUs === null) return false;
  const gainUs = present.roundTripUs - challenger.roundTripUs;
  return gainUs >= thresholds.leastGainMs * 1_000 && gainUs >= present.roundTripUs * thresholds.leastGainRatio;
}

/** A tunnel that is still connecting may come up any moment; one that is down just failed. */
function standing({ state }: ObservedTunnel): number {
  return { up: 0, connecting: 1, down: 2 }[state];
}

function reasonFor(ordered: readonly Candidate[], previous: readonly string[]): Reason {
  const [first, ...others] = ordered;
  if (first === undefined || first.state !== 'up') return 'none up';
  if (others.length === 0) return 'only tunnel';
  const rivals = others.filter(({ state }) => state === 'up');
  if (rivals.length === 0) return 'only one up';
  const equals = rivals.filter(({ cost }) => cost === first.cost);
  if (equals.length === 0) return 'lowest cost';
  if (previous[0] === first.id) return 'kept';
  return equals.every((other) => isNearer(first, other)) ? 'shorter round trip' : 'first among equals';
}

function isNearer(one: Candidate, other: Candidate): boolean {
  return one.roundTripUs !== null && other.roundTripUs !== null && one.roundTripUs < other.roundTripUs;
}

function whyNot(winner: Candidate, loser: Candidate): string {
  if (loser.state !== 'up') return loser.state === 'down' ? 'down' : 'not up yet';
  if (loser.cost !== winner.cost) return `cost ${loser.cost} against ${winner.cost}`;
  if (loser.roundTripUs === null || winner.roundTripUs === null) return 'not measured yet';
  const difference = (loser.roundTripUs - winner.roundTripUs) / 1_000;
  if (difference >= 0) return `round trip ${difference.toFixed(1)} ms longer`;
  return `round trip only ${(-difference).toFixed(1)} ms shorter: not worth a switch`;
}
