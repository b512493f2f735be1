import { formatEnrolmentToken } from '@patronus/protocol';
import { z } from 'zod';
import { sha256Hex } from '../authority/keys.ts';
import { ServiceError } from './error.ts';
import { newId, newSecret } from './identifiers.ts';
import { idSchema } from './input.ts';
import { gatewayOf, requireSite } from './sites.ts';
import type { Verb } from './verb.ts';

const input = z.object({ siteId: idSchema, expiresInMinutes: z.int().min(1).max(10_080).nullish() });

interface Output {
  readonly token: string;
  readonly expiresAt: number;
  readonly command: string;
}

/** A one-time token for a gateway of the site. Its secret is stored only as a hash. */
export const createEnrolmentToken: Verb<z.infer<typeof input>, Output> = {
  action: 'token.create',
  input,
  changes: [],
  subject: ({ siteId }) => siteId,
  async run(work, { siteId, expiresInMinutes }) {
    const { trx, core, organisation, now } = work;
    const site = await requireSite(work, siteId);
    work.about(site.name);
    const edge = await gatewayOf(work, siteId);
    // A gateway that never called since it enrolled may have lost the answer: it can be enrolled again.
    if (edge.state === 'enrolled' && edge.last_seen_at !== null) {
      throw new ServiceError('CONFLICT', `${site.name} already has a gateway; to replace it, revoke it first`);
    }
    await trx.deleteFrom('enrolment_token').where('site_id', '=', siteId).where('used_at', 'is', null).execute();
    const secret = newSecret();
    const expiresAt = now + (expiresInMinutes ?? 60) * 60_000;
    await trx
      .insertInto('enrolment_token')
      .values({
        id: newId('token'),
        organisation,
        site_id: siteId,
        secret_hash: sha256Hex(secret),
        created_at: now,
        expires_at: expiresAt,
        used_at: null,
        epoch: core.store.epoch,
      })
      .execute();
    const token = formatEnrolmentToken({ u: core.urls().slice(0, 8), s: secret, p: core.authority.pins });
    return { token, expiresAt, command: `sudo npx patronus edge run --supervise --token ${token}` };
  },
};
