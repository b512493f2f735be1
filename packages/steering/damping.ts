/**
 * What keeps traffic from flapping: a path that failed is trusted again after it was sound for a while, longer each
 * time; and an uplink that keeps failing gets traffic back a few times a minute at most. None of it delays leaving a
 * path that is down.
 */
import type { Flaps, ObservedTunnel, ObservedUplink, SteeredTunnel, Verdict } from './model.ts';
import type { Thresholds } from './thresholds.ts';

/** More say nothing: the hold is at its longest, and one clean hour more to forgive is enough. */
const HIGHEST_LEVEL = 16;

/** One more failure. */
export function failAgain(flaps: Flaps | null | undefined, atMs: number, thresholds: Thresholds): Flaps {
  return { level: Math.min(highestLevel(thresholds), levelOf(flaps, atMs, thresholds) + 1), atMs };
}

/** Failures that still count: each clean `forgiveMs` takes one away, and so halves the hold. */
export function levelOf(flaps: Flaps | null | undefined, atMs: number, { forgiveMs }: Thresholds): number {
  if (flaps === null || flaps === undefined) return 0;
  return Math.max(0, flaps.level - Math.floor((atMs - flaps.atMs) / forgiveMs));
}

/** How long a path has to be sound after so many failures, ms. */
export function holdOf(level: number, { holdMs, longestHoldMs }: Thresholds): number {
  return level === 0 ? 0 : Math.min(longestHoldMs, holdMs * 2 ** (level - 1));
}

function highestLevel({ holdMs, longestHoldMs }: Thresholds): number {
  for (let level = 1; level < HIGHEST_LEVEL; level++) if (holdMs * 2 ** (level - 1) >= longestHoldMs) return level;
  return HIGHEST_LEVEL;
}

export interface Trust {
  /** When it will have been sound for long enough; at or before now: trusted. */
  readonly trustedAtMs: number;
  readonly level: number;
  /** Since when it was sound. */
  readonly soundSinceMs: number;
}

/** A tunnel that is up, as one treatment trusts it. */
export function trustOf(
  tunnel: ObservedTunnel,
  verdict: Verdict | undefined,
  atMs: number,
  thresholds: Thresholds,
): Trust {
  const downs = levelOf(tunnel.flaps, atMs, thresholds);
  const violations = levelOf(verdict?.flaps, atMs, thresholds);
  // Sound since it came up, and since it was last seen to break a bound.
  const afterDown = downs === 0 ? 0 : tunnel.sinceMs + holdOf(downs, thresholds);
  const afterViolation = violations === 0 ? 0 : verdict!.convictedMs + holdOf(violations, thresholds);
  const soundSinceMs = Math.max(tunnel.sinceMs, violations === 0 ? 0 : verdict!.convictedMs);
  return { trustedAtMs: Math.max(afterDown, afterViolation), level: Math.max(downs, violations), soundSinceMs };
}

type Uplinks = Readonly<Record<string, ObservedUplink>>;
type Ends = Pick<SteeredTunnel, 'uplinkId' | 'remoteUplinkId'>;

const endsOf = ({ uplinkId, remoteUplinkId }: Ends) => [uplinkId, remoteUplinkId];

/** A tunnel failed: either of its uplinks may be the cause. */
export function noteTrouble(uplinks: Uplinks, tunnel: Ends, atMs: number): Uplinks {
  const noted = { ...uplinks };
  for (const id of endsOf(tunnel)) noted[id] = { troubleMs: atMs, returns: uplinks[id]?.returns ?? [] };
  return noted;
}

/** Traffic moves onto a tunnel. The first move onto an uplink after a failure of it is a return; those with it are free. */
export function noteArrival(uplinks: Uplinks, tunnel: Ends, atMs: number, { mostReturns }: Thresholds): Uplinks {
  const noted = { ...uplinks };
  for (const id of endsOf(tunnel)) {
    const known = noted[id];
    if (known === undefined || !isReturn(known)) continue;
    noted[id] = { ...known, returns: [...known.returns, atMs].slice(-Math.max(1, mostReturns)) };
  }
  return noted;
}

/** When a move onto this tunnel is no longer one too many; at or before now: it may be. */
export function returnableAt(uplinks: Uplinks, tunnel: Ends, { mostReturns, returnWindowMs }: Thresholds): number {
  const times = endsOf(tunnel).map((id) => {
    const known = uplinks[id];
    if (known === undefined || !isReturn(known) || known.returns.length < mostReturns) return 0;
    return known.returns.at(-mostReturns)! + returnWindowMs;
  });
  return Math.max(...times);
}

/** Until when each of its uplinks is suspected, for a failure beside it while it was up: [own, far]; 0: it is not. */
export function suspectedUntil(
  uplinks: Uplinks,
  tunnel: Ends,
  upSinceMs: number,
  { suspicionMs }: Thresholds,
): number[] {
  return endsOf(tunnel).map((id) => {
    const troubleMs = uplinks[id]?.troubleMs;
    return troubleMs === undefined || troubleMs < upSinceMs ? 0 : troubleMs + suspicionMs;
  });
}

function isReturn({ troubleMs, returns }: ObservedUplink): boolean {
  const last = returns.at(-1);
  return last === undefined || troubleMs >= last;
}
