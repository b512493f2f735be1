/** The policies as they were at a time, from the configurations that are kept of each edge. */
import { DEFAULT_TREATMENT, type Model, type TrafficMatch } from '@patronus/fabric';
import { type Configuration, configurationSchema, formatVersion } from '@patronus/protocol';
import { tunnelWords } from '@patronus/steering';
import type { Core } from '../core.ts';
import { tunnelLabel } from '../network/labels.ts';
import type { Edge, Network, OwnSlaClass, Policy } from '../network/network.ts';
import { type SharedTreatment, treatmentIdOf, treatmentsOf } from '../network/treatments.ts';

/** What a flow is explained by. */
export interface InForce {
  /** Sites and addresses are those of today, also of a time in the past. */
  readonly model: Model;
  readonly policy: (id: string) => Policy | undefined;
  readonly treatment: (policyId: string | undefined) => SharedTreatment;
  readonly slaClass: (id: string | null) => OwnSlaClass | undefined;
  readonly nameOf: (tunnelId: string, edgeId: string) => string;
  /** Where it is not of today: `1.7`, and when the controller gave it out, ms since 1970. */
  readonly version: { readonly words: string; readonly since: number } | undefined;
}

export function todays(network: Network): InForce {
  const treatments = treatmentsOf(network);
  return {
    model: network.model,
    policy: (id) => network.policies.get(id),
    treatment: (policyId) =>
      treatments.get(policyId === undefined ? DEFAULT_TREATMENT.id : treatmentIdOf(network, policyId))!,
    slaClass: (id) => network.slaClasses.get(id ?? ''),
    nameOf: (tunnelId, edgeId) => tunnelLabel(network, tunnelId, edgeId),
    version: undefined,
  };
}

/** By what the first of these edges was told last before then; undefined: that is forgotten, or there was nothing. */
export async function inForceAt(core: Core, edges: readonly Edge[], at: number): Promise<InForce | undefined> {
  const kept = new Map<string, Stored>();
  for (const { id } of edges) {
    const stored = await configurationAt(core, id, at);
    if (stored !== undefined) kept.set(id, stored);
  }
  const [first] = kept.values();
  return first === undefined ? undefined : fromConfigurations(core.network.current, first, kept);
}

interface Stored {
  readonly configuration: Configuration;
  readonly since: number;
}

async function configurationAt({ store }: Core, edgeId: string, at: number): Promise<Stored | undefined> {
  const row = await store.db
    .selectFrom('configuration_version')
    .select(['payload', 'created_at'])
    .where('edge_id', '=', edgeId)
    .where('created_at', '<=', at)
    .orderBy('epoch', 'desc')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  // An older release wrote it, perhaps: what it lacks has a default.
  const parsed = configurationSchema.safeParse(JSON.parse(row.payload));
  return parsed.success ? { configuration: parsed.data, since: Number(row.created_at) } : undefined;
}

function fromConfigurations(network: Network, first: Stored, kept: ReadonlyMap<string, Stored>): InForce {
  const { configuration, since } = first;
  const { treatments, slaClasses, applications, version } = configuration;
  const wishOf = (id: string) => treatments.find((one) => one.id === id) ?? DEFAULT_TREATMENT;
  const policies = new Map(configuration.policies.map((one, index) => [one.id, policyOf(network, first, one, index)]));
  return {
    model: {
      ...network.model,
      ...{ slaClasses, applications },
      policies: configuration.policies.map(({ breakoutUplinks, treatment, match, ...policy }) => {
        const { slaClassId, path } = wishOf(treatment);
        return { ...policy, slaClassId, path, match: asMatch(match) };
      }),
    },
    policy: (id) => policies.get(id),
    treatment: (policyId) => {
      const id = configuration.policies.find((one) => one.id === policyId)?.treatment ?? DEFAULT_TREATMENT.id;
      const sharing = configuration.policies.filter(({ treatment }) => treatment === id);
      return { ...wishOf(id), policies: sharing.flatMap((one) => policies.get(one.id) ?? []) };
    },
    slaClass: (id) => {
      const found = slaClasses.find((one) => one.id === id);
      const { revision = 0, createdAt = since } = network.slaClasses.get(id ?? '') ?? {};
      return found === undefined ? undefined : { ...found, revision, createdAt };
    },
    nameOf: (tunnelId, edgeId) =>
      configuredName(kept.get(edgeId)?.configuration, tunnelId) ?? tunnelLabel(network, tunnelId, edgeId),
    version: { words: formatVersion(version), since },
  };
}

/** JSON has no undefined: what is not given is absent. */
function asMatch(match: Configuration['policies'][number]['match']): TrafficMatch {
  return match as TrafficMatch;
}

/** In the words of the API. What a configuration does not hold is as it is today, or as a new policy has it. */
function policyOf(
  { organisation, policies }: Network,
  { configuration: { treatments, uplinks }, since }: Stored,
  { id, name, match, action, breakoutUplinks, treatment, priority, ...one }: Configuration['policies'][number],
  index: number,
): Policy {
  const { slaClassId, path } = treatments.find((wish) => wish.id === treatment) ?? DEFAULT_TREATMENT;
  const today = policies.get(id);
  return {
    ...{ id, organisation, name, match: asMatch(match), action, path, priority, position: index + 1 },
    ...{ sla_class_id: slaClassId, limit_percent: one.limitPercent, mark: one.mark },
    compression_level: one.compression,
    breakoutLabels: breakoutUplinks.flatMap(
      (uplinkId) => uplinks.find((uplink) => uplink.id === uplinkId)?.label ?? [],
    ),
    acknowledged_by: today?.acknowledged_by ?? null,
    acknowledged_at: today?.acknowledged_at ?? null,
    revision: today?.revision ?? 0,
    created_at: today?.created_at ?? since,
  };
}

function configuredName(configuration: Configuration | undefined, tunnelId: string): string | undefined {
  const tunnel = configuration?.tunnels.find(({ id }) => id === tunnelId);
  if (configuration === undefined || tunnel === undefined) return undefined;
  const own = configuration.uplinks.find(({ id }) => id === tunnel.uplinkId)?.label ?? '?';
  return tunnelWords(own, tunnel.remote.label || '?', tunnel.family);
}
