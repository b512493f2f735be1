/** Configurations for tests: signed by a key of the test's own. */
import { generateKeyPairSync, sign } from 'node:crypto';
import {
  type Configuration,
  type ConfigurationInput,
  configurationSchema,
  SIGNING_CONTEXT,
  type SignedConfiguration,
} from '@patronus/protocol';
import { digestOf, type Verified } from './verify.ts';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');

export const trusted = { edgeId: 'berlin', signingKey: String(publicKey.export({ format: 'pem', type: 'spki' })) };

export const wireguardKey = (letter: string) => `${letter.repeat(42)}A=`;

/** A sound one with an uplink, two tunnels to London, a stock peer, and nesting prefixes. */
export function configurationOf(sequence: number, change: Partial<ConfigurationInput> = {}): Configuration {
  const tunnel = (order: number) => ({
    id: `t${order}`,
    uplinkId: 'internet',
    family: 4 as const,
    remote: {
      ...{ edgeId: 'london', siteId: 'london', uplinkId: `london-${order}`, publicKey: wireguardKey('k') },
      endpoints: ['198.18.2.2:51820'],
    },
    cost: order,
  });
  return configurationSchema.parse({
    format: 1,
    version: { epoch: 1, sequence },
    organisation: 'test',
    issuedAt: '2026-01-01T00:00:00Z',
    edge: { id: 'berlin', name: 'berlin', siteId: 'berlin', siteName: 'berlin', overlayAddress: '100.64.0.1' },
    controllers: ['203.0.113.1:8444'],
    mtu: 1380,
    local: [
      { segment: 0, prefix: '10.1.0.0/16' },
      { segment: 0, prefix: '10.1.9.9/32' },
    ],
    uplinks: [{ id: 'internet', label: 'internet', interface: 'eth0', domain: 'internet', cost: 1, port: 51820 }],
    tunnels: [tunnel(1), tunnel(2)],
    edges: [
      { id: 'london', siteId: 'london', overlayAddress: '100.64.0.2', allowed: [{ segment: 0, prefix: '10.0.0.0/8' }] },
    ],
    routes: [
      { segment: 0, prefix: '10.0.0.0/8', nextHops: ['london'] },
      { segment: 0, prefix: 'fd00:2::/64', nextHops: ['london'] },
      { segment: 7, prefix: '172.16.0.0/12', nextHops: ['london'] },
    ],
    peers: [
      {
        ...{ id: 'phone', name: 'phone', uplinkId: 'internet', publicKey: wireguardKey('p') },
        allowed: [{ segment: 0, prefix: '10.1.9.9/32' }],
      },
    ],
    ...change,
  });
}

/** `payload` as it is, signed. */
export function signText(payload: string): SignedConfiguration {
  const signature = sign(null, Buffer.from(SIGNING_CONTEXT + payload), privateKey).toString('base64');
  return { payload, signature, keyId: '0'.repeat(16) };
}

export function signed(configuration: Configuration): SignedConfiguration {
  return signText(JSON.stringify(configuration));
}

export function verified(configuration: Configuration): Verified {
  const text = signed(configuration);
  return { configuration, signed: text, digest: digestOf(text) };
}
