/** Sound messages and a sound configuration, for tests to take apart. */
import { type Configuration, configurationSchema, TELEMETRY_INTERVAL_MS } from './index.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';

export const configuration: Configuration = configurationSchema.parse({
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
  policies: [
    { id: 'c1', name: 'web', match: { protocol: 6, ports: [[80, 80]], destinations: ['10.2.0.0/24'] }, compression: 9 },
    {
      ...{ id: 'c2', name: 'voice', match: { dscp: [46], applications: ['sip'] }, compression: null },
      ...{ treatment: 't-0123456789abcdef', priority: 'realtime', limitPercent: 30, mark: 46 },
    },
    { id: 'c3', name: 'web', match: {}, compression: null, action: 'breakout', breakoutUplinks: ['u1'] },
  ],
  treatments: [
    { id: 't-0123456789abcdef', slaClassId: 's', path: { mode: 'balance', weights: [{ label: 'lte', weight: 3 }] } },
  ],
  slaClasses: [{ id: 's', name: 'Voice', roundTripMs: 150, jitterMs: null, loss: 0.01, mos: 3.6 }],
  applications: [
    {
      id: 'sip',
      name: 'SIP',
      ports: [{ protocol: 17, first: 5060, last: 5061 }],
      prefixes: [],
      names: ['sip.example.org'],
    },
  ],
});

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
      quality: {
        outgoing: { packets: 1_000, loss: 0.01, jitterUs: 900, delayChangeUs: 20 },
        ...{ incoming: null, mos: 4.2, capacityBitsPerSecond: null },
      },
      bfd: {
        ...{ state: 'up', remoteState: 'init', localDiscriminator: 1, remoteDiscriminator: 2, diagnostic: 0 },
        ...{ remoteDiagnostic: 1, transmitIntervalMs: 100, detectionTimeMs: 300, downs: 2 },
      },
    },
  ],
  policies: [
    {
      ...{ id: 'c1', sentPackets: 1, sentBytes: 900, compressedPackets: 1 },
      ...{ compressedFromBytes: 900, compressedToBytes: 300, skippedPackets: 0, flows: 4, deniedPackets: 0 },
    },
  ],
  capabilities: { cipher: 'wasm-simd' },
  paths: [{ treatment: 'default', edgeId: 'e2', tunnelIds: ['u1~u2~4'] }],
  breakout: [{ uplinkId: 'u1', state: 'up', roundTripUs: 9_000, loss: 0 }],
  reach: [{ edgeId: 'e2', address: '10.2.0.1', state: 'unknown', roundTripUs: null }],
  shaping: [
    {
      ...{ uplinkId: 'u1', bitsPerSecond: 10_000_000, waitingPackets: 1, waitingBytes: 300 },
      priorities: [
        {
          ...{ priority: 'realtime', sentPackets: 4, sentBytes: 900, droppedPackets: 0, markedPackets: 0 },
          ...{ delayP50Us: 900, delayP99Us: null, delayMostUs: 4_000 },
        },
      ],
    },
  ],
  protection: {
    ...{ sent: 9, copies: 9, paritySent: 0, received: 8, duplicates: 7, repaired: 1, lost: 0, late: 0, tooLate: 0 },
  },
  counters: { replayed: 1 },
  dropped: 0,
} as const;

export const decision = {
  ...{ number: 1, wallMs: 0, generation: 3, treatment: 't-0123456789abcdef', edgeId: 'e2' },
  ...{ chosen: ['u1~u2~4'], previous: [], rule: 'first-up', reason: 'internet → internet is the first to be up.' },
  candidates: [
    {
      ...{ tunnelId: 'u1~u2~4', rank: 1, state: 'up', meetsSla: null, roundTripUs: 900, loss: 0, jitterUs: 10 },
      ...{ mos: 4.3, cost: 20, why: 'is the cheapest' },
    },
  ],
  ...{ configurationHash: 'ab'.repeat(32), configurationVersion: { epoch: 1, sequence: 7 } },
} as const;

/** One of each interesting kind, from both ends. */
export const messages: readonly unknown[] = [
  { type: 'ping', id: 1 },
  telemetry,
  { type: 'decisions', decisions: [decision], lost: 0 },
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
