/** From answers and their absence to a state that does not flap. Pure. */

export interface HealthRules {
  /** Probes in a row without an answer, and it is down. */
  readonly lostForDown: number;
  /** Answers in a row, and it is up again, if it has been down for as long as it is held. */
  readonly answersForUp: number;
  /** How long it stays down at least, after it has been up for a while. */
  readonly leastHoldMs: number;
  /** The hold doubles up to this each time it goes down before `calmMs` have passed. */
  readonly mostHoldMs: number;
  readonly calmMs: number;
}

export type HealthState = 'up' | 'down' | 'unknown';

export interface Health {
  readonly state: HealthState;
  readonly sinceMs: number;
  readonly lostInARow: number;
  readonly answersInARow: number;
  readonly holdMs: number;
  readonly hasBeenDown: boolean;
  /** Smoothed as RFC 6298 §2 does; null before the first answer. */
  readonly roundTripUs: number | null;
  /** Of the last 32 probes, one bit each: 1 was lost. */
  readonly recent: number;
  readonly probes: number;
}

export function newHealth(rules: HealthRules, nowMs: number): Health {
  return {
    ...{ state: 'unknown', sinceMs: nowMs, lostInARow: 0, answersInARow: 0, holdMs: rules.leastHoldMs },
    ...{ hasBeenDown: false, roundTripUs: null, recent: 0, probes: 0 },
  };
}

export function answered(health: Health, rules: HealthRules, roundTripUs: number, nowMs: number): Health {
  const answersInARow = health.answersInARow + 1;
  const smoothed =
    health.roundTripUs === null ? roundTripUs : health.roundTripUs + (roundTripUs - health.roundTripUs) / 8;
  const next = { ...count(health, false), answersInARow, lostInARow: 0, roundTripUs: Math.round(smoothed) };
  if (health.state === 'unknown') return { ...next, state: 'up', sinceMs: nowMs };
  const isHeld = nowMs - health.sinceMs < health.holdMs;
  const isBack = health.state === 'down' && answersInARow >= rules.answersForUp && !isHeld;
  return isBack ? { ...next, state: 'up', sinceMs: nowMs } : next;
}

export function lost(health: Health, rules: HealthRules, nowMs: number): Health {
  const lostInARow = health.lostInARow + 1;
  const next = { ...count(health, true), lostInARow, answersInARow: 0 };
  if (health.state === 'down' || lostInARow < rules.lostForDown) return next;
  // Leaving is never delayed; coming back is, and longer each time it did not last.
  const flapped = health.hasBeenDown && health.state === 'up' && nowMs - health.sinceMs < rules.calmMs;
  const holdMs = flapped ? Math.min(rules.mostHoldMs, health.holdMs * 2) : rules.leastHoldMs;
  return { ...next, state: 'down', sinceMs: nowMs, holdMs, hasBeenDown: true };
}

/** Of the last probes, 32 at most; null before the first. */
export function lossOf({ recent, probes }: Health): number | null {
  const window = Math.min(32, probes);
  let bits = 0;
  for (let rest = recent; rest !== 0; rest >>>= 1) bits += rest & 1;
  return window === 0 ? null : bits / window;
}

function count(health: Health, isLost: boolean): Health {
  return { ...health, probes: health.probes + 1, recent: ((health.recent << 1) | (isLost ? 1 : 0)) >>> 0 };
}
