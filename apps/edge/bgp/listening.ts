/** Where an edge listens for BGP: at its address in the fabric, and on the LANs where routers are. Never on an uplink. Pure. */
import { formatAddress, type IpAddress, parseAddress } from '@patronus/net';
import type { Configuration } from '@patronus/protocol';
import { tunName } from '../kernel/plan.ts';
import type { NetworkView } from '../kernel/uplinks.ts';

export interface Place {
  readonly address: IpAddress;
  /** Nothing that comes by another interface is taken, whatever address it names. */
  readonly device: string;
}

export function placesOf(
  { bgp, edge, uplinks }: Configuration,
  { links, addresses }: Pick<NetworkView, 'links' | 'addresses'>,
): Place[] {
  if (bgp === undefined) return [];
  const uplinkNames = new Set(uplinks.map((uplink) => uplink.interface));
  const lans = links.filter(({ name }) => name !== tunName && name !== 'lo' && !uplinkNames.has(name));
  const routers = bgp.neighbours.map((neighbour) => ({
    device: neighbour.interface,
    family: parseAddress(neighbour.address)?.family,
  }));
  const isWanted = (name: string, family: number) =>
    routers.some((router) => router.family === family && (router.device === null || router.device === name));
  const onLans = lans.flatMap(({ index, name }) =>
    addresses
      .filter(({ interfaceIndex, scope, isUsable }) => interfaceIndex === index && scope === 'global' && isUsable)
      .filter(({ address }) => isWanted(name, address.family))
      .map(({ address }): Place => ({ address, device: name })),
  );
  const overlay = parseAddress(edge.overlayAddress);
  // The TUN has the address once it is settled.
  const hasOverlay = overlay !== undefined && addresses.some(({ address }) => sameAs(address, overlay));
  return [...(hasOverlay && bgp.fabric.length > 0 ? [{ address: overlay, device: tunName }] : []), ...onLans];
}

export function placeText({ address, device }: Place): string {
  return `${formatAddress(address)}%${device}`;
}

function sameAs(one: IpAddress, other: IpAddress): boolean {
  return formatAddress(one) === formatAddress(other);
}
