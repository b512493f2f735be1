/** What the services for BGP have in common: how policies and ranges are typed, and rows that have to be there. */
import type { BgpPolicy } from '@patronus/fabric';
import { formatPrefix, parsePrefix } from '@patronus/net';
import { communitySchema } from '@patronus/protocol';
import { z } from 'zod';
import type { EdgeRow } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { idSchema } from './input.ts';
import type { Work } from './verb.ts';

/** The longest of its prefixes is its own length, unless it is said. */
export const rangeInputSchema = z
  .object({ prefix: z.string(), longest: z.int().nullish() })
  .transform(({ prefix, longest }, context) => {
    const parsed = parsePrefix(prefix.trim());
    if (!parsed.ok) {
      context.addIssue({ code: 'custom', path: ['prefix'], message: parsed.error.message });
      return z.NEVER;
    }
    const { length, family } = parsed.value;
    const most = family === 4 ? 32 : 128;
    if (longest != null && (longest < length || longest > most)) {
      const message = `the longest inside of ${formatPrefix(parsed.value)} is from ${length} to ${most}`;
      context.addIssue({ code: 'custom', path: ['longest'], message });
      return z.NEVER;
    }
    return { prefix: formatPrefix(parsed.value), longest: longest ?? length };
  });

const MOST_RANGES = 256;
const MOST_COMMUNITIES = 32;

/** null or left out: nothing passes (RFC 8212). */
export const policyInputSchema = z
  .object({
    everything: z.boolean().nullish(),
    prefixes: z.array(rangeInputSchema).max(MOST_RANGES).nullish(),
    communities: z.array(communitySchema).max(MOST_COMMUNITIES).nullish(),
    localPreference: z.int().min(0).max(0xffff_ffff).nullish(),
  })
  .transform(({ everything, prefixes, communities, localPreference }, context): BgpPolicy => {
    if (everything === true && prefixes?.length) {
      const message = 'everything passes already; name prefixes, or let everything pass';
      context.addIssue({ code: 'custom', path: ['prefixes'], message });
      return z.NEVER;
    }
    return {
      prefixes: everything === true ? null : (prefixes ?? []),
      communities: communities ?? [],
      localPreference: localPreference ?? null,
    };
  })
  .nullish();

export const byIdSchema = z.object({ id: idSchema });

export async function requireEdge({ trx, organisation }: Work<unknown>, id: string): Promise<EdgeRow> {
  const edge = await trx
    .selectFrom('edge')
    .selectAll()
    .where('organisation', '=', organisation)
    .where('id', '=', id)
    .executeTakeFirst();
  if (edge === undefined) throw new ServiceError('NOT_FOUND', `there is no gateway ${id}`);
  return edge;
}
