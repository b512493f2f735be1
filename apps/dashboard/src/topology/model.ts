import { graphql, type ResultOf } from '../queries/graphql.ts';

export const topologySitesQuery = graphql(`
  query TopologySites {
    sites(first: 100) {
      edges {
        node {
          id name location state
          prefixes { prefix }
          tunnelCounts { up total }
          receivedBitsPerSecond sentBitsPerSecond
        }
      }
    }
  }
`);

export const topologyTunnelsQuery = graphql(`
  query TopologyTunnels {
    tunnels(first: 1000) {
      edges {
        node {
          id state since family roundTripMs lossPercent mos aToBBitsPerSecond bToABitsPerSecond
          aToB { lossPercent jitterMs } bToA { lossPercent jitterMs }
          mtu compression { bytesBefore bytesAfter skippedPackets errors }
          a { site { id name } uplink { id label interface } state active remoteEndpoint lastHandshakeAt }
          b { site { id name } uplink { id label interface } state active remoteEndpoint lastHandshakeAt }
        }
      }
    }
  }
`);

export type MapSite = ResultOf<typeof topologySitesQuery>['sites']['edges'][number]['node'];
export type MapTunnel = ResultOf<typeof topologyTunnelsQuery>['tunnels']['edges'][number]['node'];

/** What is chosen on the map; at most one of the two. */
export interface Selection {
  readonly site?: string | undefined;
  readonly tunnel?: string | undefined;
}

export function isActive(tunnel: MapTunnel): boolean {
  return tunnel.a.active || tunnel.b.active;
}

/** `internet ↔ lte`, or just `lte` when both ends are called the same. */
export function uplinkNames({ a, b }: MapTunnel, fromA = true): string {
  const [first, second] = fromA ? [a, b] : [b, a];
  return first.uplink.label === second.uplink.label
    ? first.uplink.label
    : `${first.uplink.label} – ${second.uplink.label}`;
}

export function tunnelTitle(tunnel: MapTunnel): string {
  return `${tunnel.a.site.name} – ${tunnel.b.site.name}, ${uplinkNames(tunnel)}`;
}
