/** Turns what is seen into alarms, once a second; and keeps the charts' ticks. */
import { DAY_MS } from '../authority/certificates.ts';
import type { Core } from '../core.ts';
import { TICK_MS } from '../store/telemetry.ts';
import { STALE_MS } from './live.ts';

const WATCH_MS = 1_000;
/** A site's tunnels have to stay up for so long before its alarm ends. */
const CALM_MS = 5_000;

export class Watch {
  readonly #core: Core;
  readonly #timers: NodeJS.Timeout[];
  readonly #calmSince = new Map<string, number>();
  readonly #states = new Map<string, string>();

  constructor(core: Core) {
    this.#core = core;
    this.#timers = [setInterval(() => this.look(), WATCH_MS), setInterval(() => this.#tick(), TICK_MS)];
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  look(): void {
    this.#edges();
    this.#sites();
    this.#clearOrphans();
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
      // An edge that enrolled and has never called is not offline, it is not there yet.
      const hasCalled = edge.last_seen_at !== null || live.lastSeenAt(edge.id) !== null;
      if (hasCalled && live.silenceMs(edge.id) > STALE_MS) {
        alarms.raise({
          key: `offline:${edge.id}`,
          code: 'EDGE_OFFLINE',
          severity: 'CRITICAL',
          message: `${edge.name} does not call the controller any more; it goes on forwarding by itself if it has power: check the gateway and its uplinks`,
          siteId: edge.site_id,
        });
      }
      this.#certificate(edge.id, edge.name, edge.site_id, edge.certificate_expires_at, now());
    }
  }

  #certificate(edgeId: string, name: string, siteId: string, expiresAt: number | null, now: number): void {
    if (expiresAt === null) return;
    const days = Math.floor((expiresAt - now) / DAY_MS);
    const key = `certificate:${edgeId}`;
    // The edge renews with 30 days left; a day later it should have.
    if (days >= 29) {
      this.#core.alarms.clear(key);
      return;
    }
    const level = days < 1 ? 1 : days < 7 ? 7 : 30;
    this.#core.alarms.raise({
      key,
      code: 'CERTIFICATE_EXPIRES',
      severity: level === 30 ? 'WARNING' : 'CRITICAL',
      message:
        days < 0
          ? `the certificate of ${name} has run out: it forwards, but can only renew; see that it reaches this controller on HTTPS`
          : `the certificate of ${name} runs out in less than ${level === 1 ? 'a day' : `${level} days`} and was not renewed; see that the gateway reaches this controller`,
      siteId,
    });
  }

  #sites(): void {
    const { network, live, alarms, now } = this.#core;
    const { current } = network;
    for (const site of current.sites.values()) {
      const tunnels = current.tunnelsOfSite.get(site.id) ?? [];
      const down = tunnels.filter((plan) => live.tunnel(plan).state === 'DOWN');
      const key = `tunnels:${site.id}`;
      if (down.length === 0) {
        const since = this.#calmSince.get(site.id) ?? now();
        this.#calmSince.set(site.id, since);
        if (now() - since >= CALM_MS) alarms.clear(key);
        continue;
      }
      this.#calmSince.delete(site.id);
      const isCutOff = down.length === tunnels.length;
      const labels = new Set(
        down.map(
          (plan) => current.uplinks.get(plan.a.siteId === site.id ? plan.a.uplinkId : plan.b.uplinkId)?.label ?? '?',
        ),
      );
      const over = [...labels].sort().join(', ');
      alarms.raise({
        key,
        code: 'TUNNEL_DOWN',
        severity: isCutOff ? 'CRITICAL' : 'WARNING',
        message: isCutOff
          ? `all ${tunnels.length} tunnels of ${site.name} are down: the site is cut off; check its gateway and its uplinks (${over})`
          : `${down.length} of ${tunnels.length} tunnels of ${site.name} are down, over ${over}; traffic uses the others: check that uplink, or the other ends`,
        siteId: site.id,
      });
    }
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
      const { state } = live.tunnel(plan);
      if (this.#states.get(plan.id) !== state) isChanged = true;
      this.#states.set(plan.id, state);
    }
    for (const id of this.#states.keys()) if (!network.current.tunnels.has(id)) this.#states.delete(id);
    if (isChanged) changes.announce('telemetry');
  }
}
