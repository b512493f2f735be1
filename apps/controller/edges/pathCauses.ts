/** What is wrong with paths right now, in words: bounds missed, nothing up, hosts and the internet not reached, flapping. */
import { describeDiagnostic } from '@patronus/bfd';
import type { TunnelPlan } from '@patronus/fabric';
import type { Core } from '../core.ts';
import { tunnelLabel } from '../network/labels.ts';
import type { Edge, Network } from '../network/network.ts';
import { treatmentsOf } from '../network/treatments.ts';
import type { Cause } from './alarms.ts';
import { bgpCauses } from './bgpCauses.ts';
import type { Flapping } from './flapping.ts';
import { boundsText, meetsSla, slaMisses } from './sla.ts';

/** The first part of their keys; the last is the id of an edge, so that they end with it. */
export const pathKinds: ReadonlySet<string> = new Set(['sla', 'path', 'reach', 'breakout', 'bfd', 'router', 'bgp']);

type Seen = Pick<Core, 'live'> & { readonly network: Network; readonly flapping: Flapping };

export function pathCauses(seen: Seen): Cause[] {
  const ofPaths = [...slaViolated(seen), ...pathsDown(seen), ...reachLost(seen)];
  return [...ofPaths, ...breakoutsDown(seen), ...bfdFlapping(seen), ...routersDown(seen), ...bgpCauses(seen)];
}

/** Every tunnel of the group misses the class, so that there is nowhere better to go. One for each edge and treatment. */
function slaViolated({ live, network }: Seen): Cause[] {
  const treatments = treatmentsOf(network);
  return edgesOf(network).flatMap((edge) => {
    const byTreatment = Map.groupBy(live.said(edge.id).paths.values(), ({ treatment }) => treatment);
    return Array.from(byTreatment).flatMap(([treatment, paths]): Cause[] => {
      const sla = network.slaClasses.get(treatments.get(treatment)?.slaClassId ?? '');
      if (sla === undefined) return [];
      const missing = paths.flatMap((path) => {
        const views = path.tunnelIds.flatMap((id) => {
          const plan = network.tunnels.get(id);
          return plan === undefined ? [] : [live.tunnel(plan)];
        });
        const up = views.filter(({ state }) => state === 'UP');
        if (up.length === 0 || !up.every((view) => meetsSla(view, sla) === false)) return [];
        return [{ to: nameOf(network, path.edgeId), misses: slaMisses(up[0]!, sla).join(', ') }];
      });
      if (missing.length === 0) return [];
      const policies = (treatments.get(treatment)?.policies ?? []).map(({ name }) => name);
      const message = `no path of ${edge.name} to ${listed(missing.map(({ to }) => to))} meets ${sla.name} (${boundsText(sla)}), for ${listed(policies)}; the one it takes misses: ${missing[0]!.misses}; look at the lines, or ask for less`;
      return [cause('SLA_VIOLATED', 'WARNING', `sla:${treatment}:${edge.id}`, edge, message)];
    });
  });
}

/** Two edges that have tunnels between them, and none is up. A site that is cut off has an alarm for all of them. */
function pathsDown({ live, network }: Seen): Cause[] {
  const pairs = Map.groupBy(network.tunnels.values(), ({ a, b }) => [a.edgeId, b.edgeId].sort().join(' '));
  const isDown = (plan: TunnelPlan) => live.stateOf(plan) === 'DOWN';
  const isCutOff = (siteId: string) => (network.tunnelsOfSite.get(siteId) ?? []).every(isDown);
  return [...pairs.values()].flatMap((plans): Cause[] => {
    const { a, b } = plans[0]!;
    if (!plans.every(isDown) || isCutOff(a.siteId) || isCutOff(b.siteId)) return [];
    const [one, other] = [network.edges.get(a.edgeId), network.edges.get(b.edgeId)];
    if (one === undefined || other === undefined) return [];
    const message = `no tunnel between ${one.name} and ${other.name} is up (${plans.length} are down), and both reach others: check the way between their uplinks, such as a firewall or a provider`;
    return [cause('PATH_DOWN', 'CRITICAL', `path:${one.id}:${other.id}`, other, message)];
  });
}

