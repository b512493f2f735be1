/** What the edges say of themselves right now; nothing of this survives a restart, because edges say it again. */
import type { TunnelPlan } from '@patronus/fabric';
import type { BfdSessionTelemetry, EdgeMessage, PolicyTelemetry } from '@patronus/protocol';
import type { Network, Site, Uplink } from '../network/network.ts';
import type { Sample, Tick, TunnelStateWord } from '../store/samples.ts';
import { type CompressionView, compressionOf, mtuOf, type PolicyView, policySum } from './efforts.ts';
import { directionSample, type QualityView, qualityOf } from './quality.ts';
import { followAll, type Report } from './rates.ts';
import { hear, type Said, saidNothing } from './said.ts';

export type { HistoryPoint } from '../store/telemetry.ts';

/** An edge that has been silent for so long no longer vouches for its tunnels. */
export const STALE_MS = 5_000;

interface Presence {
  isConnected: boolean;
  /** Controller's clock; of the last message. */
  lastSeenAt: number;
  /** Edge's clock; of the newest report, or of the hello. */
  wallMs: number;
  /** Controller's clock; of the newest report that was of its time, or of the hello. */
  currentAt: number;
  /** What the edge's clock is ahead of ours, ms, as of its hello. */
  skewMs: number;
  reports: ReadonlyMap<string, Report>;
  /** The last of those that waited: their rates follow from one another. */
  late: ReadonlyMap<string, Report>;
  /** Reports the edge lost because its buffer was full, since its start. */
  dropped: number;
  lostDecisions: number;
  /** Of the newest report. */
  said: Said;
  policies: ReadonlyMap<string | null, PolicyTelemetry>;
  capabilities: Readonly<Record<string, string>>;
}

/** What an edge measured at a time now past, because it could not tell us then. */
export interface LateReport {
  /** Controller's clock. */
  readonly at: number;
  readonly tick: Tick;
}

export interface TunnelEndView {
  readonly state: TunnelStateWord;
  readonly remoteEndpoint: string | null;
  readonly active: boolean;
  readonly lastHandshakeAt: number | null;
  readonly mtu: number | null;
  readonly bfd: BfdSessionTelemetry | null;
}

export interface TunnelView {
  readonly state: TunnelStateWord;
  readonly since: number;
  readonly roundTripMs: number | null;
  readonly lossPercent: number | null;
  readonly aToBBitsPerSecond: number;
  readonly bToABitsPerSecond: number;
  readonly mtu: number | null;
  readonly compression: CompressionView | null;
  readonly quality: QualityView;
  readonly a: TunnelEndView;
  readonly b: TunnelEndView;
}

const states = { up: 'UP', down: 'DOWN', connecting: 'CONNECTING' } as const;

