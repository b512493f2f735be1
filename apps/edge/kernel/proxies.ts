/**
 * Stock peers whose address lies in a LAN. Hosts there take it for a neighbour and ask for it by ARP or neighbour
 * discovery, so this edge answers in its place (RFC 1027, RFC 4389). Pure.
 */
import { type Prefix, parsePrefix, prefixContains, prefixOf } from '@patronus/net';
import type { Configuration } from '@patronus/protocol';
import type { ProxyNeighbour } from '@patronus/system/linux';
import { protocol } from './plan.ts';
import type { NetworkView, UplinkView } from './uplinks.ts';

/** On each interface that is neither an uplink nor the TUN and stands in a network with the peer's address. */
export function desiredProxies(
  { peers }: Configuration,
  uplinks: readonly UplinkView[],
  tunIndex: number,
  addresses: NetworkView['addresses'],
): ProxyNeighbour[] {
  const outside = new Set([tunIndex, ...uplinks.map(({ interfaceIndex }) => interfaceIndex)]);
  const hosts = peers.flatMap(({ allowed }) =>
    allowed.flatMap(({ segment, prefix }) => (segment === 0 ? hostOf(prefix) : [])),
  );
  return addresses
    .filter(({ interfaceIndex, scope }) => scope === 'global' && !outside.has(interfaceIndex))
    .flatMap(({ interfaceIndex, address, prefixLength }) => {
      const network = prefixOf(address, prefixLength);
      return hosts
        .filter((host) => prefixContains(network, host))
        .map((host) => ({ interfaceIndex, address: { family: host.family, bytes: host.bytes }, protocol }));
    });
}

/** A prefix that is one address. */
function hostOf(text: string): Prefix[] {
  const parsed = parsePrefix(text);
  return parsed.ok && parsed.value.length === parsed.value.bytes.length * 8 ? [parsed.value] : [];
}
