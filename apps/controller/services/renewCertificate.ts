import { verify, X509Certificate } from 'node:crypto';
import { type RenewalAnswer, renewalRequestSchema } from '@patronus/protocol';
import type { PublicKey } from '@peculiar/x509';
import type { z } from 'zod';
import { edgeIdOf } from '../authority/authority.ts';
import { DAY_MS } from '../authority/certificates.ts';
import { acceptRequest } from '../authority/requests.ts';
import type { Core } from '../core.ts';
import { ServiceError } from './error.ts';
import type { Verb } from './verb.ts';

const GRACE_MS = 30 * DAY_MS;
const CLOCK_TOLERANCE_MS = 10 * 60_000;

interface Prepared {
  readonly edgeId: string;
  readonly publicKey: PublicKey;
}

/** A new certificate for an edge that proves its present key, also when the old one ran out up to 30 days ago. */
export const renewCertificate: Verb<z.infer<typeof renewalRequestSchema>, RenewalAnswer, Prepared> = {
  action: 'certificate.renew',
  input: renewalRequestSchema,
  changes: ['network'],
  subject: () => 'an unknown edge',
  async prepare(core, request) {
    const certificate = readCertificate(request.certificate);
    const edgeId = certificate === undefined ? undefined : edgeIdOf(certificate);
    if (certificate === undefined || edgeId === undefined || !core.authority.signed(certificate)) {
      throw new ServiceError('PROOF_INVALID', 'the certificate is not one of this controller');
    }
    if (Math.abs(request.wallMs - core.now()) > CLOCK_TOLERANCE_MS) {
      throw new ServiceError('PROOF_INVALID', "the edge's clock is more than 10 minutes off; set it, then renew");
    }
    if (!provesKey(certificate, request))
      throw new ServiceError('PROOF_INVALID', 'the proof does not fit the certificate');
    requireTrusted(core, edgeId);
    if (core.now() - certificate.validToDate.getTime() > GRACE_MS) {
      throw new ServiceError(
        'CERTIFICATE_TOO_OLD',
        'the certificate ran out more than 30 days ago; revoke this edge and enrol it again',
      );
    }
    const publicKey = await acceptRequest(request.certificateRequest, (name) => isOtherEdge(core, edgeId, name));
    return { edgeId, publicKey };
  },
  async run(work) {
    const { edgeId, publicKey } = work.prepared;
    const edge = requireTrusted(work.core, edgeId);
    work.about(edge.name);
    work.actAs(`edge ${edge.name}`);
    return issueRenewal(work.core, work.trx, edgeId, publicKey);
  },
};

/** Issues and notes a new certificate; the caller has made sure that it is this edge that asks. */
export async function issueRenewal(
  core: Core,
  db: Core['store']['db'],
  edgeId: string,
  publicKey: PublicKey,
): Promise<RenewalAnswer> {
  const { pem, serial, expiresAt } = await core.authority.issueEdgeCertificate(publicKey, edgeId);
  await db
    .updateTable('edge')
    .set({ certificate_serial: serial, certificate_expires_at: expiresAt })
    .where('id', '=', edgeId)
    .execute();
  return { certificate: pem };
}

function requireTrusted(core: Core, edgeId: string) {
  const edge = core.network.current.edges.get(edgeId);
  if (edge?.state !== 'enrolled')
    throw new ServiceError('PROOF_INVALID', 'this edge is no longer trusted; enrol it again with a new token');
  return edge;
}

export function isOtherEdge(core: Core, edgeId: string, name: string): boolean {
  const { sites, edges } = core.network.current;
  const own = edges.get(edgeId);
  const claimed = name.toLowerCase();
  if (claimed !== edgeId && edges.has(claimed)) return true;
  return sites
    .values()
    .some((site) => site.id !== own?.site_id && [site.id, site.name.toLowerCase()].includes(claimed));
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

/** The signature may be DER or, as WebCrypto makes it, r ‖ s. */
function provesKey(certificate: X509Certificate, request: z.infer<typeof renewalRequestSchema>): boolean {
  const text = Buffer.from(`patronus renewal v1\n${request.wallMs}\n${request.certificateRequest}`);
  const proof = Buffer.from(request.proof, 'base64');
  const key = certificate.publicKey;
  const hash = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(hash, text, key, proof) || verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, proof);
  } catch {
    return false;
  }
}
