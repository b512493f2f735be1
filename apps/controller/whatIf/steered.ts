/** What an edge steers by, as it is and as it would be, with the same names on both sides so that they compare. */
import {
  type CompiledConfiguration,
  type Model,
  type Policy,
  type SlaClass,
  type SteeringFigures,
  treatmentOf,
} from '@patronus/fabric';
import type { SteeringConfiguration, Thresholds } from '@patronus/steering';
import { usualThresholds, withFigures } from '../network/thresholds.ts';

/** Policies that ask for the same before, and for the same after. */
export interface ComparedTreatment {
  readonly id: string;
  readonly policies: readonly Policy[];
}

export interface Compared {
  readonly treatments: readonly ComparedTreatment[];
  readonly present: SteeringConfiguration;
  readonly changed: SteeringConfiguration;
}

/** `after`: of the changed model; its policies are those of `before` in the same order. */
export function compare(edge: CompiledConfiguration, before: Model, after: Model, figures: SteeringFigures): Compared {
  const pairs = before.policies
    .map((policy, index) => ({ policy, changed: after.policies[index]! }))
    .filter(({ policy }) => (policy.action ?? 'allow') === 'allow');
  const groups = [
    ...Map.groupBy(pairs, ({ policy, changed }) => `${treatmentOf(policy).id} ${treatmentOf(changed).id}`).values(),
  ];
  const tunnels = tunnelsOf(edge);
  const inForce = withFigures(usualThresholds(edge.bfd), edge.steering ?? {});
  const side = (model: Model, read: (pair: (typeof pairs)[number]) => Policy, thresholds: Thresholds) => ({
    ...{ hash: '', version: { epoch: 1, sequence: 1 }, tunnels, thresholds },
    treatments: groups.map((group, index) => {
      const { slaClassId, path } = treatmentOf(read(group[0]!));
      return { id: `w${index}`, sla: boundsOf(model.slaClasses ?? [], slaClassId), path };
    }),
  });
  return {
    treatments: groups.map((group, index) => ({ id: `w${index}`, policies: group.map(({ policy }) => policy) })),
    present: side(before, ({ policy }) => policy, inForce),
    changed: side(after, ({ changed }) => changed, withFigures(inForce, figures)),
  };
}

function tunnelsOf({ tunnels, uplinks }: CompiledConfiguration): SteeringConfiguration['tunnels'] {
  const uplinkOf = new Map(uplinks.map((uplink) => [uplink.id, uplink]));
  return tunnels.map(({ id, uplinkId, remote, cost, isDrained }) => {
    const bitsPerSecond = uplinkOf.get(uplinkId)?.bitsPerSecond;
    return {
      ...{ id, edgeId: remote.edgeId, cost, isDrained, uplinkId, remoteUplinkId: remote.uplinkId },
      ...{ label: uplinkOf.get(uplinkId)?.label ?? uplinkId, remoteLabel: remote.label },
      ...(bitsPerSecond === undefined ? {} : { bitsPerSecond }),
    };
  });
}

function boundsOf(classes: readonly SlaClass[], id: string | null) {
  const found = classes.find((one) => one.id === id);
  if (found === undefined) return null;
  const { roundTripMs, jitterMs, loss, mos } = found;
  return { roundTripMs, jitterMs, loss, mos };
}
