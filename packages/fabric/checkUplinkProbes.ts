/** What hosts that tell whether the internet is reached have to fulfil: they are out there, by every uplink's own way. */
import { type Prefix, parsePrefix, prefixCovers } from '@patronus/net';
import type { Finding } from './check.ts';
import type { Model, Site } from './model.ts';

/** Nobody answers there: this host, loopback, link-local, groups (RFC 6890, RFC 4291). */
const silentRanges: readonly (readonly [string, string])[] = [
  ['0.0.0.0/8', 'stands for "this host"'],
  ['127.0.0.0/8', 'is the gateway itself'],
  ['169.254.0.0/16', 'is link-local'],
  ['224.0.0.0/3', 'is a group, or of no use'],
  ['::/127', 'is the gateway itself, or nothing'],
  ['fe80::/10', 'is link-local'],
  ['ff00::/8', 'is a group'],
];

export function uplinkProbes(model: Model): Finding[] {
  return model.uplinks.flatMap(({ label, edgeId, probeTargets = [] }) => {
    const siteId = model.edges.find(({ id }) => id === edgeId)?.siteId;
    const site = model.sites.find(({ id }) => id === siteId);
    if (site === undefined) return [];
    return probeTargets.flatMap((target) => {
      const why = whyNot(model, target);
      return why === undefined ? [] : [finding(site, label, target, why)];
    });
  });
}

function whyNot({ sites }: Model, target: string): string | undefined {
  const host = prefixOf(`${target}/${target.includes(':') ? 128 : 32}`);
  if (host === undefined) return 'is no address';
  const silent = silentRanges.find(([range]) => prefixCovers(prefixOf(range)!, host));
  if (silent !== undefined) return silent[1];
  const inside = sites.find(({ prefixes }) =>
    prefixes.some(({ segment, prefix }) => {
      const lan = prefixOf(prefix);
      return segment === 0 && lan !== undefined && prefixCovers(lan, host);
    }),
  );
  return inside === undefined ? undefined : `lies in a LAN of ${inside.name}, which is reached through the tunnels`;
}

function prefixOf(text: string): Prefix | undefined {
  const parsed = parsePrefix(text);
  return parsed.ok ? parsed.value : undefined;
}

function finding(site: Site, label: string, target: string, why: string): Finding {
  const message = `the uplink ${label} of ${site.name} is to ask ${target}, which ${why}; name a host of the internet that answers to ping`;
  return { severity: 'error', code: 'PROBE_TARGET_UNFIT', message, siteIds: [site.id] };
}
