/**
 * Policies as edges are told them: sites resolved to their prefixes, uplink labels to the edge's own uplinks, and equal
 * wishes about paths gathered into one treatment, so that an edge keeps few path groups.
 */
import type { Model, Policy, Uplink } from './model.ts';
import {
  DEFAULT_TREATMENT,
  type PathPreference,
  type PolicyAction,
  type Priority,
  type Treatment,
} from './treatment.ts';

export interface CompiledPolicy {
  readonly id: string;
  readonly name: string;
  readonly match: {
    readonly segment?: number;
    readonly sources?: string[];
    readonly destinations?: string[];
    readonly protocol?: number;
    readonly ports?: [number, number][];
    readonly dscp?: number[];
    readonly applications?: string[];
  };
  readonly action: PolicyAction;
  readonly breakoutUplinks: string[];
  readonly treatment: string;
  readonly priority: Priority;
  readonly limitPercent: number | null;
  readonly mark: number | null;
  readonly compression: number | null;
}

export interface CompiledTreatment {
  readonly id: string;
  readonly slaClassId: string | null;
  readonly path: CompiledPathPreference;
}
export type CompiledPathPreference =
  | Exclude<PathPreference, { mode: 'ordered' | 'balance' }>
  | { readonly mode: 'ordered'; readonly labels: string[] }
  | { readonly mode: 'balance'; readonly weights: { readonly label: string; readonly weight: number }[] };

/** What a policy wishes of paths, in one word that equal wishes share: `t-` and a hash. */
export function treatmentOf({ slaClassId = null, path = DEFAULT_TREATMENT.path }: Policy): Treatment {
  if (slaClassId === null && path.mode === DEFAULT_TREATMENT.path.mode) return DEFAULT_TREATMENT;
  return { id: `t-${hash(JSON.stringify([slaClassId, path]))}`, slaClassId, path };
}

/** The treatments of all policies but the default one, each once. */
export function compileTreatments(policies: readonly Policy[]): CompiledTreatment[] {
  const byId = new Map(policies.map(treatmentOf).map((treatment) => [treatment.id, treatment]));
  byId.delete(DEFAULT_TREATMENT.id);
  return [...byId.values()].map(({ path, ...rest }) => ({ ...rest, path: copyPath(path) }));
}

/** `uplinks`: those of the edge that it is compiled for. */
function compilePolicy(model: Model, uplinks: readonly Uplink[], policy: Policy): CompiledPolicy {
  const {
    id,
    name,
    match,
    compression,
    action = 'allow',
    priority = 'normal',
    limitPercent = null,
    mark = null,
  } = policy;
  const { segment, protocol, ports, dscp, applications } = match;
  const sources = sitePrefixes(model, match.sources, match.sourceSites);
  const destinations = sitePrefixes(model, match.destinations, match.destinationSites);
  return {
    id,
    name,
    match: {
      ...(segment === undefined ? {} : { segment }),
      ...(sources === undefined ? {} : { sources }),
      ...(destinations === undefined ? {} : { destinations }),
      ...(protocol === undefined ? {} : { protocol }),
      ...(ports === undefined ? {} : { ports: ports.map(([first, last]): [number, number] => [first, last]) }),
      ...(dscp === undefined ? {} : { dscp: [...dscp] }),
      ...(applications === undefined ? {} : { applications: [...applications] }),
    },
    action,
    breakoutUplinks: action === 'breakout' ? breakoutUplinks(uplinks, policy.breakoutLabels ?? []) : [],
    treatment: treatmentOf(policy).id,
    priority,
    limitPercent,
    mark,
    compression,
  };
}

/** The policies of one edge in their order. One that is only for sites without prefixes matches nothing: left out. */
export function compilePolicies(model: Model, uplinks: readonly Uplink[]): CompiledPolicy[] {
  return model.policies
    .map((policy) => compilePolicy(model, uplinks, policy))
    .filter(({ match }) => match.sources?.length !== 0 && match.destinations?.length !== 0);
}

/** The prefixes named and those of the sites: LANs and stock peers. Undefined when neither is given: anywhere. */
export function sitePrefixes(
  { sites, peers }: Pick<Model, 'sites' | 'peers'>,
  prefixes: readonly string[] | undefined,
  siteIds: readonly string[] | undefined,
): string[] | undefined {
  if (prefixes === undefined && siteIds === undefined) return undefined;
  const ofSites = (siteIds ?? []).flatMap((siteId) => [
    ...sites.filter(({ id }) => id === siteId).flatMap((site) => site.prefixes),
    ...peers.filter((peer) => peer.siteId === siteId).flatMap(({ allowed }) => allowed),
  ]);
  return [...new Set([...(prefixes ?? []), ...ofSites.map(({ prefix }) => prefix)])];
}

/** Ids of the uplinks that these labels stand for, in order; no label: all, cheapest first. */
export function breakoutUplinks(uplinks: readonly Uplink[], labels: readonly string[]): string[] {
  const cheapestFirst = [...uplinks].sort((a, b) => a.cost - b.cost || (a.id < b.id ? -1 : 1));
  if (labels.length === 0) return cheapestFirst.map(({ id }) => id);
  return labels.flatMap((label) => cheapestFirst.filter((uplink) => uplink.label === label).map(({ id }) => id));
}

function copyPath(path: PathPreference): CompiledPathPreference {
  if (path.mode === 'ordered') return { mode: path.mode, labels: [...path.labels] };
  if (path.mode === 'balance') return { mode: path.mode, weights: path.weights.map((one) => ({ ...one })) };
  return path;
}

/** FNV-1a over two halves, 16 hex digits: a name, not a protection. */
function hash(text: string): string {
  let [low, high] = [0x811c9dc5, 0xcbf29ce4];
  for (let at = 0; at < text.length; at++) {
    low = Math.imul(low ^ text.charCodeAt(at), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(text.length - 1 - at), 0x01000193);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, '0')).join('');
}
