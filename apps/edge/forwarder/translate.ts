/** From the configuration to what the forwarder is told. Pure. */

import type { ConfigureCommand, ForwarderClass, ForwarderRoute, ForwarderUplink } from '@patronus/forwarder';
import { formatPrefix, hostPrefix, parseAddress } from '@patronus/net';
import type { Configuration, SegmentPrefix, TrafficClass, UplinkConfiguration } from '@patronus/protocol';

/** The whole of what the packet path knows. `uplinks` bring the keys, which are in no configuration. */
export function translate(
  configuration: Configuration,
  uplinks: readonly ForwarderUplink[],
  serial: number,
): ConfigureCommand {
  const { classes, edge, edges, local, mtu, peers, routes, tunnels } = configuration;
  return {
    type: 'configure',
    serial,
    mtu,
    uplinks: uplinks.map((uplink) => ({ ...uplink, ...rateOf(configuration.uplinks, uplink.id) })),
    overlayAddress: edge.overlayAddress,
    local: [...local, hostOf(edge.overlayAddress)],
    tunnels: tunnels.map(({ id, uplinkId, family, remote }) => ({
      ...{ id, uplinkId, family },
      edgeId: remote.edgeId,
      publicKey: remote.publicKey,
      endpoints: remote.endpoints,
    })),
    // An edge speaks for its site, and for itself.
    edges: edges.map(({ id, allowed, overlayAddress }) => ({ id, allowed: [...allowed, hostOf(overlayAddress)] })),
    peers: peers.map(({ id, uplinkId, publicKey, presharedKey, allowed }) => ({
      ...{ id, uplinkId, publicKey, allowed },
      presharedKey: presharedKey ?? null,
    })),
    routes: [
      ...routes,
      ...edges.map(({ id, overlayAddress }): ForwarderRoute => ({ ...hostOf(overlayAddress), nextHops: [id] })),
      ...peers.flatMap(({ id, allowed }) => allowed.map((prefix) => ({ ...prefix, nextHops: [], peerId: id }))),
    ],
    classes: classes.map(classOf),
  };
}

function rateOf(uplinks: readonly UplinkConfiguration[], id: string): Pick<ForwarderUplink, 'bitsPerSecond'> {
  const bitsPerSecond = uplinks.find((one) => one.id === id)?.bitsPerSecond;
  return bitsPerSecond === undefined ? {} : { bitsPerSecond };
}

/** Its name is for people alone. */
function classOf({ id, match, compression }: TrafficClass): ForwarderClass {
  const given = Object.entries(match).filter(([, value]) => value !== undefined);
  return { id, match: Object.fromEntries(given), compression };
}

function hostOf(overlayAddress: string): SegmentPrefix {
  return { segment: 0, prefix: formatPrefix(hostPrefix(parseAddress(overlayAddress)!)) };
}
