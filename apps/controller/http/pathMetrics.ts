/** Figures about paths for Prometheus: by site, never by tunnel, so that a large mesh stays a few hundred series. */
import { Gauge, type Registry } from 'prom-client';
import type { Core } from '../core.ts';
import type { TunnelView } from '../edges/live.ts';
import type { Site } from '../network/network.ts';

/** Per site: the worst, or the sum, of what its tunnels, edges and uplinks report. Null: nothing is known. */
interface SiteSeries {
  readonly name: string;
  readonly help: string;
  readonly read: (core: Core, site: Site) => number | null;
}

const series: readonly SiteSeries[] = [
  {
    name: 'site_round_trip_highest_ms',
    help: "Longest round trip of the site's tunnels that are up",
    read: (core, site) => worst(viewsOf(core, site).map(({ roundTripMs }) => roundTripMs)),
  },
  {
    name: 'site_loss_highest_ratio',
    help: "Highest loss of any direction of the site's tunnels that are up, 0 to 1",
    read: (core, site) => {
      const percent = worst(viewsOf(core, site).map(({ lossPercent }) => lossPercent));
      return percent === null ? null : percent / 100;
    },
  },
  {
    name: 'site_jitter_highest_ms',
    help: "Highest jitter of any direction of the site's tunnels that are up",
    read: (core, site) =>
      worst(
        viewsOf(core, site).flatMap(({ quality }) => [quality.aToB?.jitterMs ?? null, quality.bToA?.jitterMs ?? null]),
      ),
  },
  {
    name: 'site_mos_lowest',
    help: "Lowest mean opinion score of the site's tunnels that are up",
    read: (core, site) => {
      const scores = viewsOf(core, site).flatMap(({ quality }) => quality.mos ?? []);
      return scores.length === 0 ? null : Math.min(...scores);
    },
  },
  {
    name: 'site_bfd_downs',
    help: "Times that BFD sessions kept by the site's edges went down, since they were made",
    read: (core, site) =>
      plansOf(core, site).reduce((sum, plan) => {
        const view = core.live.tunnel(plan);
        return sum + ((plan.a.siteId === site.id ? view.a : view.b).bfd?.downs ?? 0);
      }, 0),
  },
  {
    name: 'site_silences',
    help: "Times that a tunnel of the site's edges was left because it fell silent while it was talking, since the starts of their packet paths",
    read: (core, site) => countedBy(core, site, 'suspicions'),
  },
  {
    name: 'site_silences_false',
    help: 'Of these, those that were heard again before BFD knew of a failure',
    read: (core, site) => countedBy(core, site, 'falseSuspicions'),
  },
  {
    name: 'site_paths_without_tunnel',
    help: 'Paths (treatment and remote edge) of the site that no tunnel is up for',
    read: (core, site) =>
      saidOf(core, site).reduce(
        (sum, { paths }) => sum + [...paths.values()].filter(({ tunnelIds }) => tunnelIds.length === 0).length,
        0,
      ),
  },
  {
    name: 'site_breakouts_down',
    help: 'Uplinks of the site by which the internet is not reached',
    read: (core, site) =>
      saidOf(core, site).reduce(
        (sum, { breakout }) => sum + [...breakout.values()].filter(({ state }) => state === 'down').length,
        0,
      ),
  },
  {
    name: 'site_reach_lost',
    help: 'Hosts of other sites that do not answer this one through the tunnels',
    read: (core, site) =>
      saidOf(core, site).reduce(
        (sum, { reach }) => sum + [...reach.values()].filter(({ state }) => state === 'down').length,
        0,
      ),
  },
  {
    name: 'site_bgp_sessions_down',
    help: "Sessions of the site's gateways with routers that are not established",
    read: (core, site) =>
      saidOf(core, site).reduce((sum, { bgpNeighbours }) => {
        return sum + [...bgpNeighbours.values()].filter(({ state }) => state !== 'established').length;
      }, 0),
  },
  {
    name: 'site_bgp_flaps',
    help: "Times that BGP with the site's routers was established and ended, since the starts of its gateways",
    read: (core, site) =>
      saidOf(core, site).reduce((sum, { bgpNeighbours }) => {
        return sum + [...bgpNeighbours.values()].reduce((flaps, session) => flaps + session.flaps, 0);
      }, 0),
  },
  {
    name: 'site_bgp_prefixes_accepted',
    help: "Prefixes that the site's routers bring and policy lets in",
    read: (core, site) =>
      saidOf(core, site).reduce((sum, { bgpNeighbours }) => {
        return sum + [...bgpNeighbours.values()].reduce((accepted, session) => accepted + session.accepted, 0);
      }, 0),
  },
  {
    name: 'site_bgp_routes',
    help: "Best routes that BGP brought to the site's gateways",
    read: (core, site) => saidOf(core, site).reduce((sum, { bgpRoutesTotal }) => sum + bgpRoutesTotal, 0),
  },
];

export function collectPaths(core: Core, registry: Registry): void {
  for (const { name, help, read } of series) {
    new Gauge({
      name: `patronus_${name}`,
      help,
      labelNames: ['site'],
      registers: [registry],
      collect() {
        this.reset();
        for (const site of core.network.current.sites.values()) {
          const value = read(core, site);
          if (value !== null) this.set({ site: site.name }, value);
        }
      },
    });
  }
  const policies: readonly [string, string, (id: string) => number][] = [
    ['policy_flows', 'Flows that the policy was found for', (id) => core.live.policy(id).flows],
    ['policy_denied_packets', 'Packets that the policy denied', (id) => core.live.policy(id).deniedPackets],
    ['policy_sent_bytes', 'Bytes of inner packets that the policy sent', (id) => core.live.policy(id).sentBytes],
  ];
  for (const [name, help, read] of policies) {
    new Gauge({
      name: `patronus_${name}`,
      help: `${help}, all edges, since the starts of their packet paths`,
      labelNames: ['policy'],
      registers: [registry],
      collect() {
        this.reset();
        for (const { id, name: policy } of core.network.current.policies.values()) this.set({ policy }, read(id));
      },
    });
  }
  new Gauge({
    name: 'patronus_edge_decisions_lost',
    help: 'Decisions that edges could not keep until the controller was there to be told, since their starts',
    registers: [registry],
    collect() {
      this.set(core.live.lostDecisionsOfAll);
    },
  });
}

function plansOf({ network }: Core, site: Site) {
  return network.current.tunnelsOfSite.get(site.id) ?? [];
}

function viewsOf(core: Core, site: Site): TunnelView[] {
  return plansOf(core, site)
    .map((plan) => core.live.tunnel(plan))
    .filter(({ state }) => state === 'UP');
}

/** What the site's edges last said. */
export function saidOf({ network, live }: Core, site: Site) {
  return (network.current.edgesOfSite.get(site.id) ?? []).map(({ id }) => live.said(id));
}

/** One of the counters that edges tell, summed; null: none of them tells it. */
function countedBy(core: Core, site: Site, name: string): number | null {
  const told = saidOf(core, site).flatMap(({ counters }) => counters[name] ?? []);
  return told.length === 0 ? null : told.reduce((sum, count) => sum + count, 0);
}

/** The highest that is known; null: none is. */
export function worst(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
