/** The edge's own key, and what it asks the controller to certify (PKCS #10, RFC 2986). */
import { createPrivateKey, webcrypto } from 'node:crypto';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signing = { ...algorithm, hash: 'SHA-256' } as const;

/** A fresh P-256 key, PKCS #8 in PEM. */
export async function makePrivateKey(): Promise<string> {
  const pair = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', pair.privateKey));
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }).export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
}

/** A library of ten megabytes that is needed once in weeks; it wants `reflect-metadata` before it. */
async function requestGenerator() {
  await import('reflect-metadata');
  return (await import('@peculiar/x509')).Pkcs10CertificateRequestGenerator;
}

/** A request in PEM, signed with this key. The controller names the subject itself, so ours says nothing. */
export async function makeCertificateRequest(privateKeyPem: string): Promise<string> {
  const key = createPrivateKey(privateKeyPem);
  const pkcs8 = new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
  const { d: _secret, ...publicJwk } = key.export({ format: 'jwk' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const publicKey = await webcrypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify']);
  const request = await (await requestGenerator()).create({
    keys: { privateKey, publicKey },
    signingAlgorithm: signing,
  });
  return request.toString('pem');
}
