/** The kernel's tables and rules behind one narrow interface, so that the reconciler can be tried without root. */
import type { Links, Route } from '@patronus/system';
import {
  LinuxAddresses,
  LinuxLinks,
  LinuxProxyNeighbours,
  LinuxRoutes,
  LinuxRules,
  NetlinkSocket,
  NetworkMonitor,
  type Rule,
  writeSysctl,
} from '@patronus/system/linux';
import { messageOf } from '../errors.ts';
import { type Desired, mainTable } from './desired.ts';
import type { Difference } from './difference.ts';
import { protocol } from './plan.ts';
import type { NetworkView } from './uplinks.ts';

export interface Kernel {
  view(): NetworkView;
  /** Routes and rules that carry our protocol number. */
  present(): Desired;
  /** Does what it can; the complaints of the rest. */
  apply(difference: Difference): readonly string[];
  /** Whether anybody else changed something since the last call. */
  hasChanged(): boolean;
  readonly links: Links;
  readonly addresses: Pick<LinuxAddresses, 'list' | 'add' | 'remove'>;
  close(): void;
}

/** The network namespace this process is in. `onNews`: there may be something for `hasChanged` to see. */
export function openKernel(onNews?: () => void): Kernel {
  const socket = new NetlinkSocket();
  const monitor = new NetworkMonitor([socket.port], onNews);
  const links = new LinuxLinks(socket);
  const addresses = new LinuxAddresses(socket);
  const routes = new LinuxRoutes(socket);
  const rules = new LinuxRules(socket);
  const proxies = new LinuxProxyNeighbours(socket);
  return {
    links,
    addresses,
    view: () => ({ links: links.list(), addresses: addresses.list(), mainRoutes: routes.list({ table: mainTable }) }),
    present: () => ({
      routes: routes.list({ protocol }),
      rules: rules.list().filter((rule) => rule.protocol === protocol),
      proxies: proxies.list().filter((proxy) => proxy.protocol === protocol),
    }),
    apply: (difference) => [...apply(routes, rules, difference), ...answer(links, proxies, difference)],
    hasChanged: () => monitor.drain().size > 0,
    close: () => {
      monitor.close();
      socket.close();
    },
  };
}

function apply(routes: LinuxRoutes, rules: LinuxRules, difference: Difference): string[] {
  // Link routes first: a gateway is accepted only once its network is known.
  const set = [...difference.setRoutes].sort((a, b) => gatewayLast(a) - gatewayLast(b));
  return [
    ...routes.replaceEach(set).flatMap((error) => (error === undefined ? [] : [error.message])),
    ...complaintsOf(difference.addRules, (rule) => rules.add(rule satisfies Rule)),
    ...complaintsOf(difference.removeRules, (rule) => rules.remove(rule)),
    ...routes.removeEach(difference.removeRoutes).flatMap((error) => (error === undefined ? [] : [error.message])),
  ];
}

const gatewayLast = ({ gateway }: Route) => (gateway === undefined ? 0 : 1);

/** IPv6 answers only where the interface is told to. */
function answer(links: LinuxLinks, proxies: LinuxProxyNeighbours, difference: Difference): string[] {
  return [
    ...complaintsOf(difference.addProxies, (proxy) => {
      const name = links.find(proxy.interfaceIndex)?.name;
      if (proxy.address.family === 6 && name !== undefined) writeSysctl(`net/ipv6/conf/${name}/proxy_ndp`, 1);
      proxies.add(proxy);
    }),
    ...complaintsOf(difference.removeProxies, (proxy) => proxies.remove(proxy)),
  ];
}

/** Does all of it that can be done; what the kernel said to the rest. */
function complaintsOf<Change>(changes: readonly Change[], work: (change: Change) => unknown): string[] {
  return changes.flatMap((change) => {
    try {
      work(change);
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  });
}
