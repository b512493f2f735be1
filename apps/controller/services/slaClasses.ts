/** What the verbs on SLA classes share: what people may type, and the classes that are often wanted. */
import type { SlaClass } from '@patronus/fabric';
import { z } from 'zod';
import type { SlaClassRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { nameSchema } from './input.ts';
import type { Work } from './verb.ts';

const millisSchema = z.number().positive('more than 0 ms').max(60_000, 'at most 60,000 ms').nullish();

export const slaClassFields = {
  name: nameSchema,
  roundTripMs: millisSchema,
  jitterMs: millisSchema,
  lossPercent: z.number().min(0, 'from 0 to 100').max(100, 'from 0 to 100').nullish(),
  mos: z.number().min(1, 'from 1 to 4.5').max(4.5, 'from 1 to 4.5').nullish(),
};

export interface SlaPreset extends Omit<SlaClass, 'id'> {
  readonly description: string;
}

/** Suggestions: bounds that are commonly asked for such traffic. Nothing forces them on anybody. */
export const slaPresets: readonly SlaPreset[] = [
  {
    ...{ name: 'Voice', roundTripMs: 150, jitterMs: 30, loss: 0.01, mos: 3.6 },
    description: 'Calls stay clear: most people notice more than this (ITU-T G.114, G.107).',
  },
  {
    ...{ name: 'Video', roundTripMs: 300, jitterMs: 50, loss: 0.01, mos: null },
    description: 'Conferences with pictures; a little more delay than voice is borne.',
  },
  {
    ...{ name: 'Interactive', roundTripMs: 200, jitterMs: null, loss: 0.02, mos: null },
    description: 'Terminals, remote desktops, web applications: what somebody waits for.',
  },
  {
    ...{ name: 'Bulk', roundTripMs: null, jitterMs: null, loss: 0.05, mos: null },
    description: 'Backups and replication: only heavy loss slows them down.',
  },
];

export type Bounds = Pick<SlaClassRow, 'round_trip_ms' | 'jitter_ms' | 'loss' | 'mos'>;

export function refuseBoundless(name: string, bounds: Bounds): void {
  if (Object.values(bounds).some((bound) => bound !== null)) return;
  const message = 'give at least one bound: without one every path that is up meets it';
  throw new ServiceError('INVALID_INPUT', `${name}: ${message}`, { fields: { roundTripMs: message } });
}

export async function requireSlaClass({ trx, organisation }: Work<unknown>, id: string): Promise<SlaClassRow> {
  const row = await trx
    .selectFrom('sla_class')
    .selectAll()
    .where('organisation', '=', organisation)
    .where('id', '=', id)
    .executeTakeFirst();
  if (row === undefined) throw new ServiceError('NOT_FOUND', `there is no SLA class ${id}`);
  return row;
}

export async function refuseTakenSlaName(
  { trx, organisation }: Work<unknown>,
  name: string,
  except?: string,
): Promise<void> {
  const rows = await trx
    .selectFrom('sla_class')
    .select(['id', 'name'])
    .where('organisation', '=', organisation)
    .execute();
  const other = rows.find((row) => row.id !== except && row.name.toLowerCase() === name.toLowerCase());
  if (other === undefined) return;
  const message = `${name}: there is already an SLA class called ${other.name}; give this one another name`;
  throw new ServiceError('CONFLICT', message, { fields: { name: `taken by ${other.name}` } });
}
