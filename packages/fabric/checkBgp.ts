/** What BGP of a model has to fulfil: sessions that can come up, and no prefix that two sites claim without a word. */
import { type Prefix, parseAddress, parsePrefix, prefixCovers } from '@patronus/net';
import {
  type BgpAllowance,
  type BgpIntent,
  type BgpNeighbour,
  LONGEST_BGP_KEY,
  MAX_BGP_ALLOWANCES,
  MAX_BGP_NEIGHBOURS,
} from './bgp.ts';
import type { Finding } from './check.ts';
import { compact } from './compileBgp.ts';
import type { Edge, Model, Site } from './model.ts';

export const bgpChecks: readonly ((model: Model) => Finding[])[] = [
  each((model, bgp) => invalidAs(model, bgp)),
  each((model, bgp) => bgp.neighbours.flatMap((neighbour) => checkNeighbour(model, bgp, neighbour))),
  each((model, bgp) => bgp.allowances.flatMap((allowance) => checkAllowance(model, allowance))),
  each(overlappingAllowances),
  each(allowancesOverLans),
  each(tooMany),
];

function each(one: (model: Model, bgp: BgpIntent) => Finding[]): (model: Model) => Finding[] {
  return (model) => (model.bgp === undefined ? [] : one(model, model.bgp));
}

const AS_TRANS = 23_456;
const LAST_AS = 4_294_967_295;

/** Undefined: it can be somebody's. */
function wrongAs(as: number): string | undefined {
  if (as === 0) return 'AS 0 is nobody (RFC 7607)';
  if (as === AS_TRANS) return 'AS 23456 stands for others (RFC 6793)';
  if (as === 65_535 || as === LAST_AS) return `AS ${as} is reserved (RFC 7300)`;
  if (!Number.isInteger(as) || as < 0 || as > LAST_AS) return `${as} is no AS number`;
  return undefined;
}

function invalidAs({ sites }: Model, { as }: BgpIntent): Finding[] {
  const wrong = wrongAs(as);
  const advice = 'give the fabric a private one, 64512 to 65534 or 4200000000 to 4294967294';
  return wrong === undefined ? [] : [error('BGP_AS', `the fabric's AS number: ${wrong}; ${advice}`, sites)];
}

function checkNeighbour(model: Model, bgp: BgpIntent, neighbour: BgpNeighbour): Finding[] {
  const edge = model.edges.find(({ id }) => id === neighbour.edgeId);
  const site = model.sites.find(({ id }) => id === edge?.siteId);
  if (edge === undefined || site === undefined) return [];
  const { address, holdSeconds, keepaliveSeconds, key } = neighbour;
  const found = (code: string, words: string) => [
    error(code, `the BGP neighbour ${neighbour.name} (${address}) of ${edge.name}: ${words}`, [site]),
  ];
  const wrong = wrongAs(neighbour.remoteAs);
  if (wrong !== undefined) return found('BGP_NEIGHBOUR_AS', wrong);
  if (neighbour.remoteAs === bgp.as) {
    const words = `AS ${bgp.as} is the fabric's own; its routes would never leave the gateway: give the router, or the fabric, another`;
    return found('BGP_NEIGHBOUR_AS', words);
  }
  if (isTwin(bgp, neighbour)) return found('BGP_NEIGHBOUR_TWICE', 'it is there twice; keep one');
  if (holdSeconds === 1 || holdSeconds === 2) {
    return found('BGP_NEIGHBOUR_HOLD', 'a hold time is 0 or at least 3 seconds (RFC 4271 §4.2)');
  }
  if (keepaliveSeconds !== null && keepaliveSeconds >= holdSeconds) {
    const words = `a keepalive every ${keepaliveSeconds} s does not hold a session of ${holdSeconds} s; a third is usual`;
    return found('BGP_NEIGHBOUR_KEEPALIVE', words);
  }
  if (key !== null) {
    const length = new TextEncoder().encode(key).length;
    if (length < 1 || length > LONGEST_BGP_KEY) {
      return found('BGP_NEIGHBOUR_KEY', `its key has ${length} bytes; 1 to ${LONGEST_BGP_KEY} can be used`);
    }
  }
  if (neighbour.gtsm && neighbour.interface === null) {
    return found('BGP_NEIGHBOUR_GTSM', 'a router several hops away cannot prove to be one hop away (RFC 5082)');
  }
  const unreadable = [neighbour.import, neighbour.export]
    .flatMap((policy) => policy?.prefixes ?? [])
    .find((range) => wrongRange(range) !== undefined);
  if (unreadable !== undefined) return found('BGP_NEIGHBOUR_POLICY', wrongRange(unreadable)!);
  return isPlaced(model, edge, site, neighbour)
    ? []
    : found(
        'BGP_NEIGHBOUR_FOREIGN',
        `${neighbour.interface} is no uplink, and none of the site's LANs holds the address; name the right interface, or say that it is several hops away`,
      );
}

function isTwin({ neighbours }: BgpIntent, { id, edgeId, address }: BgpNeighbour): boolean {
  return neighbours.some((other) => other.id < id && other.edgeId === edgeId && other.address === address);
}

