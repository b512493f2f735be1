/** What the kernel says about the uplinks: found by name, with their addresses and gateways. Pure. */
import {
  type Family,
  formatAddress,
  formatEndpoint,
  type IpAddress,
  type Prefix,
  prefixContains,
  prefixOf,
} from '@patronus/net';
import type { UplinkConfiguration, UplinkReport } from '@patronus/protocol';
import type { Link, Route } from '@patronus/system';
import type { InterfaceAddress } from '@patronus/system/linux';
import { mostUplinks } from './plan.ts';

/** One reading of the kernel. */
export interface NetworkView {
  readonly links: readonly Link[];
  readonly addresses: readonly InterfaceAddress[];
  /** The main table. */
  readonly mainRoutes: readonly Route[];
}

export interface OwnAddress {
  readonly address: IpAddress;
  /** Of the network it stands in. */
  readonly network: Prefix;
}

/** The way out by a family; without a gateway the link itself is it (point to point). */
export interface Exit {
  readonly gateway: IpAddress | undefined;
}

export interface UplinkView {
  readonly id: string;
  readonly label: string;
  readonly interface: string;
  readonly port: number;
  /** Of its table and mark; it stays the uplink's own. */
  readonly number: number;
  /** Undefined while there is no interface of that name. */
  readonly interfaceIndex: number | undefined;
  readonly isUp: boolean;
  readonly addresses: readonly OwnAddress[];
  readonly exits: Readonly<Partial<Record<Family, Exit>>>;
}

/** Looks each uplink up. `earlier` gateways are kept while they still lie on a network of the interface. */
export function viewUplinks(
  uplinks: readonly Pick<UplinkConfiguration, 'id' | 'label' | 'interface' | 'port'>[],
  numbers: Readonly<Record<string, number>>,
  network: NetworkView,
  earlier: readonly UplinkView[],
): UplinkView[] {
  return uplinks.map(({ id, label, interface: name, port }) => {
    const link = network.links.find((each) => each.name === name);
    const addresses = link === undefined ? [] : usableAddresses(network.addresses, link.index);
    const before = earlier.find((view) => view.id === id && view.interface === name);
    const exits: Partial<Record<Family, Exit>> = {};
    for (const family of [4, 6] as const) {
      const exit =
        exitBy(network.mainRoutes, link?.index, family) ?? stillThere(before?.exits[family], addresses, family);
      if (link !== undefined && exit !== undefined) exits[family] = exit;
    }
    return {
      ...{ id, label, interface: name, port, addresses, exits },
      number: numbers[id] ?? 0,
      interfaceIndex: link?.index,
      isUp: link?.isUp === true && link.hasCarrier,
    };
  });
}

function usableAddresses(addresses: readonly InterfaceAddress[], interfaceIndex: number): OwnAddress[] {
  return addresses
    .filter((each) => each.interfaceIndex === interfaceIndex && each.scope === 'global' && each.isUsable)
    .map(({ address, prefixLength }) => ({ address, network: prefixOf(address, prefixLength) }));
}

/** The best default route by this interface, as a person or a DHCP client made it. */
function exitBy(routes: readonly Route[], interfaceIndex: number | undefined, family: Family): Exit | undefined {
  const [best] = routes
    .filter((route) => route.type === 'unicast' && route.interfaceIndex === interfaceIndex)
    .filter(({ prefix }) => prefix.family === family && prefix.length === 0)
    .sort((a, b) => a.metric - b.metric);
  return best === undefined ? undefined : { gateway: best.gateway };
}

/** A default route that was flushed by another program does not make the gateway go away. */
function stillThere(exit: Exit | undefined, addresses: readonly OwnAddress[], family: Family): Exit | undefined {
  const gateway = exit?.gateway;
  if (gateway === undefined) return undefined;
  const isLinkLocal = gateway.family === 6 && gateway.bytes[0] === 0xfe && (gateway.bytes[1]! & 0xc0) === 0x80;
  const isNear = isLinkLocal
    ? addresses.some(({ address }) => address.family === family)
    : addresses.some(({ network }) => prefixContains(network, gateway));
  return isNear ? exit : undefined;
}

/** What the controller is told of an uplink: where other edges may find it. */
export function reportUplink(view: UplinkView, publicKey: string): UplinkReport {
  return {
    id: view.id,
    publicKey,
    endpoints: view.addresses.map(({ address }) => formatEndpoint({ address, port: view.port })),
    state: view.isUp && view.addresses.length > 0 ? 'up' : 'down',
  };
}

/** For the channel: the addresses it may connect from, the uplinks that are up first. */
export function localAddresses(views: readonly UplinkView[]): { address: string; uplink: string }[] {
  const upFirst = [...views].sort((a, b) => Number(b.isUp) - Number(a.isUp));
  return upFirst.flatMap(({ addresses, label, exits }) =>
    addresses
      .filter(({ address }) => exits[address.family] !== undefined)
      .map(({ address }) => ({ address: formatAddress(address), uplink: label })),
  );
}

/** Each uplink keeps its number as long as it is configured; new ones get the lowest that is free. */
export function numberUplinks(
  earlier: Readonly<Record<string, number>>,
  ids: readonly string[],
): Readonly<Record<string, number>> {
  const kept = ids.filter((id) => earlier[id] !== undefined).map((id): [string, number] => [id, earlier[id]!]);
  const taken = new Set(kept.map(([, number]) => number));
  const free = Array.from({ length: mostUplinks }, (_, number) => number).filter((number) => !taken.has(number));
  const added = ids
    .filter((id) => earlier[id] === undefined)
    .map((id): [string, number] => {
      const number = free.shift();
      if (number === undefined) throw new RangeError(`an edge has at most ${mostUplinks} uplinks`);
      return [id, number];
    });
  return Object.fromEntries([...kept, ...added]);
}
