import { z } from 'zod';
import { ServiceError } from './error.ts';
import { isPassword } from './passwords.ts';
import { type NewSession, openSession } from './sessions.ts';
import type { Verb } from './verb.ts';

const input = z.object({ email: z.string().trim().max(254), password: z.string().max(1000) });

export const signIn: Verb<z.infer<typeof input>, NewSession, { userId: string }> = {
  action: 'session.create',
  input,
  changes: [],
  subject: ({ email }) => email,
  async prepare(core, { email, password }, { sourceAddress }) {
    const address = sourceAddress ?? 'local';
    const waitMs = core.throttle.waitMs(address, email, core.now());
    if (waitMs > 0) {
      const retryAfterSeconds = Math.ceil(waitMs / 1000);
      throw new ServiceError(
        'TOO_MANY_ATTEMPTS',
        `too many failed attempts from here; try again in ${retryAfterSeconds} s`,
        { retryAfterSeconds },
      );
    }
    core.throttle.begin(address, email, core.now());
    const users = await core.store.db
      .selectFrom('user')
      .selectAll()
      .where('organisation', '=', core.organisation)
      .execute();
    const user = users.find((one) => one.email.toLowerCase() === email.toLowerCase());
    const isRight = await isPassword(user?.password_hash, password);
    if (!isRight || user === undefined || user.disabled !== 0) {
      throw new ServiceError('WRONG_CREDENTIALS', 'the e-mail address or the password is wrong');
    }
    core.throttle.succeed(address, email);
    return { userId: user.id };
  },
  async run(work, { email }) {
    work.actAs(email);
    return openSession(work.trx, work.organisation, work.prepared.userId, work.now);
  },
};
