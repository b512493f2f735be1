/** What would be different: figures of path choice, bounds of SLA classes, wishes of policies; applied to the model. */
import type { Model, PathPreference, SlaClass } from '@patronus/fabric';
import { steeringSchema } from '@patronus/protocol';
import { z } from 'zod';
import { ServiceError } from '../services/error.ts';
import { idSchema } from '../services/input.ts';
import { slaClassFields } from '../services/slaClasses.ts';
import { pathSchema } from '../services/wishes.ts';

const { roundTripMs, jitterMs, lossPercent, mos } = slaClassFields;

export const changeSchema = z.object({
  /** Left out, or null: as they are. */
  thresholds: z
    .record(z.string(), z.unknown())
    .transform((given) => Object.fromEntries(Object.entries(given).filter(([, value]) => value != null)))
    .pipe(steeringSchema.strict())
    .nullish(),
  slaClasses: z
    .array(z.object({ id: idSchema, roundTripMs, jitterMs, lossPercent, mos }))
    .max(64)
    .nullish(),
  policies: z
    .array(z.object({ id: idSchema, slaClassId: idSchema.nullish(), path: pathSchema.nullish() }))
    .max(256)
    .nullish(),
});
export type Change = z.infer<typeof changeSchema>;

/** The model as it would be; refuses what it does not hold. */
export function changed(model: Model, { slaClasses, policies }: Change): Model {
  const classes = new Map((slaClasses ?? []).map((one) => [one.id, one]));
  const wishes = new Map((policies ?? []).map((one) => [one.id, one]));
  for (const id of classes.keys()) requireKnown(model.slaClasses ?? [], id, 'SLA class', 'slaClasses');
  for (const id of wishes.keys()) requireKnown(model.policies, id, 'policy', 'policies');
  for (const { slaClassId } of wishes.values()) {
    if (slaClassId != null) requireKnown(model.slaClasses ?? [], slaClassId, 'SLA class', 'policies');
  }
  return {
    ...model,
    slaClasses: (model.slaClasses ?? []).map((one): SlaClass => withBounds(one, classes.get(one.id))),
    policies: model.policies.map((policy) => {
      const wish = wishes.get(policy.id);
      if (wish === undefined) return policy;
      const path: PathPreference | undefined = wish.path ?? policy.path;
      return {
        ...policy,
        ...(wish.slaClassId === undefined ? {} : { slaClassId: wish.slaClassId }),
        ...(path === undefined ? {} : { path }),
      };
    }),
  };
}

function withBounds(one: SlaClass, bounds: NonNullable<Change['slaClasses']>[number] | undefined): SlaClass {
  if (bounds === undefined) return one;
  const chosen = <T>(given: T | undefined, present: T) => (given === undefined ? present : given);
  return {
    ...one,
    roundTripMs: chosen(bounds.roundTripMs, one.roundTripMs),
    jitterMs: chosen(bounds.jitterMs, one.jitterMs),
    loss: bounds.lossPercent == null ? chosen(bounds.lossPercent, one.loss) : bounds.lossPercent / 100,
    mos: chosen(bounds.mos, one.mos),
  };
}

function requireKnown(list: readonly { readonly id: string }[], id: string, what: string, field: string): void {
  if (list.some((one) => one.id === id)) return;
  const message = `there is no ${what} ${id}`;
  throw new ServiceError('INVALID_INPUT', message, { fields: { [field]: message } });
}
