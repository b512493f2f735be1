/** Sessions of BGP that are lost, or that brought more than they may, or nearly so. */
import { type BgpNeighbour, PREFIXES_WARN_AT } from '@patronus/fabric';
import type { BgpSessionTelemetry } from '@patronus/protocol';
import type { Core } from '../core.ts';
import type { Edge, Network } from '../network/network.ts';
import type { Cause } from './alarms.ts';

type Seen = Pick<Core, 'live'> & { readonly network: Network };

export function bgpCauses(seen: Seen): Cause[] {
  return [...neighbours(seen), ...fabricSessionsLost(seen)];
}

function neighbours({ live, network }: Seen): Cause[] {
  return network.bgp.neighbours.flatMap((neighbour): Cause[] => {
    const edge = network.edges.get(neighbour.edgeId);
    const session = live.said(neighbour.edgeId).bgpNeighbours.get(neighbour.id);
    if (edge?.state !== 'enrolled' || session === undefined) return [];
    return session.state === 'established' ? near(neighbour, edge, session) : lost(neighbour, edge, session);
  });
}

/** Nothing is lost yet, and somebody has time to look. */
function near(neighbour: BgpNeighbour, edge: Edge, { received }: BgpSessionTelemetry): Cause[] {
  const { maxPrefixes } = neighbour;
  if (received < PREFIXES_WARN_AT * maxPrefixes) return [];
  const message = `${who(neighbour)} brings ${edge.name} ${received} of the ${maxPrefixes} prefixes that it may: above them the session ends; look at what it announces, or allow it more`;
  return [cause('BGP_MANY_PREFIXES', 'WARNING', `bgp:${neighbour.id}.near:${edge.id}`, edge, message)];
}

/** Also one that never came up: whoever configured it wants to hear of it. */
function lost(neighbour: BgpNeighbour, edge: Edge, session: BgpSessionTelemetry): Cause[] {
  const { id, maxPrefixes, restartAfterSeconds } = neighbour;
  // Whoever allowed it more since wants to hear why it is not back.
  if (session.overLimit !== null && session.overLimit > maxPrefixes) {
    const message = `${edge.name} ended BGP with ${who(neighbour)}: it brought ${session.overLimit} prefixes and may bring ${maxPrefixes}; it is called again after ${restartAfterSeconds} s: look at what it announces, or allow it more`;
    return [cause('BGP_MAX_PREFIX', 'CRITICAL', `bgp:${id}.limit:${edge.id}`, edge, message)];
  }
  const message = `BGP of ${edge.name} with ${who(neighbour)} is ${words(session)}: see that the router runs, knows this gateway as its neighbour, and that TCP 179 is open`;
  return [cause('BGP_NEIGHBOUR_DOWN', 'WARNING', `bgp:${id}:${edge.id}`, edge, message)];
}

function who({ name, address, remoteAs }: BgpNeighbour): string {
  return `${name} (${address}, AS ${remoteAs})`;
}

/** One for each edge. What is told by both ends is told twice: either may be the one that knows why. */
function fabricSessionsLost({ live, network }: Seen): Cause[] {
  return [...network.edges.values()].flatMap((edge): Cause[] => {
    if (edge.state !== 'enrolled') return [];
    const lost = [...live.said(edge.id).bgpFabric.values()].filter(({ state }) => state !== 'established');
    const [first] = lost;
    if (first === undefined) return [];
    const name = network.edges.get(first.id)?.name ?? first.address;
    const others = lost.length > 1 ? ` and ${lost.length - 1} more` : '';
    const message = `${edge.name} exchanges no routes with ${name}${others} (${words(first)}): look at the tunnels between them`;
    return [cause('BGP_FABRIC_DOWN', 'WARNING', `bgp:fabric:${edge.id}`, edge, message)];
  });
}

function words({ state, lastError }: BgpSessionTelemetry): string {
  return lastError === null ? state : `${state} (${lastError})`;
}

function cause(code: string, severity: Cause['severity'], key: string, edge: Edge, message: string): Cause {
  return { code, severity, key, message, siteId: edge.site_id };
}
