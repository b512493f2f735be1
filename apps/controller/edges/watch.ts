/** Turns what is seen into alarms, once a second; and keeps the charts' ticks. */
import type { TunnelPlan } from '@patronus/fabric';
import { DAY_MS } from '../authority/certificates.ts';
import type { Core } from '../core.ts';
import type { Site } from '../network/network.ts';
import { TICK_MS } from '../store/telemetry.ts';
import * as causes from './causes.ts';
import { PathWatch } from './pathWatch.ts';

const WATCH_MS = 1_000;
/** A site's tunnels have to stay up for so long before its alarm ends. */
const CALM_MS = 5_000;
/** An edge that tries a configuration connects anew, if need be over one uplink after the other: no reason for alarm. */
export const OFFLINE_AFTER_MS = 10_000;
/** After our own start edges have so long to come back before their absence says something of them. */
export const START_GRACE_MS = 15_000;

export class Watch {
  readonly #core: Core;
  readonly #timers: NodeJS.Timeout[];
  readonly #calmSince = new Map<string, number>();
  readonly #states = new Map<string, string>();
  readonly #paths: PathWatch;
  readonly #startedAt: number;

  constructor(core: Core) {
    this.#core = core;
    this.#paths = new PathWatch(core);
    this.#startedAt = core.now();
    this.#timers = [setInterval(() => this.look(), WATCH_MS), setInterval(() => this.#tick(), TICK_MS)];
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  look(): void {
    const { network, live } = this.#core;
    this.#edges();
    for (const site of network.current.sites.values()) this.#site(site);
    this.#paths.look(this.#core.now() - this.#startedAt <= START_GRACE_MS);
    this.#clearOrphans();
    live.forgetOthers(network.current);
    this.#announceStale();
  }

  #tick(): void {
    const { telemetry, live, network, now, log } = this.#core;
    try {
      telemetry.record(now(), live.tick(network.current));
    } catch (error) {
      log.error({ err: error }, 'telemetry could not be written');
    }
  }

  #edges(): void {
    const { network, live, alarms, now } = this.#core;
    for (const edge of network.current.edges.values()) {
      if (edge.state !== 'enrolled') continue;
      const named = { id: edge.id, name: edge.name, siteId: edge.site_id };
      // An edge that enrolled and has never called is not offline, it is not there yet.
      const isBack = live.lastSeenAt(edge.id) !== null;
      const hasCalled = isBack || edge.last_seen_at !== null;
      const grace = isBack ? OFFLINE_AFTER_MS : START_GRACE_MS;
      if (hasCalled && live.silenceMs(edge.id) > grace) alarms.raise(causes.offline(named));
      if (edge.certificate_expires_at === null) continue;
      const expires = causes.certificateExpires(named, Math.floor((edge.certificate_expires_at - now()) / DAY_MS));
      if (expires === undefined) alarms.clear(causes.keyOf('certificate', edge.id));
      else alarms.raise(expires);
    }
  }

  #site({ id, name }: Site): void {
    const { network, live, alarms, now } = this.#core;
    const { tunnelsOfSite, uplinks } = network.current;
    const tunnels = tunnelsOfSite.get(id) ?? [];
    // Until both ends had time to come back after our start, neither good nor bad is known of a tunnel.
    const known = tunnels.filter((plan) => !this.#isSettling(plan));
    const down = known.filter((plan) => live.stateOf(plan) === 'DOWN');
    if (down.length === 0) {
      if (known.length < tunnels.length) return;
      const since = this.#calmSince.get(id) ?? now();
      this.#calmSince.set(id, since);
      if (now() - since >= CALM_MS) alarms.clear(causes.keyOf('tunnels', id));
      return;
    }
    this.#calmSince.delete(id);
    const own = down.map(({ a, b }) => uplinks.get(a.siteId === id ? a.uplinkId : b.uplinkId)?.label ?? '?');
    alarms.raise(
      causes.tunnelsDown({
        siteId: id,
        siteName: name,
        down: down.length,
        total: tunnels.length,
        uplinks: [...new Set(own)].sort().join(', '),
      }),
    );
  }

  #isSettling({ a, b }: TunnelPlan): boolean {
    const { live, now } = this.#core;
    if (now() - this.#startedAt > START_GRACE_MS) return false;
    return live.lastSeenAt(a.edgeId) === null || live.lastSeenAt(b.edgeId) === null;
  }

  /** Alarms of edges that are gone or revoked have no one left to clear them. */
  #clearOrphans(): void {
    const { edges, sites } = this.#core.network.current;
    this.#core.alarms.clearMatching(({ key }) => {
      const [kind, id] = [key.split(':')[0], key.split(':').at(-1)!];
      return kind === 'tunnels' ? !sites.has(id) : edges.get(id)?.state !== 'enrolled';
    });
  }

  /** A report that has grown stale changes what is shown without any message coming in. */
  #announceStale(): void {
    const { network, live, changes } = this.#core;
    let isChanged = false;
    for (const plan of network.current.tunnels.values()) {
      const state = live.stateOf(plan);
      if (this.#states.get(plan.id) !== state) isChanged = true;
      this.#states.set(plan.id, state);
    }
    for (const id of this.#states.keys()) if (!network.current.tunnels.has(id)) this.#states.delete(id);
    if (isChanged) changes.announce('telemetry');
  }
}
