/** What steering is told and what it says. Plain values that survive JSON, so that an outage can be recorded and replayed. */
import type { Thresholds } from './thresholds.ts';

export type TunnelState = 'up' | 'down' | 'connecting';

/** A tunnel that traffic to a remote edge may use. */
export interface SteeredTunnel {
  readonly id: string;
  readonly edgeId: string;
  /** Sum of both uplinks' costs: lower is preferred by `cheapest`. */
  readonly cost: number;
  /** Label of this edge's uplink: what path preferences name. */
  readonly label: string;
  readonly remoteLabel: string;
  readonly uplinkId: string;
  readonly remoteUplinkId: string;
  /** An uplink or the edge at its far end is being taken out of service. */
  readonly isDrained: boolean;
  /** Of its outer packets; only to tell two tunnels of the same uplinks apart in words. */
  readonly family?: 4 | 6;
  readonly bitsPerSecond?: number;
}

/** Bounds of an SLA class; null: not asked for. Equal to those of @patronus/fabric, which lies in a layer of its own. */
export interface SlaBounds {
  readonly roundTripMs: number | null;
  readonly jitterMs: number | null;
  /** 0…1. */
  readonly loss: number | null;
  /** Least mean opinion score, 1…4.5. */
  readonly mos: number | null;
}

export type PathPreference =
  | { readonly mode: 'best' }
  | { readonly mode: 'ordered'; readonly labels: readonly string[] }
  | { readonly mode: 'cheapest' }
  | { readonly mode: 'balance'; readonly weights: readonly { readonly label: string; readonly weight: number }[] }
  | { readonly mode: 'duplicate' }
  | { readonly mode: 'fec' };

/** One way of choosing paths. */
export interface SteeredTreatment {
  readonly id: string;
  readonly sla: SlaBounds | null;
  readonly path: PathPreference;
}

/** What flows take whose policy asks for nothing. Steering adds it where it is not listed. */
export const DEFAULT_TREATMENT: SteeredTreatment = { id: 'default', sla: null, path: { mode: 'cheapest' } };

export interface ConfigurationVersion {
  readonly epoch: number;
  readonly sequence: number;
}

export interface SteeringConfiguration {
  /** Names what is in force in every decision: the SHA-256 of the signed bytes, hex. */
  readonly hash: string;
  readonly version: ConfigurationVersion;
  readonly tunnels: readonly SteeredTunnel[];
  readonly treatments: readonly SteeredTreatment[];
  readonly thresholds: Thresholds;
}

/** One direction of a tunnel, over the report's window. */
export interface DirectionQuality {
  /** What the loss is a part of. */
  readonly packets: number;
  /** 0…1. */
  readonly loss: number;
  readonly jitterUs: number;
  /** One-way delay above the least that was seen lately. */
  readonly delayChangeUs: number;
}

export interface QualityReport {
  readonly id: string;
  readonly roundTripUs: number | null;
  /** From this edge to the other; null: the other end has not said. */
  readonly outgoing: DirectionQuality | null;
  readonly incoming: DirectionQuality | null;
}

/** Who hears nothing: this end, or the other one, which said so. */
export type SilenceWitness = 'silence' | 'otherEnd';

/** `atMs` is monotonic, of whoever observed it; a time before the last one's counts as the last one's. */
export type SteeringEvent =
  /** The configuration that comes along is new. */
  | { readonly type: 'configured'; readonly atMs: number }
  | {
      readonly type: 'tunnelState';
      readonly atMs: number;
      readonly tunnelId: string;
      readonly state: TunnelState;
      /** In words. */
      readonly reason?: string;
    }
  | { readonly type: 'measured'; readonly atMs: number; readonly tunnels: readonly QualityReport[] }
  /** A tunnel that is up fell silent while it was talking, as this end or the other one says; or that is over. */
  | {
      readonly type: 'suspected';
      readonly atMs: number;
      readonly tunnelId: string;
      readonly isSuspected: boolean;
      readonly by: SilenceWitness;
    }
  /** A host of the remote edge's LAN answers through the tunnels, or does not. */
  | { readonly type: 'reach'; readonly atMs: number; readonly edgeId: string; readonly isReachable: boolean }
  /** Time passed: see `deadline`. */
  | { readonly type: 'tick'; readonly atMs: number };

export type GroupMode = 'single' | 'balance' | 'duplicate' | 'fec';

/** Flows of this treatment to this edge go through these tunnels. */
export interface PathGroup {
  readonly treatment: string;
  readonly edgeId: string;
  /** All there are, by preference. Of those that are up: `single` uses the first, `duplicate` and `fec` the first two. */
  readonly tunnelIds: readonly string[];
  readonly mode: GroupMode;
  /** `balance`: one for each of `tunnelIds`, 1…100; 0 stands by. Else empty. */
  readonly weights: readonly number[];
  /** What is used now; empty: nothing is up. */
  readonly chosen: readonly string[];
}

