import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto, X509Certificate } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { before, describe, type TestContext, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { leadsToPin, pinOf } from './pinning.ts';
import { postPinned } from './post.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;
const validity = { notBefore: new Date('2020-01-01'), notAfter: new Date('2040-01-01') };

interface Issued {
  readonly keys: webcrypto.CryptoKeyPair;
  readonly certificate: x509.X509Certificate;
}

async function authority(name: string): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...{ ...validity, keys, signingAlgorithm, name: `CN=${name}`, serialNumber: '01' },
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
  });
  return { keys, certificate };
}

async function leaf(issuer: Issued, usage: x509.ExtendedKeyUsage, isAuthority = false): Promise<Issued> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.create({
    ...{ ...validity, signingAlgorithm, subject: 'CN=leaf', issuer: issuer.certificate.subject, serialNumber: '02' },
    ...{ publicKey: keys.publicKey, signingKey: issuer.keys.privateKey },
    extensions: [
      new x509.ExtendedKeyUsageExtension([usage]),
      new x509.BasicConstraintsExtension(isAuthority, undefined, true),
    ],
  });
  return { keys, certificate };
}

const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;
const chainOf = (...issued: Issued[]) =>
  issued.map(({ certificate }) => new X509Certificate(certificate.toString('pem')));

describe('a pinned chain', () => {
  let ours: Issued;
  let server: Issued;
  let pins: string[];
  before(async () => {
    ours = await authority('ours');
    server = await leaf(ours, serverAuth);
    pins = chainOf(ours).map(pinOf);
  });

  test('leads from a server’s certificate to the authority that signed it', () => {
    assert.ok(leadsToPin(chainOf(server, ours), pins));
  });

  test('may be the pinned certificate itself', async () => {
    const own = await leaf(await authority('a public one'), serverAuth);
    assert.ok(leadsToPin(chainOf(own), chainOf(own).map(pinOf)));
  });

  test('may lead over an authority in between, if that is one', async () => {
    const between = await leaf(ours, serverAuth, true);
    const below = await leaf(between, serverAuth);
    assert.ok(leadsToPin(chainOf(below, between, ours), pins));
    const noAuthority = await leaf(ours, serverAuth);
    assert.ok(!leadsToPin(chainOf(await leaf(noAuthority, serverAuth), noAuthority, ours), pins));
  });

  test('is not made by sending the pinned authority along', async () => {
    const stranger = await authority('ours');
    assert.ok(!leadsToPin(chainOf(await leaf(stranger, serverAuth), ours), pins));
    assert.ok(!leadsToPin(chainOf(stranger, ours), pins));
  });

  test('is not the certificate of an edge, which the same authority signs', async () => {
    assert.ok(!leadsToPin(chainOf(await leaf(ours, clientAuth), ours), pins));
  });

  test('is not empty, and not unpinned', () => {
    assert.ok(!leadsToPin([], pins));
    assert.ok(!leadsToPin(chainOf(server), pins), 'the authority was not shown');
    assert.ok(!leadsToPin(chainOf(server, ours), ['00'.repeat(32)]));
  });

  test('decides before a byte of the request is sent', async (context) => {
    const sent = await serve(context, server, ours);
    assert.deepEqual((await postPinned(sent.url, pins, { secret: 's' }, null)).body, { heard: { secret: 's' } });
    const stranger = await authority('ours');
    const impostor = await serve(context, await leaf(stranger, serverAuth), ours);
    await assert.rejects(postPinned(impostor.url, pins, { secret: 's' }, null), { code: 'WRONG_CONTROLLER' });
    assert.equal(impostor.requests(), 0);
  });

  test('a connection that breaks behind the request is told as such, so that no other way repeats it', async (context) => {
    const sent = await serve(context, server, ours, true);
    await assert.rejects(postPinned(sent.url, pins, { secret: 's' }, null), { code: 'ANSWER_LOST' });
  });
});

/** An HTTPS server that shows this chain and repeats what it hears. */
async function serve(context: TestContext, own: Issued, shown: Issued, hangsUp = false) {
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', own.keys.privateKey)).toString('base64');
  let requests = 0;
  const server = createServer(
    {
      key: `-----BEGIN PRIVATE KEY-----\n${pkcs8}\n-----END PRIVATE KEY-----\n`,
      cert: `${own.certificate.toString('pem')}\n${shown.certificate.toString('pem')}`,
    },
    (request, response) => {
      requests += 1;
      if (hangsUp) request.socket.destroy();
      const parts: Buffer[] = [];
      request.on('data', (part) => parts.push(part));
      request.on('end', () => response.end(`{"heard":${Buffer.concat(parts)}}`));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests: () => requests };
}
