/**
 * The controller's own authority: one CA for edges and servers, one Ed25519 key that signs configurations and the
 * audit log. Made at the first start, kept in the data folder with mode 0600.
 */
import { createPublicKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONTROLLER_SERVER_NAME, SIGNING_CONTEXT, type SignedConfiguration } from '@patronus/protocol';
import { StoreError } from '../store/error.ts';
import {
  DAY_MS,
  type EdgeCertificate,
  edgeUri,
  type Issuer,
  issueEdge,
  issueServer,
  makeAuthority,
} from './certificates.ts';
import { loadKey, sha256Hex, spkiOf, writePrivately } from './keys.ts';
import * as x509 from './x509.ts';

export interface TlsIdentity {
  readonly key: string;
  /** Leaf first, then the CA, so that the chain shows what tokens pin. */
  readonly cert: string;
}

export interface AuthorityOptions {
  readonly directory: string;
  /** Names and addresses the HTTPS server is reached at. */
  readonly names: readonly string[];
  /** The user's own certificate for 8443. */
  readonly given: TlsIdentity | undefined;
  readonly now: () => number;
  /** Edges exist that trust the keys of this folder: missing keys must not be replaced. */
  readonly mustExist: boolean;
}

const RENEWED_BEFORE_MS = 30 * DAY_MS;

export class Authority {
  readonly #options: AuthorityOptions;
  readonly #issuer: Issuer;
  readonly #signingKey: KeyObject;
  /** PEM. */
  readonly certificate: string;
  /** PEM (SPKI). */
  readonly signingKeyPem: string;
  readonly keyId: string;

  constructor(options: AuthorityOptions, issuer: Issuer, signingKey: KeyObject) {
    this.#options = options;
    this.#issuer = issuer;
    this.#signingKey = signingKey;
    this.certificate = issuer.certificate.toString('pem');
    this.signingKeyPem = createPublicKey(signingKey).export({ type: 'spki', format: 'pem' }) as string;
    this.keyId = sha256Hex(spkiOf(signingKey)).slice(0, 16);
  }

  /** SHA-256 of the SPKI that an edge will find in the chain of 8443. */
  get pins(): string[] {
    const { given } = this.#options;
    if (given === undefined) return [sha256Hex(spkiOf(this.#issuer.key))];
    return [sha256Hex(new X509Certificate(given.cert).publicKey.export({ type: 'spki', format: 'der' }))];
  }

  /** For people: the given certificate, or one of our own, renewed when its end is near or its names are others. */
  async peopleTls(): Promise<TlsIdentity> {
    return this.#options.given ?? this.#server('people', this.#options.names);
  }

  /** For the edges' channel. */
  async edgesTls(): Promise<TlsIdentity> {
    return this.#server('edges', [CONTROLLER_SERVER_NAME]);
  }

  async issueEdgeCertificate(publicKey: x509.PublicKey, edgeId: string): Promise<EdgeCertificate> {
    return issueEdge(this.#issuer, publicKey, edgeId, this.#options.now());
  }

  /** Whether our CA signed it; says nothing about its dates. */
  signed(certificate: X509Certificate): boolean {
    return certificate.verify(createPublicKey(this.#issuer.key));
  }

  signConfiguration(payload: string): SignedConfiguration {
    const signature = sign(null, Buffer.from(SIGNING_CONTEXT + payload), this.#signingKey).toString('base64');
    return { payload, signature, keyId: this.keyId };
  }

  signAudit(hash: string): string {
    return sign(null, Buffer.from(`patronus audit v1\n${hash}`), this.#signingKey).toString('base64');
  }

  async #server(purpose: string, names: readonly string[]): Promise<TlsIdentity> {
    const { directory, now } = this.#options;
    const key = loadKey(join(directory, `${purpose}.key`), 'p256');
    const file = join(directory, `${purpose}.crt`);
    let leaf = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    if (leaf === undefined || !this.#isGood(leaf, names, key)) {
      leaf = await issueServer(this.#issuer, key, names, now());
      writePrivately(file, leaf);
    }
    return {
      key: key.export({ type: 'pkcs8', format: 'pem' }) as string,
      cert: `${leaf.trim()}\n${this.certificate}\n`,
    };
  }

  #isGood(pem: string, names: readonly string[], key: KeyObject): boolean {
    try {
      const certificate = new X509Certificate(pem);
      const held = new x509.X509Certificate(pem).getExtension(x509.SubjectAlternativeNameExtension);
      const heldNames = held?.names.items.map((item) => item.value).sort() ?? [];
      return (
        certificate.checkPrivateKey(key) &&
        this.signed(certificate) &&
        certificate.validToDate.getTime() - this.#options.now() > RENEWED_BEFORE_MS &&
        heldNames.join() === [...names].sort().join()
      );
    } catch {
      return false;
    }
  }
}

export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const keyFile = join(options.directory, 'ca.key');
  const certificateFile = join(options.directory, 'ca.crt');
  const missing = [keyFile, certificateFile, join(options.directory, 'signing.key')].find((file) => !existsSync(file));
  if (missing !== undefined && options.mustExist) {
    throw new StoreError(
      'KEYS_MISSING',
      `${missing} is missing, but edges trust it: put it back from your copy of ${options.directory}; with new keys every edge would have to enrol again`,
    );
  }
  const key = loadKey(keyFile, 'p256');
  if (!existsSync(certificateFile)) {
    writePrivately(certificateFile, (await makeAuthority(key, options.now())).toString('pem'));
  }
  const certificate = new x509.X509Certificate(readFileSync(certificateFile, 'utf8'));
  return new Authority(options, { certificate, key }, loadKey(join(options.directory, 'signing.key'), 'ed25519'));
}

/** The edge a certificate of ours names, from its subject and URI, which have to agree. */
export function edgeIdOf(certificate: X509Certificate): string | undefined {
  const id = /^CN=([a-z0-9][a-z0-9_-]{0,63})$/.exec(certificate.subject)?.[1];
  if (id === undefined) return undefined;
  return certificate.subjectAltName === `URI:${edgeUri(id)}` ? id : undefined;
}
