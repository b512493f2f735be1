import { timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { sha256Hex } from '../authority/keys.ts';
import type { Core } from '../core.ts';
import type { Queries } from '../store/tables.ts';
import { ServiceError } from './error.ts';
import { newId, newSecret } from './identifiers.ts';
import { emailSchema, nameSchema, passwordSchema } from './input.ts';
import { hashPassword } from './passwords.ts';
import { type NewSession, openSession } from './sessions.ts';
import type { Verb } from './verb.ts';

const input = z.object({ token: z.string().max(100), name: nameSchema, email: emailSchema, password: passwordSchema });

export const createFirstAdministrator: Verb<z.infer<typeof input>, NewSession, { passwordHash: string }> = {
  action: 'administrator.create',
  input,
  changes: ['network'],
  subject: ({ email }) => email,
  async prepare(core, { token, password }, { sourceAddress, actor }) {
    const address = sourceAddress ?? 'local';
    const waitMs = core.throttle.waitMs(address, 'setup', core.now());
    if (waitMs > 0)
      throw new ServiceError('TOO_MANY_ATTEMPTS', 'too many wrong links from here; wait a little', {
        retryAfterSeconds: Math.ceil(waitMs / 1000),
      });
    if (!(await isSetupNeeded(core))) throw alreadyThere();
    // Whoever has the data folder's socket needs no link.
    const isLocal = actor.role === 'ADMINISTRATOR' && actor.userId === undefined;
    if (!isLocal && !(await isSetupToken(core, token))) {
      core.throttle.begin(address, 'setup', core.now());
      throw new ServiceError(
        'TOKEN_UNKNOWN',
        'this link is not valid any more; the controller prints a new one at each start',
      );
    }
    return { passwordHash: await hashPassword(password) };
  },
  async run(work, { name, email }) {
    const { trx, organisation, now } = work;
    if (await hasUsers(trx, organisation)) throw alreadyThere();
    const userId = newId('user');
    await trx
      .insertInto('user')
      .values({
        id: userId,
        organisation,
        name,
        email,
        role: 'ADMINISTRATOR',
        password_hash: work.prepared.passwordHash,
        disabled: 0,
        created_at: now,
      })
      .execute();
    await trx.deleteFrom('setting').where('organisation', '=', organisation).where('key', '=', SETUP_KEY).execute();
    work.actAs(email);
    return openSession(trx, organisation, userId, now);
  },
};

const SETUP_KEY = 'setup-token-hash';

function alreadyThere(): ServiceError {
  return new ServiceError('CONFLICT', 'the first administrator exists already; sign in instead');
}

async function hasUsers(db: Queries, organisation: string): Promise<boolean> {
  const user = await db
    .selectFrom('user')
    .select('id')
    .where('organisation', '=', organisation)
    .limit(1)
    .executeTakeFirst();
  return user !== undefined;
}

export async function isSetupNeeded(core: Core): Promise<boolean> {
  return !(await hasUsers(core.store.db, core.organisation));
}

/** A new one-time token, in place of the last one. */
export async function newSetupToken(core: Core): Promise<string> {
  const token = newSecret();
  const { organisation } = core;
  await core.store.db
    .deleteFrom('setting')
    .where('organisation', '=', organisation)
    .where('key', '=', SETUP_KEY)
    .execute();
  await core.store.db
    .insertInto('setting')
    .values({ organisation, key: SETUP_KEY, value: sha256Hex(token) })
    .execute();
  return token;
}

async function isSetupToken(core: Core, token: string): Promise<boolean> {
  const row = await core.store.db
    .selectFrom('setting')
    .select('value')
    .where('organisation', '=', core.organisation)
    .where('key', '=', SETUP_KEY)
    .executeTakeFirst();
  return row !== undefined && timingSafeEqual(Buffer.from(row.value), Buffer.from(sha256Hex(token)));
}