export class Live {
  readonly #presences = new Map<string, Presence>();
  readonly #since = new Map<string, { state: TunnelStateWord; at: number }>();
  readonly #startedAt: number;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
    this.#startedAt = now();
  }

  /** `wallMs`: the edge's clock in its hello. What was taken before waited; what was taken after is of now. */
  connected(edgeId: string, wallMs: number): void {
    const presence = this.#presence(edgeId);
    presence.isConnected = true;
    presence.lastSeenAt = this.#now();
    this.#setClock(presence, wallMs);
    presence.late = presence.reports;
  }

  seen(edgeId: string): void {
    this.#presence(edgeId).lastSeenAt = this.#now();
  }

  disconnected(edgeId: string): void {
    this.#presence(edgeId).isConnected = false;
  }

  /** Lets go of edges and tunnels that are no more. */
  forgetOthers(network: Network): void {
    for (const id of this.#presences.keys()) if (!network.edges.has(id)) this.#presences.delete(id);
    for (const id of this.#since.keys()) if (!network.tunnels.has(id)) this.#since.delete(id);
  }

  isOnline(edgeId: string): boolean {
    return this.#presences.get(edgeId)?.isConnected === true;
  }

  lastSeenAt(edgeId: string): number | null {
    return this.#presences.get(edgeId)?.lastSeenAt ?? null;
  }

  /**
   * Takes a report in. One that is older than the hello or the last report, because it waited, changes nothing here:
   * it is returned as the samples of its own time, those of the edge's own tunnels only.
   */
  report(
    edgeId: string,
    message: Extract<EdgeMessage, { type: 'telemetry' }>,
    plans: ReadonlyMap<string, TunnelPlan>,
  ): LateReport | undefined {
    const { wallMs, tunnels, dropped, policies, capabilities } = message;
    const presence = this.#presence(edgeId);
    presence.lastSeenAt = this.#now();
    presence.dropped = dropped;
    // A report of now follows each few that waited. When none does, the edge's clock was set back.
    if (wallMs < presence.wallMs && this.#now() - presence.currentAt > STALE_MS) {
      this.#setClock(presence, wallMs);
      presence.reports = new Map();
    }
    if (wallMs >= presence.wallMs) {
      presence.reports = followAll(presence.reports, tunnels, wallMs);
      presence.policies = new Map(policies?.map((one) => [one.id, one]));
      presence.capabilities = capabilities ?? {};
      presence.said = hear(presence.said, message, this.#now());
      presence.wallMs = wallMs;
      presence.currentAt = this.#now();
      return undefined;
    }
    presence.late = followAll(presence.late, tunnels, wallMs);
    const samples = presence.late.values().flatMap((report): [string, Sample][] => {
      const plan = plans.get(report.telemetry.id);
      return plan === undefined || !hasEnd(plan, edgeId) ? [] : [[plan.id, sampleOf(plan, edgeId, report)]];
    });
    return { at: Math.round(wallMs - presence.skewMs), tick: Object.fromEntries(samples) };
  }

  /** `count`: since its start, what it could not keep until we were there to be told. */
  lostDecisions(edgeId: string, count: number): void {
    this.#presence(edgeId).lostDecisions = count;
  }

  get lostDecisionsOfAll(): number {
    return this.#presences.values().reduce((sum, { lostDecisions }) => sum + lostDecisions, 0);
  }

  /** Reports that edges lost while we were away, since their starts. */
  get droppedReports(): number {
    return this.#presences.values().reduce((sum, { dropped }) => sum + dropped, 0);
  }

  /** How long ago the edge was last heard, ms; since the controller's start when never. */
  silenceMs(edgeId: string): number {
    const presence = this.#presences.get(edgeId);
    if (presence?.isConnected === true) return 0;
    return this.#now() - (presence?.lastSeenAt ?? this.#startedAt);
  }

  tunnel(plan: TunnelPlan): TunnelView {
    const a = this.#freshReport(plan.a.edgeId, plan.id);
    const b = this.#freshReport(plan.b.edgeId, plan.id);
    const state = worst(a, b);
    const quality = qualityOf(a?.telemetry, b?.telemetry);
    const { aToB, bToA } = quality;
    const measuredLoss = greatest([aToB?.lossPercent ?? null, bToA?.lossPercent ?? null]);
    return {
      state,
      quality,
      since: this.#sinceOf(plan.id, state, [a, b]),
      // What an end last measured before the tunnel went down says nothing of now.
      roundTripMs:
        state === 'UP' ? firstKnown([a, b], (report) => scaled(report.telemetry.roundTripUs, 1 / 1000)) : null,
      lossPercent: measuredLoss ?? greatest([a, b].map((report) => scaled(report?.telemetry.loss ?? null, 100))),
      aToBBitsPerSecond: a?.sentBitsPerSecond ?? b?.receivedBitsPerSecond ?? 0,
      bToABitsPerSecond: b?.sentBitsPerSecond ?? a?.receivedBitsPerSecond ?? 0,
      mtu: mtuOf([a?.telemetry, b?.telemetry]),
      compression: compressionOf([a?.telemetry, b?.telemetry]),
      a: viewOf(a),
      b: viewOf(b),
    };
  }

  /** What the policy sent, as all edges last told, since the starts of their packet paths. */
  policy(id: string): PolicyView {
    return policySum([...this.#presences.values()].flatMap(({ policies }) => policies.get(id) ?? []));
  }

  /** What the edge's packet path found out about its machine. */
  capabilities(edgeId: string): Readonly<Record<string, string>> {
    return this.#presences.get(edgeId)?.capabilities ?? {};
  }

  /** What the edge last said of paths, breakout and reach; nothing once it has been silent for too long. */
  said(edgeId: string): Said {
    const presence = this.#presences.get(edgeId);
    return presence === undefined || this.#isStale(presence) ? saidNothing : presence.said;
  }

  /** A time of the edge's clock in ours; never one that is still to come. */
  ownTime(edgeId: string, wallMs: number): number {
    return Math.min(Math.round(wallMs - (this.#presences.get(edgeId)?.skewMs ?? 0)), this.#now());
  }

  /** The state alone, for counts over thousands of tunnels. */
  stateOf(plan: TunnelPlan): TunnelStateWord {
    return worst(this.#freshReport(plan.a.edgeId, plan.id), this.#freshReport(plan.b.edgeId, plan.id));
  }

  /** Every tunnel's sample, for the charts. */
  tick(network: Network): Tick {
    return Object.fromEntries(
      network.tunnels.values().map((plan) => {
        const view = this.tunnel(plan);
        return [
          plan.id,
          [
            ...([view.state, view.roundTripMs, view.lossPercent] as const),
            ...([view.aToBBitsPerSecond, view.bToABitsPerSecond] as const),
            ...([directionSample(view.quality.aToB), directionSample(view.quality.bToA)] as const),
          ],
        ];
      }),
    );
  }

  uplinkState(uplink: Uplink): 'UP' | 'DOWN' | 'UNKNOWN' {
    if (!this.isOnline(uplink.edge_id) || uplink.state === null) return 'UNKNOWN';
    return uplink.state === 'up' ? 'UP' : 'DOWN';
  }

  siteState(network: Network, site: Site): 'UP' | 'DEGRADED' | 'DOWN' | 'PENDING' {
    const edges = (network.edgesOfSite.get(site.id) ?? []).filter((edge) => edge.state === 'enrolled');
    if (edges.length === 0) return 'PENDING';
    const tunnels = network.tunnelsOfSite.get(site.id) ?? [];
    if (tunnels.length === 0) return edges.some((edge) => this.isOnline(edge.id)) ? 'UP' : 'DOWN';
    const up = tunnels.filter((tunnel) => this.stateOf(tunnel) === 'UP').length;
    if (up === tunnels.length) return 'UP';
    return up === 0 ? 'DOWN' : 'DEGRADED';
  }

  #setClock(presence: Presence, wallMs: number): void {
    presence.wallMs = wallMs;
    presence.currentAt = this.#now();
    presence.skewMs = wallMs - this.#now();
  }

  #presence(edgeId: string): Presence {
    const known = this.#presences.get(edgeId);
    if (known !== undefined) return known;
    const fresh: Presence = {
      isConnected: false,
      lastSeenAt: this.#now(),
      wallMs: 0,
      currentAt: this.#now(),
      skewMs: 0,
      reports: new Map(),
      late: new Map(),
      dropped: 0,
      lostDecisions: 0,
      said: saidNothing,
      policies: new Map(),
      capabilities: {},
    };
    this.#presences.set(edgeId, fresh);
    return fresh;
  }

  #freshReport(edgeId: string, tunnelId: string): Report | undefined {
    const presence = this.#presences.get(edgeId);
    if (presence === undefined) return undefined;
    return this.#isStale(presence) ? undefined : presence.reports.get(tunnelId);
  }

  #isStale({ isConnected, lastSeenAt }: Presence): boolean {
    return !isConnected && this.#now() - lastSeenAt > STALE_MS;
  }

  #sinceOf(id: string, state: TunnelStateWord, reports: readonly (Report | undefined)[]): number {
    const known = this.#since.get(id);
    if (known?.state === state) return known.at;
    const now = this.#now();
    const said = reports.flatMap((report) =>
      report !== undefined && states[report.telemetry.state] === state ? report.telemetry.sinceMs : [],
    );
    const at = said.length === 0 ? now : Math.min(now, Math.max(...said));
    this.#since.set(id, { state, at });
    return at;
  }
}

function hasEnd({ a, b }: TunnelPlan, edgeId: string): boolean {
  return a.edgeId === edgeId || b.edgeId === edgeId;
}

/** What one end saw, in the words of the charts. */
function sampleOf(plan: TunnelPlan, edgeId: string, report: Report): Sample {
  const { telemetry, sentBitsPerSecond, receivedBitsPerSecond } = report;
  const state = states[telemetry.state];
  const isA = plan.a.edgeId === edgeId;
  const [aToB, bToA] = isA ? [sentBitsPerSecond, receivedBitsPerSecond] : [receivedBitsPerSecond, sentBitsPerSecond];
  const quality = isA ? qualityOf(telemetry, undefined) : qualityOf(undefined, telemetry);
  return [
    state,
    state === 'UP' ? scaled(telemetry.roundTripUs, 1 / 1000) : null,
    scaled(telemetry.loss, 100),
    aToB,
    bToA,
    directionSample(quality.aToB),
    directionSample(quality.bToA),
  ];
}

/** DOWN as soon as one end says so; UNKNOWN when neither says anything. */
function worst(a: Report | undefined, b: Report | undefined): TunnelStateWord {
  const [one, other] = [a?.telemetry.state, b?.telemetry.state];
  for (const state of ['down', 'connecting', 'up'] as const) if (one === state || other === state) return states[state];
  return 'UNKNOWN';
}

const unknownEnd: TunnelEndView = {
  state: 'UNKNOWN',
  remoteEndpoint: null,
  active: false,
  lastHandshakeAt: null,
  mtu: null,
  bfd: null,
};

function viewOf(report: Report | undefined): TunnelEndView {
  if (report === undefined) return unknownEnd;
  const { state, remoteEndpoint, active, lastHandshakeMs, mtu = null, bfd = null } = report.telemetry;
  return { state: states[state], remoteEndpoint, active, lastHandshakeAt: lastHandshakeMs, mtu, bfd };
}

function scaled(value: number | null, factor: number): number | null {
  return value === null ? null : value * factor;
}

function firstKnown(reports: readonly (Report | undefined)[], read: (report: Report) => number | null): number | null {
  for (const report of reports) {
    const value = report === undefined ? null : read(report);
    if (value !== null) return value;
  }
  return null;
}

function greatest(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
