/** What the kernel's tables and rules have to say for a configuration, as data. Pure. */
import { hostPrefix, type IpAddress, type Prefix, parseAddress, parsePrefix, prefixOf } from '@patronus/net';
import type { Configuration, SegmentPrefix } from '@patronus/protocol';
import type { Route } from '@patronus/system';
import type { ProxyNeighbour, Rule } from '@patronus/system/linux';
import { type Learned, nothingLearned } from '../bgp/learned.ts';
import {
  breakoutMark,
  breakoutMasks,
  fabricTable,
  metrics,
  priorities,
  protocol,
  uplinkMark,
  uplinkTable,
} from './plan.ts';
import { desiredProxies } from './proxies.ts';
import type { NetworkView, UplinkView } from './uplinks.ts';

export interface Desired {
  readonly routes: readonly Route[];
  readonly rules: readonly Rule[];
  /** Addresses behind us that we answer for on a LAN. */
  readonly proxies: readonly ProxyNeighbour[];
}

const families = [4, 6] as const;

/** Everything while the edge runs. `tunIndex` undefined: the TUN is not there, and only what fails closed stays. */
export function desiredKernel(
  configuration: Configuration,
  uplinks: readonly UplinkView[],
  tunIndex: number | undefined,
  addresses: NetworkView['addresses'],
  learned: Learned = nothingLearned,
): Desired {
  const closed = failClosed(configuration);
  return {
    routes: [
      ...closed.routes,
      ...(tunIndex === undefined ? [] : throughTheTun(configuration, tunIndex)),
      ...(tunIndex === undefined ? [] : learnedRoutes(configuration, tunIndex, learned)),
      ...uplinks.flatMap(uplinkRoutes),
    ],
    rules: [...uplinks.flatMap(uplinkRules), ...breakoutRules(configuration, uplinks), ...closed.rules],
    proxies: tunIndex === undefined ? [] : desiredProxies(configuration, uplinks, tunIndex, addresses),
  };
}

/**
 * What outlives the edge, until it is uninstalled: nothing for another site may leave by the default route while the
 * edge restarts (hardening, fault 16).
 */
export function failClosed(configuration: Configuration): Desired {
  const remote = remotePrefixes(configuration);
  return {
    routes: [
      ...ownPrefixes(configuration).map((prefix) => fabricRoute(prefix, 'throw', metrics.own)),
      ...remote.map((prefix) => fabricRoute(prefix, 'unreachable', metrics.lastResort)),
      ...foreignAllowances(configuration, remote).map((prefix) =>
        fabricRoute(prefix, 'unreachable', metrics.lastResort),
      ),
    ],
    rules: families.map((family) => ({
      ...{ family, priority: priorities.fabric, action: 'lookup' as const, table: fabricTable, protocol },
    })),
    proxies: [],
  };
}

function throughTheTun(configuration: Configuration, interfaceIndex: number): Route[] {
  return remotePrefixes(configuration).map((prefix) => ({
    ...fabricRoute(prefix, 'unicast', metrics.fabric),
    interfaceIndex,
  }));
}

function fabricRoute(prefix: Prefix, type: Route['type'], metric: number): Route {
  return { prefix, table: fabricTable, type, metric, protocol };
}

/** Of other sites, of the edges there, and of the stock peers that hang on this edge. */
function remotePrefixes({ routes, edges, peers }: Configuration): Prefix[] {
  return distinct([
    ...inDefaultSegment(routes),
    ...edges.map(({ overlayAddress }) => parseAddress(overlayAddress)!).map(hostPrefix),
    ...inDefaultSegment(peers.flatMap(({ allowed }) => allowed)),
  ]);
}

/** What BGP brought. A router of the site leads to its routes itself; those of other edges are behind the TUN. */
export function learnedRoutes(configuration: Configuration, tunIndex: number, { fabric, lan }: Learned): Route[] {
  const present = new Set(remotePrefixes(configuration).map(keyOf));
  return [
    ...lan.map(
      ({ prefix, gateway, interfaceIndex }): Route => ({
        ...fabricRoute(prefix, 'unicast', metrics.lan),
        ...{ gateway, interfaceIndex },
      }),
    ),
    ...fabric
      .filter(({ prefix }) => !present.has(keyOf(prefix)))
      .map(({ prefix }): Route => ({ ...fabricRoute(prefix, 'unicast', metrics.fabric), interfaceIndex: tunIndex })),
  ];
}

/** What only other sites may bring: never by the default route, also while nobody brings it. */
function foreignAllowances({ bgp, edge }: Configuration, remote: readonly Prefix[]): Prefix[] {
  const present = new Set(remote.map(keyOf));
  const parsed = (isOwn: boolean) =>
    (bgp?.allowances ?? [])
      .filter(({ siteId }) => (siteId === edge.siteId) === isOwn)
      .flatMap(({ prefixes }) => inDefaultSegment(prefixes.map(({ prefix }) => ({ segment: 0, prefix }))));
  const own = new Set(parsed(true).map(keyOf));
  return distinct(parsed(false)).filter((prefix) => !own.has(keyOf(prefix)) && !present.has(keyOf(prefix)));
}

