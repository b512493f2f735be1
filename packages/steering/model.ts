/** What steering knows and says. Plain values that survive JSON, so that an outage can be recorded and replayed. */

export type TunnelState = 'up' | 'down' | 'connecting';

/** A tunnel that traffic to a remote edge may use. */
export interface SteeredTunnel {
  readonly id: string;
  readonly edgeId: string;
  /** Sum of both uplinks' costs: lower is preferred while both are up. */
  readonly cost: number;
}

export interface SteeringConfiguration {
  readonly tunnels: readonly SteeredTunnel[];
  /** Among tunnels of equal cost that are up, a shorter round trip wins only if it gains both of these. */
  readonly leastGainMs: number;
  /** 0…1 of the present round trip. */
  readonly leastGainRatio: number;
  /** Decisions kept; the oldest goes first. */
  readonly ledgerSize: number;
}

/** Good for a start: a change of path reorders packets, so that a small gain is not worth it. */
export const defaultThresholds = { leastGainMs: 20, leastGainRatio: 0.1, ledgerSize: 200 } as const;

/** `atMs` is monotonic, of whoever observed it. */
export type SteeringEvent =
  | { readonly type: 'configured'; readonly atMs: number }
  | { readonly type: 'tunnelState'; readonly atMs: number; readonly tunnelId: string; readonly state: TunnelState }
  | { readonly type: 'measured'; readonly atMs: number; readonly roundTrips: readonly RoundTrip[] };

export interface RoundTrip {
  readonly tunnelId: string;
  readonly roundTripUs: number;
}

export interface ObservedTunnel {
  readonly state: TunnelState;
  readonly roundTripUs: number | null;
}

/** To this edge, through the first of these tunnels that is up. */
export interface PathGroup {
  readonly edgeId: string;
  readonly tunnelIds: readonly string[];
}

/** Why the first tunnel of a group is the first. */
export type Reason =
  | 'only tunnel'
  | 'only one up'
  | 'lowest cost'
  | 'shorter round trip'
  /** Of the same cost and no farther: the one that stood before the others. */
  | 'first among equals'
  | 'kept'
  | 'none up';

export interface Loser {
  readonly tunnelId: string;
  readonly why: string;
}

export interface Decision {
  readonly atMs: number;
  readonly generation: number;
  readonly edgeId: string;
  /** The tunnel that leads the group; null while none is up. */
  readonly chosen: string | null;
  readonly previous: string | null;
  readonly reason: Reason;
  readonly losers: readonly Loser[];
}

export interface SteeringState {
  /** Raised by one with every change of any group. */
  readonly generation: number;
  /** One for each remote edge, sorted by edge. */
  readonly groups: readonly PathGroup[];
  readonly observed: Readonly<Record<string, ObservedTunnel>>;
  readonly ledger: readonly Decision[];
}
