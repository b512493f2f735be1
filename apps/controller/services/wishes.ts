/** What a policy wishes for its packets besides compression: action, path, priority, limit, mark. */
import { DEFAULT_TREATMENT, type PathPreference, type PolicyAction, type Priority } from '@patronus/fabric';
import { z } from 'zod';
import type { PolicyRow } from '../store/tables.ts';
import { idSchema, nameSchema } from './input.ts';

const MOST_LABELS = 16;
const labelsSchema = z.array(nameSchema).max(MOST_LABELS);

export const pathSchema = z
  .object({
    mode: z.enum(['BEST', 'ORDERED', 'CHEAPEST', 'BALANCE', 'DUPLICATE', 'FEC']),
    labels: labelsSchema.nullish(),
    weights: z
      .array(z.object({ label: nameSchema, weight: z.int().min(1, 'from 1 to 100').max(100, 'from 1 to 100') }))
      .max(MOST_LABELS)
      .nullish(),
  })
  .transform(({ mode, labels, weights }, context): PathPreference => {
    const refuse = (field: 'labels' | 'weights', message: string) => {
      context.addIssue({ code: 'custom', path: [field], message });
      return z.NEVER;
    };
    if (mode !== 'ORDERED' && labels?.length) return refuse('labels', 'labels belong to the mode ORDERED');
    if (mode !== 'BALANCE' && weights?.length) return refuse('weights', 'weights belong to the mode BALANCE');
    if (mode === 'ORDERED') {
      if (!labels?.length) return refuse('labels', 'name at least one uplink label, the one to take first in front');
      if (new Set(labels).size < labels.length) return refuse('labels', 'a label stands here twice');
      return { mode: 'ordered', labels };
    }
    if (mode === 'BALANCE') {
      if (!weights?.length) return refuse('weights', 'name at least one uplink label with its weight');
      if (new Set(weights.map(({ label }) => label)).size < weights.length)
        return refuse('weights', 'a label stands here twice');
      return { mode: 'balance', weights };
    }
    return { mode: mode.toLowerCase() as 'best' | 'cheapest' | 'duplicate' | 'fec' };
  });

export const wishFields = {
  action: z.enum(['ALLOW', 'DENY', 'BREAKOUT']).nullish(),
  breakoutLabels: labelsSchema.nullish(),
  slaClassId: idSchema.nullish(),
  path: pathSchema.nullish(),
  priority: z.enum(['REALTIME', 'HIGH', 'NORMAL', 'BULK']).nullish(),
  limitPercent: z.int().min(1, 'from 1 to 100').max(100, 'from 1 to 100').nullish(),
  mark: z.int().min(0, 'from 0 to 63').max(63, 'from 0 to 63').nullish(),
};
const wishesSchema = z.object(wishFields);
type Wishes = z.infer<typeof wishesSchema>;

export type WishColumns = Pick<
  PolicyRow,
  'action' | 'breakout_labels' | 'sla_class_id' | 'path' | 'priority' | 'limit_percent' | 'mark'
>;

/** A policy that was added without a wish. */
export const noWishes: WishColumns = {
  action: 'allow',
  breakout_labels: '[]',
  sla_class_id: null,
  path: JSON.stringify(DEFAULT_TREATMENT.path),
  priority: 'normal',
  limit_percent: null,
  mark: null,
};

/** The columns that change: what is left out stays, null goes back to what a policy without that wish has. */
export function wishColumns(wishes: Wishes): Partial<WishColumns> {
  const { action, breakoutLabels, slaClassId, path, priority, limitPercent, mark } = wishes;
  const changes: { readonly [K in keyof WishColumns]: WishColumns[K] | null | undefined } = {
    action: action && (action.toLowerCase() as PolicyAction),
    breakout_labels: breakoutLabels && JSON.stringify(breakoutLabels),
    sla_class_id: slaClassId,
    path: path && JSON.stringify(path),
    priority: priority && (priority.toLowerCase() as Priority),
    limit_percent: limitPercent,
    mark,
  };
  const keys = Object.keys(noWishes) as (keyof WishColumns)[];
  const given = keys.filter((key) => changes[key] !== undefined);
  return Object.fromEntries(given.map((key) => [key, changes[key] ?? noWishes[key]]));
}
