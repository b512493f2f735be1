/** The treatments that the policies ask for, each once, with the policies that share it. */
import { compileTreatments, DEFAULT_TREATMENT, type Treatment, treatmentOf } from '@patronus/fabric';
import type { Network, Policy } from './network.ts';

export interface SharedTreatment extends Treatment {
  readonly policies: readonly Policy[];
}

/** A network is one immutable value: worked out once for each. */
const known = new WeakMap<Network, ReadonlyMap<string, SharedTreatment>>();

/** By id; the default one first. */
export function treatmentsOf(network: Network): ReadonlyMap<string, SharedTreatment> {
  const before = known.get(network);
  if (before !== undefined) return before;
  const { policies } = network.model;
  const sharing = Map.groupBy(policies, (policy) => treatmentOf(policy).id);
  const treatments = new Map(
    [DEFAULT_TREATMENT, ...compileTreatments(policies)].map((treatment) => {
      const own = (sharing.get(treatment.id) ?? []).flatMap(({ id }) => network.policies.get(id) ?? []);
      return [treatment.id, { ...treatment, policies: own }];
    }),
  );
  known.set(network, treatments);
  return treatments;
}

/** `t-…` of this policy. */
export function treatmentIdOf(network: Network, policyId: string): string {
  const policy = network.model.policies.find(({ id }) => id === policyId);
  return policy === undefined ? DEFAULT_TREATMENT.id : treatmentOf(policy).id;
}
