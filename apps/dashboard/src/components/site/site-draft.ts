/** A site as a form holds it: every field there and none refused yet. */

export interface EditableSite {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly location: string;
  readonly revision: number;
  readonly reachProbe: string | null;
  readonly prefixes: readonly { readonly prefix: string }[];
  readonly uplinks: readonly {
    readonly id: string;
    readonly label: string;
    readonly interface: string;
    readonly domain: string;
    readonly cost: number;
    readonly port: number;
    readonly bitsPerSecond: number | null;
    readonly publicEndpoints: readonly string[];
    readonly probeTargets: readonly string[];
  }[];
}

export interface UplinkDraft {
  readonly id?: string;
  readonly label: string;
  readonly interface: string;
  readonly domain: string;
  readonly cost: number | string;
  /** Empty: the controller chooses. */
  readonly port: number | string;
  /** What the line carries, Mbit/s; empty: nobody knows. */
  readonly megabits: number | string;
  readonly publicEndpoints: string[];
  /** Empty: the gateway of its network. */
  readonly probeTargets: string[];
}

export interface SiteDraft {
  readonly name: string;
  readonly location: string;
  readonly description: string;
  readonly prefixes: string[];
  /** Empty: none. */
  readonly reachProbe: string;
  readonly uplinks: UplinkDraft[];
}

export function draftOf(site: EditableSite | undefined): SiteDraft {
  if (!site) return { name: '', location: '', description: '', prefixes: [], reachProbe: '', uplinks: [newUplink()] };
  return {
    name: site.name,
    location: site.location,
    description: site.description,
    prefixes: site.prefixes.map(({ prefix }) => prefix),
    reachProbe: site.reachProbe ?? '',
    uplinks: site.uplinks.map(({ bitsPerSecond, ...uplink }) => ({
      ...uplink,
      megabits: bitsPerSecond === null ? '' : bitsPerSecond / 1e6,
      publicEndpoints: [...uplink.publicEndpoints],
      probeTargets: [...uplink.probeTargets],
    })),
  };
}

export function newUplink(): UplinkDraft {
  return {
    label: 'internet',
    interface: '',
    domain: 'internet',
    cost: 10,
    port: '',
    megabits: '',
    publicEndpoints: [],
    probeTargets: [],
  };
}

/** What the controller takes: fields left empty are left out, so that its own defaults hold. */
export function uplinkInput(uplink: UplinkDraft) {
  const { id, label, interface: name, domain, cost, port, megabits, publicEndpoints, probeTargets } = uplink;
  return {
    ...(id !== undefined && { id }),
    label: label.trim(),
    interface: name.trim(),
    ...(domain.trim() && { domain: domain.trim() }),
    ...(typeof cost === 'number' && { cost }),
    ...(typeof port === 'number' && { port }),
    bitsPerSecond: typeof megabits === 'number' ? Math.round(megabits * 1e6) : null,
    publicEndpoints,
    probeTargets,
  };
}
