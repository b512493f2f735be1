/**
 * What an edge last said of its paths, of the internet at its uplinks, of hosts beyond other edges, of routers and of BGP, of
 * what waits before its uplinks, and of packets sent twice or with parity.
 */
import type {
  BgpRouteTelemetry,
  BgpSessionTelemetry,
  EdgeMessage,
  ProtectionTelemetry,
  ShapingTelemetry,
} from '@patronus/protocol';

type Telemetry = Extract<EdgeMessage, { type: 'telemetry' }>;

export type PathReport = NonNullable<Telemetry['paths']>[number];
export type BreakoutReport = NonNullable<Telemetry['breakout']>[number];
export type ReachReport = NonNullable<Telemetry['reach']>[number];
export type BfdPeerReport = NonNullable<Telemetry['bfdPeers']>[number];

/** A report with the clock of the controller: since when it says the same. */
export interface Since {
  readonly since: number;
}

export interface Said {
  /** By `pathKey`. */
  readonly paths: ReadonlyMap<string, PathReport & Since>;
  /** By uplink. */
  readonly breakout: ReadonlyMap<string, BreakoutReport & Since>;
  /** By remote edge and address. */
  readonly reach: ReadonlyMap<string, ReachReport & Since>;
  /** By id. */
  readonly bfdPeers: ReadonlyMap<string, BfdPeerReport & Since>;
  /** By uplink. */
  readonly shaping: ReadonlyMap<string, ShapingTelemetry>;
  /** Null: it did not say. */
  readonly protection: ProtectionTelemetry | null;
  /** Drops by reason, suspicions and more, since the start of its packet path. */
  readonly counters: Telemetry['counters'];
  /** By id of the neighbour. */
  readonly bgpNeighbours: ReadonlyMap<string, BgpSessionTelemetry & Since>;
  /** By id of the remote edge. */
  readonly bgpFabric: ReadonlyMap<string, BgpSessionTelemetry & Since>;
  /** Those that were told one by one, of so many. */
  readonly bgpRoutes: readonly BgpRouteTelemetry[];
  readonly bgpRoutesTotal: number;
}

export const saidNothing: Said = {
  ...{ paths: new Map(), breakout: new Map(), reach: new Map(), bfdPeers: new Map() },
  ...{ shaping: new Map(), protection: null, counters: {} },
  ...{ bgpNeighbours: new Map(), bgpFabric: new Map(), bgpRoutes: [], bgpRoutesTotal: 0 },
};

export function pathKey({ treatment, edgeId }: Pick<PathReport, 'treatment' | 'edgeId'>): string {
  return `${treatment} ${edgeId}`;
}

/** Takes a report in; what it leaves out, as an edge one release older does, is not known any more. */
export function hear(before: Said, telemetry: Telemetry, now: number): Said {
  const { paths = [], breakout = [], reach = [], bfdPeers = [], bgp } = telemetry;
  const sessions = (known: Said['bgpFabric'], told: readonly BgpSessionTelemetry[] = []) =>
    followSessions(known, told, telemetry.wallMs, now);
  return {
    paths: follow(before.paths, paths, pathKey, ({ tunnelIds }) => tunnelIds[0], now),
    breakout: follow(
      before.breakout,
      breakout,
      ({ uplinkId }) => uplinkId,
      ({ state }) => state,
      now,
    ),
    reach: follow(
      before.reach,
      reach,
      ({ edgeId, address }) => `${edgeId} ${address}`,
      ({ state }) => state,
      now,
    ),
    bfdPeers: follow(
      before.bfdPeers,
      bfdPeers,
      ({ id }) => id,
      ({ session }) => session.state,
      now,
    ),
    shaping: new Map(telemetry.shaping?.map((one) => [one.uplinkId, one])),
    protection: telemetry.protection ?? null,
    counters: telemetry.counters,
    bgpNeighbours: sessions(before.bgpNeighbours, bgp?.neighbours),
    bgpFabric: sessions(before.bgpFabric, bgp?.fabric),
    bgpRoutes: bgp?.routes ?? [],
    bgpRoutesTotal: bgp?.routesTotal ?? 0,
  };
}

/** `since` stays while what `told` reads stays the same. */
function follow<T>(
  before: ReadonlyMap<string, T & Since>,
  reports: readonly T[],
  key: (one: T) => string,
  told: (one: T) => unknown,
  now: number,
): ReadonlyMap<string, T & Since> {
  return new Map(
    reports.map((report): [string, T & Since] => {
      const known = before.get(key(report));
      const isSame = known !== undefined && told(known) === told(report);
      return [key(report), { ...report, since: isSame ? known.since : now }];
    }),
  );
}

/**
 * A session tells itself when it came into its state, so that neither our own restart nor one that ended and came back
 * between two reports makes it younger or older than it is. Its gateway's clock only measures how long ago that was.
 */
function followSessions(
  before: Said['bgpFabric'],
  sessions: readonly BgpSessionTelemetry[],
  wallMs: number,
  now: number,
): Said['bgpFabric'] {
  return new Map(
    sessions.map((session): [string, BgpSessionTelemetry & Since] => {
      const { id, state, sinceMs } = session;
      const known = before.get(id);
      const isSame = known !== undefined && known.state === state && known.sinceMs === sinceMs;
      const ageMs = sinceMs > 0 ? Math.max(0, wallMs - sinceMs) : 0;
      return [id, { ...session, since: isSame ? known.since : now - ageMs }];
    }),
  );
}
