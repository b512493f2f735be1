/** Signed-in people: a random secret in a cookie, its hash on disk. */
import { sha256Hex } from '../authority/keys.ts';
import type { Core } from '../core.ts';
import type { Queries, UserRow } from '../store/tables.ts';
import { type Actor, nobody } from './actor.ts';
import { newSecret } from './identifiers.ts';

export type User = UserRow;

const SESSION_MS = 12 * 3_600_000;

export interface NewSession {
  /** Goes into the cookie, and nowhere else. */
  readonly secret: string;
  readonly expiresAt: number;
  readonly userId: string;
}

export async function openSession(db: Queries, organisation: string, userId: string, now: number): Promise<NewSession> {
  const secret = newSecret();
  const expiresAt = now + SESSION_MS;
  await db.deleteFrom('session').where('expires_at', '<', now).execute();
  await db
    .insertInto('session')
    .values({ secret_hash: sha256Hex(secret), organisation, user_id: userId, created_at: now, expires_at: expiresAt })
    .execute();
  return { secret, expiresAt, userId };
}

/** Who holds this secret now; nobody when it is unknown, run out, or its user disabled. */
export async function actorOf(core: Core, secret: string | undefined): Promise<Actor> {
  if (secret === undefined || secret.length > 100) return nobody;
  return actorOfHash(core, sha256Hex(secret));
}

export async function actorOfHash(core: Core, hash: string): Promise<Actor> {
  const row = await core.store.db
    .selectFrom('session')
    .innerJoin('user', 'user.id', 'session.user_id')
    .select(['user.id', 'user.email', 'user.role', 'session.expires_at', 'user.disabled'])
    .where('session.secret_hash', '=', hash)
    .where('session.organisation', '=', core.organisation)
    .executeTakeFirst();
  if (row === undefined || row.disabled !== 0 || row.expires_at <= core.now()) return nobody;
  return { name: row.email, role: row.role, userId: row.id, sessionHash: hash };
}

export async function findUser(core: Core, id: string): Promise<UserRow | undefined> {
  return core.store.db
    .selectFrom('user')
    .selectAll()
    .where('id', '=', id)
    .where('organisation', '=', core.organisation)
    .executeTakeFirst();
}
