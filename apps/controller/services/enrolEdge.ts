import type { EnrolmentAnswer } from '@patronus/protocol';
import type { PublicKey } from '@peculiar/x509';
import { z } from 'zod';
import { sha256Hex } from '../authority/keys.ts';
import { acceptRequest } from '../authority/requests.ts';
import type { Core } from '../core.ts';
import type { EnrolmentTokenRow } from '../store/tables.ts';
import { insertEdge } from './addSite.ts';
import { ServiceError } from './error.ts';
import { newId } from './identifiers.ts';
import { gatewayOf, requireSite } from './sites.ts';
import type { Verb, Work } from './verb.ts';

const input = z.object({
  secret: z.string().max(128),
  certificateRequest: z.string().max(8192),
  softwareVersion: z.string().max(64),
  hostname: z.string().max(253),
});
type Input = z.infer<typeof input>;

interface Prepared {
  readonly token: EnrolmentTokenRow;
  readonly publicKey: PublicKey;
}

/** Turns a gateway that shows a one-time token into an edge with a certificate of its own. */
export const enrolEdge: Verb<Input, EnrolmentAnswer, Prepared> = {
  action: 'edge.enrol',
  input,
  changes: ['network'],
  touchesFabric: true,
  subject: () => 'an unknown gateway',
  async prepare(core, request) {
    const token = await findToken(core, request.secret);
    const { sites, edges } = core.network.current;
    const own = sites.get(token.site_id);
    const publicKey = await acceptRequest(request.certificateRequest, (name) => {
      const claimed = name.toLowerCase();
      const isOthersSite = sites
        .values()
        .some((site) => site.id !== own?.id && [site.id, site.name.toLowerCase()].includes(claimed));
      return isOthersSite || edges.values().some((edge) => edge.site_id !== own?.id && edge.id === claimed);
    });
    return { token, publicKey };
  },
  async run(work, request) {
    const { trx, core, now, prepared } = work;
    const site = await requireSite(work, prepared.token.site_id);
    work.about(site.name);
    await useUp(work, prepared.token, site.name);
    const edgeId = await freshEdge(work, site.id, site.name);
    work.actAs(`edge ${site.name}`);
    const certificate = await core.authority.issueEdgeCertificate(prepared.publicKey, edgeId);
    await trx
      .updateTable('edge')
      .set({
        state: 'enrolled',
        certificate_serial: certificate.serial,
        certificate_expires_at: certificate.expiresAt,
        software_version: request.softwareVersion,
        enrolled_at: now,
      })
      .where('id', '=', edgeId)
      .execute();
    return {
      edgeId,
      edgeName: site.name,
      siteName: site.name,
      certificate: certificate.pem,
      certificateAuthority: core.authority.certificate,
      signingKey: core.authority.signingKeyPem,
      controllers: core.channels(),
    };
  },
};

async function findToken(core: Core, secret: string): Promise<EnrolmentTokenRow> {
  const token = await core.store.db
    .selectFrom('enrolment_token')
    .selectAll()
    .where('secret_hash', '=', sha256Hex(secret))
    .executeTakeFirst();
  if (token === undefined || (token.used_at === null && token.epoch !== core.store.epoch)) {
    throw new ServiceError(
      'TOKEN_UNKNOWN',
      'this token is not known here; make a new one for the site and paste it whole',
    );
  }
  if (token.used_at !== null) throw alreadyUsed();
  if (token.expires_at <= core.now())
    throw new ServiceError('TOKEN_EXPIRED', 'this token has expired; make a new one for the site');
  return token;
}

/** Exactly one of any number of simultaneous requests gets past this. */
async function useUp({ trx, now }: Work<Prepared>, token: EnrolmentTokenRow, siteName: string): Promise<void> {
  const { numUpdatedRows } = await trx
    .updateTable('enrolment_token')
    .set({ used_at: now })
    .where('id', '=', token.id)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  if (numUpdatedRows !== 1n) throw alreadyUsed(siteName);
}

function alreadyUsed(siteName = 'the site'): ServiceError {
  return new ServiceError(
    'TOKEN_USED',
    `this token was used already; make a new one for ${siteName} if this gateway is to be enrolled as well`,
  );
}

/** The site's waiting edge, or a new identity that takes over the uplinks of the one it replaces. */
async function freshEdge(work: Work<Prepared>, siteId: string, name: string): Promise<string> {
  const edge = await gatewayOf(work, siteId);
  if (edge.state === 'pending') return edge.id;
  const id = newId('edge');
  await insertEdge(work, { id, siteId, name });
  await work.trx.updateTable('edge').set({ state: 'revoked' }).where('id', '=', edge.id).execute();
  await work.trx
    .updateTable('uplink')
    .set({ edge_id: id, public_key: null, reported_endpoints: '[]', state: null })
    .where('edge_id', '=', edge.id)
    .execute();
  return id;
}
