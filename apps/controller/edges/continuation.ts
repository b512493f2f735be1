/**
 * The continuation secret: replaced on every connection, so that of an edge and its copy only one can go on unseen.
 *
 * `accepted` is the one the edge is known to hold, `offered` the one in the last welcome. A welcome can get lost, so
 * both are good until the edge's next word shows that it holds the offered one.
 */
import { sha256Hex } from '../authority/keys.ts';
import type { Core } from '../core.ts';
import { newSecret } from '../services/identifiers.ts';

export type ContinuationVerdict = 'good' | 'stale';

export async function judgeContinuation(
  core: Core,
  edgeId: string,
  given: string | null,
): Promise<ContinuationVerdict> {
  const edge = await core.store.db
    .selectFrom('edge')
    .select(['continuation_accepted', 'continuation_offered'])
    .where('id', '=', edgeId)
    .executeTakeFirstOrThrow();
  const { continuation_accepted: accepted, continuation_offered: offered } = edge;
  // Never connected, or a backup was restored that knows older secrets than the edge.
  if (accepted === null && offered === null) return 'good';
  if (given === null) return accepted === null ? 'good' : 'stale';
  return [accepted, offered].includes(sha256Hex(given)) ? 'good' : 'stale';
}

/** A new secret for the welcome. */
export async function rotateContinuation(core: Core, edgeId: string, softwareVersion: string): Promise<string> {
  const secret = newSecret();
  await core.store.db
    .updateTable('edge')
    .set({
      continuation_offered: sha256Hex(secret),
      software_version: softwareVersion.slice(0, 64),
      last_seen_at: core.now(),
    })
    .where('id', '=', edgeId)
    .execute();
  return secret;
}

/** The edge holds the offered secret: the one before is worth nothing from now on. */
export async function settleContinuation(core: Core, edgeId: string, secret: string): Promise<void> {
  await core.store.db
    .updateTable('edge')
    .set({ continuation_accepted: sha256Hex(secret) })
    .where('id', '=', edgeId)
    // A later connection may have offered another one meanwhile: then this one's word comes too late.
    .where('continuation_offered', '=', sha256Hex(secret))
    .execute();
}
