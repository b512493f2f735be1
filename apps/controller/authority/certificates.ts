/**
 * Certificates of the controller's own authority: the CA, its two TLS servers, and the edges (RFC 5280).
 * All are backdated by an hour, because gateways boot with clocks that are off.
 */
import { type KeyObject, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { asCryptoKeyPair } from './keys.ts';
import * as x509 from './x509.ts';

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
const BACKDATED_MS = HOUR_MS;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 397;
/** Renewed by the edge after two thirds of it. */
export const EDGE_CERTIFICATE_DAYS = 90;

const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' };

export interface Issuer {
  readonly certificate: x509.X509Certificate;
  readonly key: KeyObject;
}

export async function makeAuthority(key: KeyObject, now: number): Promise<x509.X509Certificate> {
  const keys = await asCryptoKeyPair(key);
  return x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: randomSerial(),
    name: `CN=Patronus authority ${randomBytes(4).toString('hex')}`,
    notBefore: new Date(now - BACKDATED_MS),
    notAfter: new Date(now + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

/** A TLS server's certificate for these names and addresses. */
export async function issueServer(
  issuer: Issuer,
  key: KeyObject,
  names: readonly string[],
  now: number,
): Promise<string> {
  const { publicKey } = await asCryptoKeyPair(key);
  const alternatives = names.map((value) => ({ type: isIP(value) === 0 ? ('dns' as const) : ('ip' as const), value }));
  return issue(issuer, publicKey, {
    subject: 'CN=Patronus controller',
    days: SERVER_DAYS,
    now,
    usage: x509.ExtendedKeyUsage.serverAuth,
    alternatives,
  });
}

export interface EdgeCertificate {
  readonly pem: string;
  readonly serial: string;
  readonly expiresAt: number;
}

/** An edge's certificate: the subject is the edge's id, whatever the request asked for. */
export async function issueEdge(
  issuer: Issuer,
  publicKey: x509.PublicKey,
  edgeId: string,
  now: number,
): Promise<EdgeCertificate> {
  const pem = await issue(issuer, publicKey, {
    subject: `CN=${edgeId}`,
    days: EDGE_CERTIFICATE_DAYS,
    now,
    usage: x509.ExtendedKeyUsage.clientAuth,
    alternatives: [{ type: 'url', value: edgeUri(edgeId) }],
  });
  const certificate = new x509.X509Certificate(pem);
  return { pem, serial: certificate.serialNumber.toLowerCase(), expiresAt: certificate.notAfter.getTime() };
}

export function edgeUri(edgeId: string): string {
  return `patronus:edge:${edgeId}`;
}

interface Request {
  readonly subject: string;
  readonly days: number;
  readonly now: number;
  readonly usage: x509.ExtendedKeyUsage;
  readonly alternatives: { type: 'dns' | 'ip' | 'url'; value: string }[];
}

async function issue(issuer: Issuer, publicKey: x509.PublicKeyType, request: Request): Promise<string> {
  const { privateKey } = await asCryptoKeyPair(issuer.key);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: randomSerial(),
    subject: request.subject,
    issuer: issuer.certificate.subject,
    notBefore: new Date(request.now - BACKDATED_MS),
    notAfter: new Date(request.now + request.days * DAY_MS),
    signingAlgorithm,
    publicKey,
    signingKey: privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([request.usage]),
      new x509.SubjectAlternativeNameExtension(request.alternatives),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
    ],
  });
  return certificate.toString('pem');
}

/** 127 random bits, positive (RFC 5280 §4.1.2.2). */
function randomSerial(): string {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toString('hex');
}
