/**
 * The model: what an organisation wants its network to be, as plain values. The controller keeps it in its database
 * and gives it whole to `compile` and `check`; nothing here knows of databases or sockets.
 */

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

/** Which packets belong to a class: all that is given has to hold; nothing given holds for every packet. */
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
}

/** A policy class: the first of them that matches a flow's first packet is the flow's, at every edge. */
export interface TrafficClass {
  readonly id: string;
  readonly name: string;
  readonly match: TrafficMatch;
  /** LZ4 level 0…16, higher compresses more; null: never. */
  readonly compression: number | null;
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
  readonly classes: readonly TrafficClass[];
}
