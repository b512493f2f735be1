/** How routers of the site are reached, and what we are called by them: one reading of the kernel, looked up. Pure. */
import { addressesEqual, type IpAddress, PrefixTrie } from '@patronus/net';
import type { Route } from '@patronus/system';
import type { NetworkView } from '../kernel/uplinks.ts';
import type { LanHop } from './learned.ts';

const SEGMENT = 0;

export class LanWays {
  readonly #ways = new PrefixTrie<Route>();
  readonly #addresses: NetworkView['addresses'];

  constructor({ links, addresses, mainRoutes }: NetworkView) {
    this.#addresses = addresses.filter(({ scope, isUsable }) => scope === 'global' && isUsable);
    const working = new Set(links.filter(({ isUp, hasCarrier }) => isUp && hasCarrier).map(({ index }) => index));
    for (const route of mainRoutes) {
      const { type, prefix, interfaceIndex, metric } = route;
      // A router is never looked for behind the default route: what is sent to it would leave the site in the clear.
      if (type !== 'unicast' || prefix.length === 0 || !working.has(interfaceIndex ?? 0)) continue;
      const known = this.#ways.get(SEGMENT, prefix);
      if (known === undefined || metric < known.metric) this.#ways.insert(SEGMENT, prefix, route);
    }
  }

  /** undefined: nothing leads there. */
  hopTo(nextHop: Uint8Array): LanHop | undefined {
    if (this.isOwn(nextHop)) return undefined;
    const family = nextHop.length === 4 ? 4 : 6;
    const way = this.#ways.lookup(SEGMENT, family, nextHop);
    if (way?.interfaceIndex === undefined) return undefined;
    return { interfaceIndex: way.interfaceIndex, gateway: way.gateway ?? { family, bytes: nextHop } };
  }

  isOwn(bytes: Uint8Array): boolean {
    const address: IpAddress = { family: bytes.length === 4 ? 4 : 6, bytes };
    return this.#addresses.some((one) => addressesEqual(one.address, address));
  }

  /** Our addresses of both families on the interface that has this one. */
  ownNextHops(local: IpAddress): { readonly ipv4?: Uint8Array; readonly ipv6?: Uint8Array } {
    const own = this.#addresses.find(({ address }) => addressesEqual(address, local));
    const other = this.#addresses.find(
      ({ interfaceIndex, address }) => interfaceIndex === own?.interfaceIndex && address.family !== local.family,
    );
    const [ipv4, ipv6] = local.family === 4 ? [local, other?.address] : [other?.address, local];
    return {
      ...(ipv4 === undefined ? {} : { ipv4: ipv4.bytes }),
      ...(ipv6 === undefined ? {} : { ipv6: ipv6.bytes }),
    };
  }
}
