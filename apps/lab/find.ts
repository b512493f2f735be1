/** Sites and uplinks of a lab by name, or an error that lists those there are. */
import { exitCodes, LabError } from './errors.ts';
import type { Layout, SiteLayout, UplinkLayout } from './layout.ts';

export function findUplink(layout: Layout, site: string, label: string): UplinkLayout {
  const found = findSite(layout, site).uplinks.find((uplink) => uplink.label === label);
  if (found !== undefined) return found;
  const known = findSite(layout, site).uplinks.map((uplink) => uplink.label);
  throw new LabError(
    'lab.unknown_uplink',
    `${site} has no uplink "${label}"; it has: ${known.join(', ')}`,
    exitCodes.usage,
  );
}

export function findSite(layout: Layout, name: string): SiteLayout {
  const found = layout.sites.find((site) => site.name === name);
  if (found !== undefined) return found;
  const known = layout.sites.map((site) => site.name);
  throw new LabError('lab.unknown_site', `the lab has no site "${name}"; it has: ${known.join(', ')}`, exitCodes.usage);
}
