/**
 * What a model has to fulfil before it goes out. An error is refused: it cannot work. A warning may be meant, and is
 * shown to the author. Each finding is a counterexample in words: which sites, which prefix, what would happen.
 */
import { type Prefix, parsePrefix, prefixCovers, prefixesEqual } from '@patronus/net';
import { bfdPeerChecks } from './checkBfdPeers.ts';
import { bgpChecks } from './checkBgp.ts';
import { policyChecks } from './checkPolicies.ts';
import { uplinkProbes } from './checkUplinkProbes.ts';
import type { Model, Site, SitePrefix } from './model.ts';
import { tunnelsOf } from './tunnels.ts';

export interface Finding {
  readonly severity: 'error' | 'warning';
  /** Stable, for programs: `PREFIX_AT_TWO_SITES`. */
  readonly code: string;
  readonly message: string;
  readonly siteIds: readonly string[];
  /** The policy it is about. */
  readonly policyId?: string;
}

/** Every check in the order in which its findings are shown. */
const checks: readonly ((model: Model) => Finding[])[] = [
  invalidPrefixes,
  duplicateSiteNames,
  prefixesAtTwoSites,
  prefixesOverlappingOverlay,
  duplicatePorts,
  duplicateInterfaces,
  duplicatePeerKeys,
  unreachablePairs,
  singleUplinkSites,
  invalidReachProbes,
  uplinkProbes,
  ...policyChecks,
  ...bfdPeerChecks,
  ...bgpChecks,
];

/** All findings; none of severity `error` means that the model can be compiled. */
export function check(model: Model): Finding[] {
  return checks.flatMap((one) => one(model));
}

interface Owned {
  readonly site: Site;
  readonly declared: SitePrefix;
  readonly prefix: Prefix;
}

function ownedPrefixes(model: Model): Owned[] {
  return model.sites.flatMap((site) =>
    site.prefixes.flatMap((declared) => {
      const parsed = parsePrefix(declared.prefix);
      return parsed.ok ? [{ site, declared, prefix: parsed.value }] : [];
    }),
  );
}

function invalidPrefixes(model: Model): Finding[] {
  return model.sites.flatMap((site) =>
    site.prefixes.flatMap((declared) => {
      const parsed = parsePrefix(declared.prefix);
      if (!parsed.ok) return [error('PREFIX_INVALID', `site ${site.name}: ${parsed.error.message}`, [site])];
      if (parsed.value.length > 0) return [];
      return [
        error(
          'PREFIX_IS_DEFAULT',
          `site ${site.name}: ${declared.prefix} is the default route, not a LAN; name the networks behind the site`,
          [site],
        ),
      ];
    }),
  );
}

function duplicateSiteNames(model: Model): Finding[] {
  return pairs(model.sites)
    .filter(([one, other]) => one.name.toLowerCase() === other.name.toLowerCase())
    .map(([one, other]) =>
      error('SITE_NAME_TAKEN', `two sites are called ${one.name}; give one of them another name`, [one, other]),
    );
}

/** Nesting is normal routing; the same prefix twice needs a declared preference at both sites. */
function prefixesAtTwoSites(model: Model): Finding[] {
  return pairs(ownedPrefixes(model))
    .filter(
      ([one, other]) => one.declared.segment === other.declared.segment && prefixesEqual(one.prefix, other.prefix),
    )
    .filter(([one, other]) => one.site === other.site || !areShared(one, other))
    .map(([one, other]) =>
      one.site === other.site
        ? error('PREFIX_TWICE', `site ${one.site.name} lists ${one.declared.prefix} twice; keep one`, [one.site])
        : error(
            'PREFIX_AT_TWO_SITES',
            `${one.declared.prefix} is a LAN of ${one.site.name} and of ${other.site.name}: a packet for it could go to either; change one of them, or declare it shared at both with a preference`,
            [one.site, other.site],
          ),
    );
}

function areShared(one: Owned, other: Owned): boolean {
  return one.declared.sharedPreference !== undefined && other.declared.sharedPreference !== undefined;
}

function prefixesOverlappingOverlay(model: Model): Finding[] {
  return model.edges.flatMap((edge) => {
    const host = parsePrefix(`${edge.overlayAddress}/${edge.overlayAddress.includes(':') ? 128 : 32}`);
    if (!host.ok) return [];
    return ownedPrefixes(model)
      .filter((owned) => owned.declared.segment === 0 && prefixCovers(owned.prefix, host.value))
      .map((owned) =>
        error(
          'PREFIX_HOLDS_OVERLAY',
          `${owned.declared.prefix} of ${owned.site.name} holds ${edge.overlayAddress}, the fabric address of ${edge.name}; use a prefix outside the fabric's range`,
          [owned.site],
        ),
      );
  });
}

