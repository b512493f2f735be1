/** What an edge may ask a certificate for: a P-256 or Ed25519 key of its own, and nothing else. */

import { ServiceError } from '../services/error.ts';
import * as x509 from './x509.ts';

/** Names that the request must not claim, because they are other sites' and edges'. */
export type IsForeignName = (name: string) => boolean;

/** The public key of a sound request (RFC 2986). Refuses with 422 what is not one. */
export async function acceptRequest(pem: string, isForeignName: IsForeignName): Promise<x509.PublicKey> {
  const request = parse(pem);
  const { name, namedCurve } = request.publicKey.algorithm as { name: string; namedCurve?: string };
  const isStrong = name === 'Ed25519' || (name === 'ECDSA' && namedCurve === 'P-256');
  if (!isStrong) throw refused(`the key is ${name} ${namedCurve ?? ''}; make a P-256 or Ed25519 key`);
  if (!(await isSigned(request))) throw refused('it is not signed with its own key');
  for (const extension of request.extensions) {
    if (extension instanceof x509.BasicConstraintsExtension && extension.ca) throw refused('it asks to become a CA');
    if (extension instanceof x509.SubjectAlternativeNameExtension) {
      const uri = extension.names.items.find((item) => item.value.startsWith('patronus:'));
      if (uri !== undefined) throw refused('it asks for an identity; the controller alone names edges');
    }
  }
  const claimed = request.subjectName.getField('CN').find(isForeignName);
  if (claimed !== undefined) throw refused(`it asks for the name ${claimed}, which belongs to another site`);
  return request.publicKey;
}

function parse(pem: string): x509.Pkcs10CertificateRequest {
  try {
    return new x509.Pkcs10CertificateRequest(pem);
  } catch {
    throw refused('it cannot be read');
  }
}

async function isSigned(request: x509.Pkcs10CertificateRequest): Promise<boolean> {
  try {
    return await request.verify();
  } catch {
    return false;
  }
}

function refused(why: string): ServiceError {
  return new ServiceError('REQUEST_INVALID', `the certificate request was refused: ${why}`);
}
