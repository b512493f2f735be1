/**
 * How next hops are reached: what the main table says, without our own routes in it, so that a route never resolves
 * through one that came from BGP as well. Read again as a whole when the kernel tells of a change.
 */
import { type IpAddress, PrefixTrie } from '@patronus/net';
import type { Route } from '@patronus/system';
import type { LinuxAddresses, LinuxRoutes } from '@patronus/system/linux';
import { ROUTE_PROTOCOL } from './kernelRoutes.ts';

const MAIN = 254;
const LOCAL = 255;
const SEGMENT = 0;

/** What a packet for a next hop is given to. */
export interface Hop {
  readonly interfaceIndex: number;
  /** The next hop itself, or the router before it. */
  readonly gateway: IpAddress;
  /** The kernel's metric. */
  readonly cost: number;
}

export class Reachability {
  readonly #routes: LinuxRoutes;
  readonly #addresses: LinuxAddresses;
  #ways = new PrefixTrie<Route>();
  #own = new Set<string>();
  #interfaces: readonly { readonly interfaceIndex: number; readonly address: IpAddress; readonly prefix: number }[] =
    [];

  constructor(routes: LinuxRoutes, addresses: LinuxAddresses) {
    this.#routes = routes;
    this.#addresses = addresses;
    this.refresh();
  }

  /** Reads all of it again. */
  refresh(): void {
    const ways = new PrefixTrie<Route>();
    for (const route of this.#routes.list({ table: MAIN })) {
      if (route.type !== 'unicast' || route.interfaceIndex === undefined || route.protocol === ROUTE_PROTOCOL) continue;
      const known = ways.get(SEGMENT, route.prefix);
      if (known === undefined || route.metric < known.metric) ways.insert(SEGMENT, route.prefix, route);
    }
    this.#ways = ways;
    this.#own = new Set(
      this.#routes
        .list({ table: LOCAL })
        .flatMap(({ type, prefix }) => (type === 'local' ? [keyOf(prefix.bytes)] : [])),
    );
    this.#interfaces = this.#addresses
      .list()
      .filter(({ scope, isUsable }) => scope === 'global' && isUsable)
      .map(({ interfaceIndex, address, prefixLength }) => ({ interfaceIndex, address, prefix: prefixLength }));
  }

  isOwnAddress(address: Uint8Array): boolean {
    return this.#own.has(keyOf(address));
  }

  /** undefined: nothing leads there. */
  hopTo(nextHop: Uint8Array): Hop | undefined {
    if (this.isOwnAddress(nextHop)) return undefined;
    const family = nextHop.length === 4 ? 4 : 6;
    const way = this.#ways.lookup(SEGMENT, family, nextHop);
    if (way?.interfaceIndex === undefined) return undefined;
    const gateway = way.gateway ?? { family, bytes: nextHop };
    return { interfaceIndex: way.interfaceIndex, gateway, cost: way.metric };
  }

  /** Our addresses of both families on the interface that has this one: what neighbours there can reach us by. */
  ownNextHops(local: IpAddress): { readonly ipv4?: Uint8Array; readonly ipv6?: Uint8Array } {
    const own = this.#interfaces.find(({ address }) => keyOf(address.bytes) === keyOf(local.bytes));
    const other = this.#interfaces.find(
      ({ interfaceIndex, address }) => interfaceIndex === own?.interfaceIndex && address.family !== local.family,
    );
    const [ipv4, ipv6] = local.family === 4 ? [local, other?.address] : [other?.address, local];
    return {
      ...(ipv4 === undefined ? {} : { ipv4: ipv4.bytes }),
      ...(ipv6 === undefined ? {} : { ipv6: ipv6.bytes }),
    };
  }
}

function keyOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
