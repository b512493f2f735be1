/** When the certificate is renewed, and the two ways to do it: over the channel, or by proof of the key when it expired. */
import { sign, X509Certificate } from 'node:crypto';
import { type RenewalRequest, renewalAnswerSchema } from '@patronus/protocol';
import { EdgeError, exitCodes } from '../errors.ts';
import { firstAnswer } from './enrol.ts';
import type { Identity } from './identity.ts';
import { postPinned } from './post.ts';

export type CertificateAge = 'fresh' | 'due' | 'expired';

/** Due from two thirds of its life on. `wallMs` is ms since 1970. */
export function certificateAge(certificatePem: string, wallMs: number): CertificateAge {
  const certificate = new X509Certificate(certificatePem);
  const from = certificate.validFromDate.getTime();
  const to = certificate.validToDate.getTime();
  if (wallMs >= to) return 'expired';
  return wallMs >= from + ((to - from) * 2) / 3 ? 'due' : 'fresh';
}

/** The identity with a certificate it was given, once it is sure that it is ours and from the pinned authority. */
export function withCertificate(identity: Identity, certificatePem: string): Identity {
  const next = new X509Certificate(certificatePem);
  const present = new X509Certificate(identity.certificate);
  const authority = new X509Certificate(identity.certificateAuthority);
  const isOurs = next.publicKey.equals(present.publicKey);
  if (!isOurs || !next.verify(authority.publicKey)) {
    throw new EdgeError(
      'BAD_CERTIFICATE',
      "the renewed certificate is not for this edge's key, or not from its controller; it was left aside",
    );
  }
  return { ...identity, certificate: certificatePem };
}

/** Renews an expired certificate on 8443, with proof of its key. Throws an EdgeError. */
export async function renewExpired(
  identity: Identity,
  wallMs: number,
  localAddresses: readonly (string | null)[],
): Promise<Identity> {
  const { makeCertificateRequest } = await import('./request.ts');
  const certificateRequest = await makeCertificateRequest(identity.privateKey);
  const proven = Buffer.from(`patronus renewal v1\n${wallMs}\n${certificateRequest}`);
  const request: RenewalRequest = {
    certificate: identity.certificate,
    certificateRequest,
    wallMs,
    proof: sign('sha256', proven, identity.privateKey).toString('base64'),
  };
  const ways = localAddresses.flatMap((address) => identity.enrolment.urls.map((url) => ({ address, url })));
  const answer = await firstAnswer(ways, ({ url, address }) =>
    postPinned(`${url}/api/v1/renewals`, identity.enrolment.pins, request, address),
  );
  const parsed = renewalAnswerSchema.safeParse(answer.body);
  if (answer.status === 200 && parsed.success) return withCertificate(identity, parsed.data.certificate);
  throw new EdgeError(
    answer.status === 410 ? 'CERTIFICATE_LAPSED' : 'RENEWAL_REFUSED',
    answer.status === 410
      ? 'the certificate expired more than 30 days ago; enrol this gateway anew with a fresh token'
      : `the controller refused to renew the certificate (${answer.status}); check the clock of both, and that the edge was not revoked`,
    exitCodes.refused,
  );
}
