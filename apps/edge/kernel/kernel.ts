/** The kernel's tables and rules behind one narrow interface, so that the reconciler can be tried without root. */
import type { Links, Route } from '@patronus/system';
import {
  LinuxAddresses,
  LinuxLinks,
  LinuxRoutes,
  LinuxRules,
  NetlinkSocket,
  NetworkMonitor,
  type Rule,
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

/** The network namespace this process is in. */
export function openKernel(): Kernel {
  const socket = new NetlinkSocket();
  const monitor = new NetworkMonitor([socket.port]);
  const links = new LinuxLinks(socket);
  const addresses = new LinuxAddresses(socket);
  const routes = new LinuxRoutes(socket);
  const rules = new LinuxRules(socket);
  return {
    links,
    addresses,
    view: () => ({ links: links.list(), addresses: addresses.list(), mainRoutes: routes.list({ table: mainTable }) }),
    present: () => ({
      routes: routes.list({ protocol }),
      rules: rules.list().filter((rule) => rule.protocol === protocol),
    }),
    apply: (difference) => apply(routes, rules, difference),
    hasChanged: () => monitor.drain().size > 0,
    close: () => {
      monitor.close();
      socket.close();
    },
  };
}

function apply(routes: LinuxRoutes, rules: LinuxRules, difference: Difference): string[] {
  const complaints: string[] = [];
  const attempt = (work: () => unknown) => {
    try {
      work();
    } catch (error) {
      complaints.push(messageOf(error));
    }
  };
  // Link routes first: a gateway is accepted only once its network is known.
  const set = [...difference.setRoutes].sort((a, b) => gatewayLast(a) - gatewayLast(b));
  complaints.push(...routes.replaceEach(set).flatMap((error) => (error === undefined ? [] : [error.message])));
  for (const rule of difference.addRules) attempt(() => rules.add(rule satisfies Rule));
  for (const rule of difference.removeRules) attempt(() => rules.remove(rule));
  for (const route of difference.removeRoutes) attempt(() => routes.remove(route));
  return complaints;
}

const gatewayLast = ({ gateway }: Route) => (gateway === undefined ? 0 : 1);
