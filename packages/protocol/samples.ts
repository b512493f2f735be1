/** Sound messages and a sound configuration, for tests to take apart. */
import { type Configuration, TELEMETRY_INTERVAL_MS } from './index.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

export const configuration: Configuration = {
  format: 1,
  version: { epoch: 1, sequence: 7 },
  organisation: 'default',
  issuedAt: '2026-01-01T00:00:00.000Z',
  edge: { id: 'e1', name: 'berlin-1', siteId: 's1', siteName: 'berlin', overlayAddress: '100.127.0.1' },
  controllers: ['198.51.100.1:8444'],
  mtu: 1380,
  local: [{ segment: 0, prefix: '10.1.0.0/24' }],
  uplinks: [{ id: 'u1', label: 'internet', interface: 'eth0', domain: 'internet', cost: 10, port: 51820 }],
  tunnels: [
    {
      id: 'u1~u2~4',
      uplinkId: 'u1',
      family: 4,
      remote: { edgeId: 'e2', siteId: 's2', uplinkId: 'u2', publicKey: KEY, endpoints: ['192.0.2.2:51820'] },
      cost: 20,
    },
  ],
  edges: [{ id: 'e2', siteId: 's2', overlayAddress: '100.127.0.2', allowed: [{ segment: 0, prefix: '10.2.0.0/24' }] }],
  routes: [{ segment: 0, prefix: '10.2.0.0/24', nextHops: ['e2'] }],
  peers: [],
  classes: [
    { id: 'c1', name: 'web', match: { protocol: 6, ports: [[80, 80]], destinations: ['10.2.0.0/24'] }, compression: 9 },
  ],
};

export const telemetry = {
  type: 'telemetry',
  wallMs: 0,
  tunnels: [
    {
      ...{ id: 'u1~u2~4', state: 'up', sinceMs: 0, active: true, roundTripUs: 900, loss: 0 },
      ...{ receivedBytes: 1, sentBytes: 2, receivedPackets: 3, sentPackets: 4, lastHandshakeMs: 0 },
      ...{ remoteEndpoint: '192.0.2.2:51820', mtu: 1420 },
      compression: {
        ...{ packets: 1, fromBytes: 900, toBytes: 300, skipped: 0 },
        ...{ expandedPackets: 0, expandedFromBytes: 0, expandedToBytes: 0, errors: 0 },
      },
    },
  ],
  classes: [
    {
      ...{ id: 'c1', sentPackets: 1, sentBytes: 900, compressedPackets: 1 },
      ...{ compressedFromBytes: 900, compressedToBytes: 300, skippedPackets: 0 },
    },
  ],
  capabilities: { cipher: 'wasm-simd' },
  counters: { replayed: 1 },
  dropped: 0,
} as const;

/** One of each interesting kind, from both ends. */
export const messages: readonly unknown[] = [
  { type: 'ping', id: 1 },
  telemetry,
  { type: 'renewed', certificate: 'PEM' },
  { type: 'configuration', signed: { payload: JSON.stringify(configuration), signature: 'AA==', keyId: '00' } },
  { type: 'welcome', protocol: 1, continuation: 'x', wallMs: 0, telemetryIntervalMs: TELEMETRY_INTERVAL_MS },
  { type: 'returned', version: null, running: configuration.version, code: 'BAD_SIGNATURE', reason: 'why' },
  {
    type: 'hello',
    protocol: 1,
    edgeId: 'e1',
    instanceId: '0123456789abcdef',
    continuation: null,
    softwareVersion: '0.1.0',
    wallMs: 0,
    uplinks: [{ id: 'u1', publicKey: KEY, endpoints: [], state: 'up' }],
    running: null,
  },
];