function duplicatePorts(model: Model): Finding[] {
  return samePairsOfEdge(model, (uplink) => String(uplink.port)).map(([edgeName, one, other]) =>
    error('PORT_TWICE', `${edgeName}: uplinks ${one} and ${other} have the same UDP port; give each its own`, []),
  );
}

function duplicateInterfaces(model: Model): Finding[] {
  return samePairsOfEdge(model, (uplink) => uplink.interface).map(([edgeName, one, other]) =>
    error('INTERFACE_TWICE', `${edgeName}: uplinks ${one} and ${other} name the same interface; give each its own`, []),
  );
}

function samePairsOfEdge(model: Model, key: (uplink: Model['uplinks'][number]) => string): [string, string, string][] {
  return pairs(model.uplinks)
    .filter(([one, other]) => one.edgeId === other.edgeId && key(one) === key(other))
    .map(([one, other]) => [nameOfEdge(model, one.edgeId), one.label, other.label]);
}

function nameOfEdge(model: Model, edgeId: string): string {
  return model.edges.find((edge) => edge.id === edgeId)?.name ?? edgeId;
}

function duplicatePeerKeys(model: Model): Finding[] {
  return pairs(model.peers)
    .filter(([one, other]) => one.uplinkId === other.uplinkId && one.publicKey === other.publicKey)
    .map(([one, other]) =>
      error('PEER_KEY_TWICE', `peers ${one.name} and ${other.name} have the same public key; each needs its own`, []),
    );
}

/** Two enrolled sites of a mesh without a single possible tunnel between them. */
function unreachablePairs(model: Model): Finding[] {
  const reached = new Set(tunnelsOf(model).map((plan) => pairKey(plan.a.siteId, plan.b.siteId)));
  const ready = model.sites.filter((site) => uplinksOf(model, site).some((uplink) => uplink.publicKey !== null));
  return pairs(ready)
    .filter(([one, other]) => !reached.has(pairKey(one.id, other.id)))
    .map(([one, other]) =>
      warning(
        'SITES_UNREACHABLE',
        `${one.name} and ${other.name} have no pair of uplinks that can reach each other (domains ${domainsOf(model, one)} and ${domainsOf(model, other)}); put one uplink of each into the same reachability domain`,
        [one, other],
      ),
    );
}

function singleUplinkSites(model: Model): Finding[] {
  return model.sites
    .filter((site) => uplinksOf(model, site).length === 1)
    .map((site) =>
      warning('SINGLE_UPLINK', `${site.name} has one uplink: when it fails, the site is cut off; add a second one`, [
        site,
      ]),
    );
}

/** The probe goes through the tunnels, so that only a host of the site's own LANs can answer it there. */
function invalidReachProbes(model: Model): Finding[] {
  return model.sites.flatMap((site) => {
    const { reachProbe } = site;
    if (reachProbe == null) return [];
    const host = parsePrefix(`${reachProbe}/${reachProbe.includes(':') ? 128 : 32}`);
    const isOwn =
      host.ok && ownedPrefixes(model).some((one) => one.site === site && prefixCovers(one.prefix, host.value));
    if (isOwn) return [];
    return [
      error(
        'REACH_PROBE_FOREIGN',
        `${reachProbe} is in none of the LANs of ${site.name}; name a host or router of the site that answers to ping`,
        [site],
      ),
    ];
  });
}

function uplinksOf(model: Model, site: Site): Model['uplinks'] {
  const edges = new Set(model.edges.filter((edge) => edge.siteId === site.id).map((edge) => edge.id));
  return model.uplinks.filter((uplink) => edges.has(uplink.edgeId));
}

function domainsOf(model: Model, site: Site): string {
  return [...new Set(uplinksOf(model, site).map((uplink) => uplink.domain))].sort().join(', ') || 'none';
}

function pairKey(one: string, other: string): string {
  return one < other ? `${one} ${other}` : `${other} ${one}`;
}

function pairs<T>(values: readonly T[]): [T, T][] {
  return values.flatMap((one, index) => values.slice(index + 1).map((other): [T, T] => [one, other]));
}

function error(code: string, message: string, sites: readonly Site[]): Finding {
  return { severity: 'error', code, message, siteIds: sites.map((site) => site.id) };
}

function warning(code: string, message: string, sites: readonly Site[]): Finding {
  return { severity: 'warning', code, message, siteIds: sites.map((site) => site.id) };
}
