/**
 * What a policy does with the packets it matches: the words that controller, edge and forwarder share. Plain values.
 */

/** Bounds that a path has to meet in both directions; null: not asked for. */
export interface SlaClass {
  readonly id: string;
  readonly name: string;
  /** Round trip, ms. */
  readonly roundTripMs: number | null;
  /** Interarrival jitter (RFC 3550 §6.4.1) of the worse direction, ms. */
  readonly jitterMs: number | null;
  /** Packets lost of those sent, 0…1, of the worse direction. */
  readonly loss: number | null;
  /** Least mean opinion score (G.107 simplified), 1…4.5. */
  readonly mos: number | null;
}

/**
 * Which of the paths that meet the SLA class is taken. Labels are those of the own site's uplinks. While none meets it,
 * the one that misses it least; a path that is down never.
 */
export type PathPreference =
  /** The best by the SLA class's own measures. */
  | { readonly mode: 'best' }
  /** The first label in this order; uplinks that are not named come last. */
  | { readonly mode: 'ordered'; readonly labels: readonly string[] }
  /** The lowest cost. */
  | { readonly mode: 'cheapest' }
  /** Flows are spread over the labels by weight, each flow on one path. */
  | { readonly mode: 'balance'; readonly weights: readonly { readonly label: string; readonly weight: number }[] }
  /** Every packet over the two best, the first to arrive counts. */
  | { readonly mode: 'duplicate' }
  /** Over the best, with parity packets as the measured loss asks for; slow flows are duplicated instead. */
  | { readonly mode: 'fec' };

/** `breakout`: out to the internet at this site, behind the uplink's own address. */
export type PolicyAction = 'allow' | 'deny' | 'breakout';

/** Which goes first on an uplink that is full. */
export const priorities = ['realtime', 'high', 'normal', 'bulk'] as const;
export type Priority = (typeof priorities)[number];

/** One way of choosing paths. Policies that want the same share it, so that there are few path groups. */
export interface Treatment {
  readonly id: string;
  readonly slaClassId: string | null;
  readonly path: PathPreference;
}

/** What no policy matches, or whose policy asks for nothing: the cheapest path, whatever it measures. */
export const DEFAULT_TREATMENT: Treatment = { id: 'default', slaClassId: null, path: { mode: 'cheapest' } };

/** How an application is known: any of these. Names also match what is below them. */
export interface Application {
  readonly id: string;
  readonly name: string;
  readonly ports: readonly { readonly protocol: 6 | 17; readonly first: number; readonly last: number }[];
  readonly prefixes: readonly string[];
  /** Domain names: `zoom.us` also stands for `eu01web.zoom.us`. */
  readonly names: readonly string[];
}

/** Figures of path choice that differ from the usual: `Thresholds` of @patronus/steering, which says what each means. */
export interface SteeringFigures {
  readonly holdMs?: number | undefined;
  readonly longestHoldMs?: number | undefined;
  readonly forgiveMs?: number | undefined;
  readonly mostReturns?: number | undefined;
  readonly returnWindowMs?: number | undefined;
  readonly leastGainMs?: number | undefined;
  readonly leastGainRatio?: number | undefined;
  readonly leastRelief?: number | undefined;
  readonly dwellMs?: number | undefined;
  readonly recoveryMs?: number | undefined;
  readonly suspicionMs?: number | undefined;
  readonly confidence?: number | undefined;
  readonly lossReports?: number | undefined;
  readonly delayReports?: number | undefined;
}

/** How often tunnels are asked whether they work (RFC 5880), ms; down after `multiplier` without an answer. */
export interface BfdTimers {
  readonly intervalMs: number;
  /** On tunnels that carry a policy of priority `realtime`. */
  readonly realtimeIntervalMs: number;
  /** On tunnels that carried nothing for a while. */
  readonly idleIntervalMs: number;
  readonly multiplier: number;
  /** Whether a tunnel that falls silent while it was talking is left before BFD knows. */
  readonly suspectsSilence: boolean;
}
export const DEFAULT_BFD: BfdTimers = {
  intervalMs: 300,
  realtimeIntervalMs: 100,
  idleIntervalMs: 1_000,
  multiplier: 3,
  suspectsSilence: true,
};