/** The edge is up and its LAN is not. One alarm for the host, however many ask for it. */
function reachLost({ live, network }: Seen): Cause[] {
  const lost = edgesOf(network).flatMap((edge) =>
    [...live.said(edge.id).reach.values()].flatMap((report) =>
      report.state === 'down' ? [{ ...report, by: edge.name }] : [],
    ),
  );
  return Array.from(Map.groupBy(lost, ({ edgeId }) => edgeId)).flatMap(([edgeId, reports]): Cause[] => {
    const edge = network.edges.get(edgeId);
    if (edge === undefined) return [];
    const message = `${reports[0]!.address} behind ${edge.name} does not answer ${listed(reports.map(({ by }) => by))} through the tunnels: the gateway is up and its LAN may not be; check its LAN port, the switch and the host`;
    return [cause('REACH_LOST', 'WARNING', `reach:${edgeId}`, edge, message)];
  });
}

function breakoutsDown({ live, network }: Seen): Cause[] {
  return edgesOf(network).flatMap((edge) => {
    const reports = [...live.said(edge.id).breakout.values()].filter(
      ({ uplinkId }) => network.uplinks.get(uplinkId)?.edge_id === edge.id,
    );
    const isAnyUp = reports.some(({ state }) => state === 'up');
    return reports
      .filter(({ state }) => state === 'down')
      .map(({ uplinkId }) => {
        const label = network.uplinks.get(uplinkId)!.label;
        const then = isAnyUp
          ? 'new flows break out by another uplink'
          : 'no other does either: what breaks out is dropped';
        const message = `${edge.name} does not reach the internet by ${label}; ${then}: check that line`;
        return cause(
          'BREAKOUT_DOWN',
          isAnyUp ? 'WARNING' : 'CRITICAL',
          `breakout:${uplinkId}:${edge.id}`,
          edge,
          message,
        );
      });
  });
}

function bfdFlapping({ network, flapping }: Seen): Cause[] {
  return flapping.flapping().flatMap(({ tunnelId, edgeId, downs }): Cause[] => {
    const edge = network.edges.get(edgeId);
    if (edge === undefined || !network.tunnels.has(tunnelId)) return [];
    const message = `the tunnel ${tunnelLabel(network, tunnelId, edgeId)} of ${edge.name} went down ${downs} times in ten minutes; its flows stay on the others meanwhile: check that line, or drain its uplink`;
    return [cause('BFD_FLAPPING', 'WARNING', `bfd:${tunnelId}:${edgeId}`, edge, message)];
  });
}

/** Also one that never came up: whoever configured it wants to hear of it. What a person switched off is no failure. */
function routersDown({ live, network }: Seen): Cause[] {
  return [...network.bfdPeers.values()].flatMap((peer): Cause[] => {
    const edge = network.edges.get(peer.edgeId);
    const session = live.said(peer.edgeId).bfdPeers.get(peer.id)?.session;
    if (edge?.state !== 'enrolled' || session === undefined) return [];
    if (session.state === 'up' || session.remoteState === 'adminDown') return [];
    const where = peer.interface === null ? 'several hops away' : `on ${peer.interface}`;
    const message = `BFD of ${edge.name} with the router ${peer.address} ${where} is ${session.state} (${describeDiagnostic(session.diagnostic)}): check the link, the router and its BFD configuration`;
    return [cause('BFD_PEER_DOWN', 'WARNING', `router:${peer.id}:${edge.id}`, edge, message)];
  });
}

function edgesOf({ edges }: Network): Edge[] {
  return [...edges.values()].filter(({ state }) => state === 'enrolled');
}

function nameOf({ edges }: Network, edgeId: string): string {
  return edges.get(edgeId)?.name ?? edgeId;
}

const SHOWN = 5;

function listed(names: readonly string[]): string {
  const more = names.length - SHOWN;
  return more > 0 ? `${names.slice(0, SHOWN).join(', ')} and ${more} more` : names.join(', ');
}

function cause(code: string, severity: Cause['severity'], key: string, edge: Edge, message: string): Cause {
  return { code, severity, key, message, siteId: edge.site_id };
}