function keyOf(prefix: Prefix): string {
  return `${prefix.bytes}/${prefix.length}`;
}

/** The site's own, but for what a stock peer of this edge holds: that is behind the TUN. */
function ownPrefixes({ local, peers }: Configuration): Prefix[] {
  const behindTun = new Set(peers.flatMap(({ allowed }) => allowed).map(({ prefix }) => prefix));
  return distinct(inDefaultSegment(local.filter(({ prefix }) => !behindTun.has(prefix))));
}

/** The kernel's tables are segment 0; other segments never meet them. */
function inDefaultSegment(prefixes: readonly SegmentPrefix[]): Prefix[] {
  return prefixes
    .filter(({ segment }) => segment === 0)
    .map(({ prefix }) => parsePrefix(prefix))
    .flatMap((parsed) => (parsed.ok ? [parsed.value] : []));
}

function distinct(prefixes: readonly Prefix[]): Prefix[] {
  return [...new Map(prefixes.map((prefix) => [keyOf(prefix), prefix])).values()];
}

/** Its networks on the link, the default by its gateway, and behind both a refusal: never another uplink. */
function uplinkRoutes({ number, interfaceIndex, addresses, exits, isUp }: UplinkView): Route[] {
  const common = { table: uplinkTable(number), protocol };
  const refusals = families.map(
    (family): Route => ({ ...common, prefix: anywhere(family), type: 'unreachable', metric: metrics.lastResort }),
  );
  // A link without carrier takes its IPv4 routes with it; they are made anew when it is back.
  if (interfaceIndex === undefined || !isUp) return refusals;
  const onLink = distinct(addresses.map(({ network }) => network)).map(
    (prefix): Route => ({ ...common, prefix, type: 'unicast', metric: metrics.uplink, interfaceIndex }),
  );
  const defaults = families.flatMap((family): Route[] => {
    const exit = exits[family];
    if (exit === undefined || !addresses.some(({ address }) => address.family === family)) return [];
    const way = exit.gateway === undefined ? {} : gatewayBy(exit.gateway, onLink);
    return [{ ...common, prefix: anywhere(family), type: 'unicast', metric: metrics.uplink, interfaceIndex, ...way }];
  });
  return [...onLink, ...defaults, ...refusals];
}

/** Some providers put the gateway outside of the network they hand out. */
function gatewayBy(gateway: IpAddress, onLink: readonly Route[]): Pick<Route, 'gateway' | 'onLink'> {
  const isCovered = onLink.some(({ prefix }) => prefix.family === gateway.family && covers(prefix, gateway));
  return isCovered || gateway.family === 6 ? { gateway } : { gateway, onLink: true };
}

function covers(prefix: Prefix, address: IpAddress): boolean {
  return String(prefixOf(address, prefix.length).bytes) === String(prefix.bytes);
}

function uplinkRules({ number, addresses }: UplinkView): Rule[] {
  const lookup = { action: 'lookup', table: uplinkTable(number), protocol } as const;
  const mark = { value: uplinkMark(number), mask: 0xffff_ffff };
  return [
    ...families.map((family): Rule => ({ ...lookup, family, priority: priorities.mark, mark })),
    ...addresses.flatMap(({ address }): Rule[] => {
      const from = { family: address.family, from: hostPrefix(address) };
      return [
        { ...from, action: 'lookup', table: mainTable, protocol, priority: priorities.known, suppressPrefixLength: 0 },
        { ...lookup, ...from, priority: priorities.source },
      ];
    }),
  ];
}

/** Only where a policy breaks out. What carries such a mark never finds a prefix of the fabric behind an uplink. */
function breakoutRules({ policies }: Configuration, uplinks: readonly UplinkView[]): Rule[] {
  if (!policies.some(({ action }) => action === 'breakout')) return [];
  const any = { value: breakoutMark(0), mask: breakoutMasks.any };
  return families.flatMap((family): Rule[] => {
    const lookup = { family, action: 'lookup', protocol } as const;
    const exact = { ...lookup, mark: any, suppressPrefixLength: 0 };
    return [
      { ...exact, priority: priorities.breakoutFabric, table: fabricTable },
      { ...exact, priority: priorities.breakoutKnown, table: mainTable },
      ...uplinks.map(({ number }): Rule => {
        const mark = { value: breakoutMark(number), mask: breakoutMasks.uplink };
        return { ...lookup, priority: priorities.breakout, table: uplinkTable(number), mark };
      }),
    ];
  });
}

export const mainTable = 254;

function anywhere(family: 4 | 6): Prefix {
  return { family, bytes: new Uint8Array(family === 4 ? 4 : 16), length: 0 };
}