/** Why a group changed. Stable words. */
export type Rule =
  /** A new group, or a changed configuration. */
  | 'configured'
  /** The first path came up. */
  | 'first-up'
  | 'down'
  | 'none-up'
  /** It fell silent while it was talking: away before BFD knows. */
  | 'silent'
  | 'drained'
  | 'sla-violated'
  /** All violate their bounds; this one least. */
  | 'misses-least'
  /** Back to a preferred path that had failed and has been sound for long enough. */
  | 'failback'
  | 'lower-cost'
  | 'preferred-label'
  /** Measures better by enough. */
  | 'better'
  /** What carries traffic beside the first: the second of two, or who shares in a balance. */
  | 'members'
  /** What carries traffic stays; the order of those standing by changed. */
  | 'standby-order';

export interface Candidate {
  readonly tunnelId: string;
  /** 1 is the first. */
  readonly rank: number;
  readonly state: TunnelState;
  /** Null: no bounds are asked for, or nothing is measured. */
  readonly meetsSla: boolean | null;
  readonly roundTripUs: number | null;
  /** Outgoing, 0…1. */
  readonly loss: number | null;
  readonly jitterUs: number | null;
  readonly mos: number | null;
  readonly cost: number;
  /** Why it is not the first; why it is. */
  readonly why: string;
}

/** One change of a group, with all that led to it. */
export interface Decision {
  /** Counts up by one, never used twice by an edge. */
  readonly number: number;
  readonly atMs: number;
  readonly generation: number;
  readonly treatment: string;
  readonly edgeId: string;
  /** What is used from now on; empty: nothing is up. */
  readonly chosen: readonly string[];
  readonly previous: readonly string[];
  readonly rule: Rule;
  /** One sentence for a person. */
  readonly reason: string;
  readonly candidates: readonly Candidate[];
  readonly configurationHash: string;
  readonly configurationVersion: ConfigurationVersion;
}

/** A report as it is kept. */
export interface Sample {
  readonly atMs: number;
  readonly roundTripUs: number | null;
  readonly outgoing: DirectionQuality | null;
  readonly incoming: DirectionQuality | null;
}

/** How often something failed lately: `level` halves the trust each time, and decays by one with each clean hour. */
export interface Flaps {
  readonly level: number;
  /** The last failure. */
  readonly atMs: number;
}

/** Whether a tunnel keeps one treatment's bounds. */
export interface Verdict {
  /** Last time that the evidence convicted it. */
  readonly convictedMs: number;
  /** Which bound, with figures. */
  readonly why: string;
  readonly flaps: Flaps;
}

export interface ObservedTunnel {
  readonly state: TunnelState;
  readonly sinceMs: number;
  readonly reason: string;
  /** Times it went down. */
  readonly flaps: Flaps | null;
  /** Who says that it fell silent while it was talking; absent: nobody. */
  readonly silentBy?: readonly SilenceWitness[];
  /** The latest reports, oldest first. They may overlap. */
  readonly recent: readonly Sample[];
  /** Some of the last half minute's, far enough apart not to overlap. */
  readonly spaced: readonly Sample[];
  /** By treatment; absent: never convicted. */
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

/** An uplink of either end, and how often traffic came back to it. */
export interface ObservedUplink {
  readonly troubleMs: number;
  /** The latest returns, oldest first. */
  readonly returns: readonly number[];
}

export interface GroupState extends PathGroup {
  readonly changedMs: number;
  /** The last move that only a better measurement asked for. */
  readonly improvedMs: number | null;
  /** When time alone may change it; null: never. */
  readonly dueMs: number | null;
}

export interface SteeringState {
  /** The latest event's time. */
  readonly atMs: number;
  /** Raised by one with every event that changed a group. */
  readonly generation: number;
  /** Of the last decision; start from the highest there ever was. */
  readonly decisionNumber: number;
  /** Sorted by treatment, then edge. */
  readonly groups: readonly GroupState[];
  readonly tunnels: Readonly<Record<string, ObservedTunnel>>;
  readonly uplinks: Readonly<Record<string, ObservedUplink>>;
  /** Edges whose LAN does not answer. */
  readonly unreachable: readonly string[];
}

export const initialState: SteeringState = {
  atMs: 0,
  generation: 0,
  decisionNumber: 0,
  groups: [],
  tunnels: {},
  uplinks: {},
  unreachable: [],
};
