/**
 * Whether the chain a server showed leads to a pinned key. A pin replaces the public authorities: it is checked before
 * a single byte of ours is sent.
 *
 * That a pinned certificate is somewhere in the chain proves nothing: certificates are public, and anyone can send
 * ours along. So each signature from the leaf up to the pinned one is verified, and the leaf has to be a server's: the
 * same authority also signs edges, and no edge may pass for the controller.
 */
import { createHash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';

const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const longestChain = 8;

/** SHA-256 (hex) of a certificate's SPKI. */
export function pinOf(certificate: X509Certificate): string {
  const spki = certificate.publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(spki).digest('hex');
}

/** The certificates a TLS server showed, leaf first. */
export function shownChain(leaf: DetailedPeerCertificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let at = leaf;
  while (at?.raw !== undefined && chain.length < longestChain) {
    chain.push(new X509Certificate(at.raw));
    // A self-signed certificate is its own issuer.
    at = at.issuerCertificate === at ? undefined : at.issuerCertificate;
  }
  return chain;
}

/** Whether the leaf is pinned itself, or is a server's certificate that a pinned authority signed. */
export function leadsToPin(chain: readonly X509Certificate[], pins: readonly string[]): boolean {
  const [leaf] = chain;
  if (leaf === undefined) return false;
  if (pins.includes(pinOf(leaf))) return true;
  if (!leaf.keyUsage?.includes(serverAuthentication)) return false;
  for (let at = 0; at + 1 < chain.length; at++) {
    const issuer = chain[at + 1]!;
    if (!issuer.ca || !chain[at]!.verify(issuer.publicKey)) return false;
    if (pins.includes(pinOf(issuer))) return true;
  }
  return false;
}
