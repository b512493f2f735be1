/** What has to change so that the kernel says what is desired: additions before removals, so that no gap opens. Pure. */
import { formatAddress, formatPrefix } from '@patronus/net';
import type { Route } from '@patronus/system';
import type { ProxyNeighbour, Rule } from '@patronus/system/linux';
import type { Desired } from './desired.ts';
import { fabricTable, firstUplinkTable, mostUplinks, protocol } from './plan.ts';

export interface Difference {
  readonly setRoutes: readonly Route[];
  readonly addRules: readonly Rule[];
  readonly removeRules: readonly Rule[];
  readonly removeRoutes: readonly Route[];
  readonly addProxies: readonly ProxyNeighbour[];
  readonly removeProxies: readonly ProxyNeighbour[];
}

export const noDifference: Difference = {
  ...{ setRoutes: [], addRules: [], removeRules: [], removeRoutes: [], addProxies: [], removeProxies: [] },
};

/** `present` may hold anything; only what is ours is looked at. */
export function difference(desired: Desired, present: Desired): Difference {
  const routes = present.routes.filter(isOurRoute);
  const rules = present.rules.filter((rule) => rule.protocol === protocol);
  const presentRoutes = new Set(routes.map(routeText));
  const desiredPlaces = new Set(desired.routes.map(placeText));
  const presentRules = new Set(rules.map(ruleText));
  const desiredRules = new Set(desired.rules.map(ruleText));
  const proxies = present.proxies.filter((proxy) => proxy.protocol === protocol);
  const presentProxies = new Set(proxies.map(proxyText));
  const desiredProxies = new Set(desired.proxies.map(proxyText));
  return {
    setRoutes: desired.routes.filter((route) => !presentRoutes.has(routeText(route))),
    addRules: desired.rules.filter((rule) => !presentRules.has(ruleText(rule))),
    removeRules: rules.filter((rule) => !desiredRules.has(ruleText(rule))),
    // What stands in a desired place is replaced, not removed.
    removeRoutes: routes.filter((route) => !desiredPlaces.has(placeText(route))),
    addProxies: desired.proxies.filter((proxy) => !presentProxies.has(proxyText(proxy))),
    removeProxies: proxies.filter((proxy) => !desiredProxies.has(proxyText(proxy))),
  };
}

export function isEmpty(difference: Difference): boolean {
  return Object.values(difference).every((changes: readonly unknown[]) => changes.length === 0);
}

export function isOurRoute({ table, protocol: by }: Route): boolean {
  return (
    by === protocol && (table === fabricTable || (table >= firstUplinkTable && table < firstUplinkTable + mostUplinks))
  );
}

/** What the kernel keeps at most once. */
function placeText({ table, prefix, metric }: Route): string {
  return `${table} ${formatPrefix(prefix)} ${metric}`;
}

function routeText(route: Route): string {
  const { type, gateway, interfaceIndex, onLink } = route;
  // IPv6 shows refusals as routes by the loopback interface.
  if (type !== 'unicast') return `${placeText(route)} ${type}`;
  const by = gateway === undefined ? 'link' : `${formatAddress(gateway)}${onLink === true ? ' onlink' : ''}`;
  return `${placeText(route)} ${type} ${by} ${interfaceIndex}`;
}

function ruleText({ family, priority, action, table, mark, from, to, suppressPrefixLength, invert }: Rule): string {
  return [
    ...[family, priority, action, table, suppressPrefixLength, invert],
    mark === undefined ? '' : `${mark.value}/${mark.mask}`,
    from === undefined ? '' : formatPrefix(from),
    to === undefined ? '' : formatPrefix(to),
  ].join(' ');
}

function proxyText({ interfaceIndex, address }: ProxyNeighbour): string {
  return `${interfaceIndex} ${formatAddress(address)}`;
}
