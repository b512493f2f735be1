/**
 * The model: what an organisation wants its network to be, as plain values. The controller keeps it in its database
 * and gives it whole to `compile` and `check`; nothing here knows of databases or sockets.
 */

import type { BgpIntent } from './bgp.ts';
import type {
  Application,
  BfdTimers,
  PathPreference,
  PolicyAction,
  Priority,
  SlaClass,
  SteeringFigures,
} from './treatment.ts';

/** An isolated routing domain; 0 is the default one. */
export type Segment = number;

export interface SegmentPrefix {
  readonly segment: Segment;
  /** Canonical text, `10.1.0.0/16`. */
  readonly prefix: string;
}

export interface SitePrefix extends SegmentPrefix {
  /** Declared shared with other sites: the site with the lowest number is preferred. Absent: this site's alone. */
  readonly sharedPreference?: number;
}

export interface Site {
  readonly id: string;
  readonly name: string;
  readonly prefixes: readonly SitePrefix[];
  /** A host or router of its LAN that other edges ask for a sign of life, through the tunnel; null: none. */
  readonly reachProbe?: string | null;
}

export interface Edge {
  readonly id: string;
  readonly name: string;
  readonly siteId: string;
  /** Host address inside the fabric, segment 0. */
  readonly overlayAddress: string;
  /** Enrolled and not revoked: only such an edge takes part in tunnels. */
  readonly isTrusted: boolean;
}

export interface Uplink {
  readonly id: string;
  readonly edgeId: string;
  /** `internet`, `lte`, `mpls`: what people call it. */
  readonly label: string;
  readonly interface: string;
  /** Uplinks reach each other only within one reachability domain. */
  readonly domain: string;
  /** Lower is preferred. */
  readonly cost: number;
  readonly port: number;
  /** What the line carries at most, if a person said so. */
  readonly bitsPerSecond?: number;
  /** Being taken out of service: new paths avoid it, and flows move away without loss. */
  readonly isDrained?: boolean;
  /** Addresses that are asked whether the internet is reached, where a policy breaks out; none: its gateway. */
  readonly probeTargets?: readonly string[];
  /** Base64; null until the edge has reported its key. */
  readonly publicKey: string | null;
  /** Candidates `address:port`: those a person gave first, then those the edge reported. */
  readonly endpoints: readonly string[];
}

/** A stock WireGuard peer that joins a site. */
export interface Peer {
  readonly id: string;
  readonly name: string;
  readonly siteId: string;
  readonly uplinkId: string;
  readonly publicKey: string;
  readonly presharedKey?: string;
  readonly allowed: readonly SegmentPrefix[];
}

/** Which packets belong to a policy: all that is given has to hold; nothing given holds for every packet. */
export interface TrafficMatch {
  readonly segment?: Segment;
  /** Any of these prefixes holds the source (destination). */
  readonly sources?: readonly string[];
  readonly destinations?: readonly string[];
  /** IP protocol number. */
  readonly protocol?: number;
  /** Source or destination port lies in one of these ranges, both ends included. */
  readonly ports?: readonly (readonly [number, number])[];
  /** Code points of RFC 2474. */
  readonly dscp?: readonly number[];
  /** Sites whose prefixes hold the source (destination) as well as the prefixes named. */
  readonly sourceSites?: readonly string[];
  readonly destinationSites?: readonly string[];
  /** Any of these applications: ids of the catalogue or of the organisation's own. */
  readonly applications?: readonly string[];
}

/** A policy: the first of them that matches a flow's first packet is the flow's, at every edge. */
export interface Policy {
  readonly id: string;
  readonly name: string;
  readonly match: TrafficMatch;
  readonly action?: PolicyAction;
  /** `breakout` only: uplinks by label, in order; empty: all, cheapest first. */
  readonly breakoutLabels?: readonly string[];
  readonly slaClassId?: string | null;
  readonly path?: PathPreference;
  readonly priority?: Priority;
  /** Most it may take of an uplink's rate, 1…100; null: all that is free. */
  readonly limitPercent?: number | null;
  /** Code point that its packets get; null: theirs stays. */
  readonly mark?: number | null;
  /** LZ4 level 0…16, higher compresses more; null: never. */
  readonly compression: number | null;
}

/** By the names that routers have for them (RFC 5880 §6.7). */
export const bfdAuthenticationTypes = ['simple', 'md5', 'meticulous-md5', 'sha1', 'meticulous-sha1'] as const;

export interface BfdAuthentication {
  readonly type: (typeof bfdAuthenticationTypes)[number];
  /** 0…255. */
  readonly keyId: number;
  /** 1…16 bytes, for SHA1 1…20. A secret. */
  readonly key: string;
}

/** Of one edge. */
export const MAX_BFD_PEERS = 64;

/** A router outside of the fabric that one edge runs BFD with. */
export interface BfdPeer {
  readonly id: string;
  readonly edgeId: string;
  readonly address: string;
  /** Where it is, one hop away (RFC 5881); null: several (RFC 5883). */
  readonly interface: string | null;
  readonly multihop: boolean;
  readonly intervalMs: number;
  readonly multiplier: number;
  readonly authentication: BfdAuthentication | null;
  /** Silent until it is spoken to (RFC 5880 §6.1). */
  readonly passive: boolean;
}

export interface Model {
  readonly organisation: string;
  /** Edge channel addresses of the controller, `host:port`. */
  readonly controllers: readonly string[];
  readonly mtu: number;
  readonly sites: readonly Site[];
  readonly edges: readonly Edge[];
  readonly uplinks: readonly Uplink[];
  readonly peers: readonly Peer[];
  /** In order of priority. */
  readonly policies: readonly Policy[];
  readonly slaClasses?: readonly SlaClass[];
  /** The organisation's own, besides the catalogue. */
  readonly applications?: readonly Application[];
  readonly bfd?: BfdTimers;
  readonly steering?: SteeringFigures;
  readonly bfdPeers?: readonly BfdPeer[];
  readonly bgp?: BgpIntent;
}