/** In a LAN of the site, on the link of an uplink, link-local, or several hops away. */
function isPlaced({ uplinks }: Model, edge: Edge, site: Site, { address, interface: name }: BgpNeighbour): boolean {
  if (name === null || /^fe[89ab][0-9a-f]:/i.test(address)) return true;
  if (uplinks.some((uplink) => uplink.edgeId === edge.id && uplink.interface === name)) return true;
  const host = parseAddress(address);
  return site.prefixes.some(({ prefix }) => {
    const lan = parsePrefix(prefix);
    if (host === undefined || !lan.ok || lan.value.family !== host.family) return false;
    return prefixCovers(lan.value, { ...host, length: host.family === 4 ? 32 : 128 });
  });
}

function wrongRange({ prefix, longest }: { readonly prefix: string; readonly longest: number }): string | undefined {
  const parsed = parsePrefix(prefix);
  if (!parsed.ok) return parsed.error.message;
  const most = parsed.value.family === 4 ? 32 : 128;
  if (longest >= parsed.value.length && longest <= most) return undefined;
  return `${prefix} up to /${longest}: the longest is from ${parsed.value.length} to ${most}`;
}

function checkAllowance({ sites }: Model, allowance: BgpAllowance): Finding[] {
  const site = sites.find(({ id }) => id === allowance.siteId);
  if (site === undefined) return [];
  const wrong = wrongRange(allowance);
  if (wrong !== undefined) return [error('BGP_ALLOWANCE_RANGE', `what ${site.name} may originate: ${wrong}`, [site])];
  if (allowance.prefix.endsWith('/0')) {
    const words = `${site.name} cannot be allowed everything: name the networks behind its routers`;
    return [error('BGP_ALLOWANCE_DEFAULT', words, [site])];
  }
  return [];
}

interface Claim {
  readonly site: Site;
  readonly allowance: BgpAllowance;
  readonly prefix: Prefix;
}

function claimsOf({ sites }: Model, { allowances }: BgpIntent): Claim[] {
  return allowances.flatMap((allowance) => {
    const site = sites.find(({ id }) => id === allowance.siteId);
    const parsed = parsePrefix(allowance.prefix);
    return site !== undefined && parsed.ok ? [{ site, allowance, prefix: parsed.value }] : [];
  });
}

/** A route that two sites may originate needs a word on which of them is preferred. */
function overlappingAllowances(model: Model, bgp: BgpIntent): Finding[] {
  const claims = claimsOf(model, bgp);
  return claims.flatMap((one, index) =>
    claims.slice(index + 1).flatMap((other) => {
      if (one.site === other.site) {
        if (one.allowance.prefix !== other.allowance.prefix) return [];
        const words = `${one.site.name} is allowed ${one.allowance.prefix} twice; keep one`;
        return [error('BGP_ALLOWANCE_TWICE', words, [one.site])];
      }
      if (!canMeet(one, other) || (one.allowance.preference !== null && other.allowance.preference !== null)) return [];
      const words = `${one.site.name} may originate ${compact(one.allowance)} and ${other.site.name} ${compact(other.allowance)}: both may bring the same prefix; narrow one of them, or give both a preference`;
      return [error('BGP_ALLOWANCE_OVERLAP', words, [one.site, other.site])];
    }),
  );
}

/** Whether some prefix is inside both ranges. */
function canMeet(one: Claim, other: Claim): boolean {
  const [wide, narrow] = one.prefix.length <= other.prefix.length ? [one, other] : [other, one];
  return prefixCovers(wide.prefix, narrow.prefix) && wide.allowance.longest >= narrow.prefix.length;
}

/** What a site holds by configuration, no other site's router may draw to itself. Inside of a LAN is normal routing. */
function allowancesOverLans(model: Model, bgp: BgpIntent): Finding[] {
  return claimsOf(model, bgp).flatMap(({ site, allowance, prefix }) =>
    model.sites
      .filter((other) => other !== site)
      .flatMap((other) =>
        other.prefixes.flatMap((lan) => {
          const parsed = parsePrefix(lan.prefix);
          if (!parsed.ok || lan.segment !== 0 || lan.sharedPreference !== undefined) return [];
          if (!prefixCovers(prefix, parsed.value) || allowance.longest < parsed.value.length) return [];
          const words = `${site.name} may originate ${compact(allowance)}, which holds ${lan.prefix}, a LAN of ${other.name}: its routers could draw that traffic away; narrow what it may originate`;
          return [error('BGP_ALLOWANCE_HOLDS_LAN', words, [site, other])];
        }),
      ),
  );
}

function tooMany({ sites, edges }: Model, { neighbours, allowances }: BgpIntent): Finding[] {
  const siteOf = (edge: Edge) => sites.filter(({ id }) => id === edge.siteId);
  return [
    ...edges
      .filter(({ id }) => neighbours.filter(({ edgeId }) => edgeId === id).length > MAX_BGP_NEIGHBOURS)
      .map((edge) =>
        error('BGP_NEIGHBOURS_TOO_MANY', `${edge.name} has more than ${MAX_BGP_NEIGHBOURS} neighbours`, siteOf(edge)),
      ),
    ...sites
      .filter(({ id }) => allowances.filter(({ siteId }) => siteId === id).length > MAX_BGP_ALLOWANCES)
      .map((site) =>
        error(
          'BGP_ALLOWANCES_TOO_MANY',
          `${site.name} has more than ${MAX_BGP_ALLOWANCES} prefixes that it may originate; name a wider one`,
          [site],
        ),
      ),
  ];
}

function error(code: string, message: string, sites: readonly Site[]): Finding {
  return { severity: 'error', code, message, siteIds: sites.map(({ id }) => id) };
}
