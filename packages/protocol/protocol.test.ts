import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  type Configuration,
  compareVersions,
  configurationSchema,
  controllerMessageSchema,
  edgeMessageSchema,
  formatEnrolmentToken,
  formatVersion,
  parseEnrolmentToken,
  signedConfigurationSchema,
  TELEMETRY_INTERVAL_MS,
} from './index.ts';

const KEY = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=';
const token = { u: ['https://controller.example.net:8443'], s: 'a'.repeat(43), p: ['0'.repeat(64)] };

const configuration: Configuration = {
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
};

describe('enrolment tokens', () => {
  test('survive being written and read', () =>
    assert.deepEqual(parseEnrolmentToken(formatEnrolmentToken(token)), token));

  test('survive the white space of a paste', () => {
    assert.deepEqual(parseEnrolmentToken(`\n ${formatEnrolmentToken(token)} \n`), token);
  });

  test('cut off anywhere are no tokens', () => {
    const text = formatEnrolmentToken(token);
    for (let length = 0; length < text.length; length++)
      assert.equal(parseEnrolmentToken(text.slice(0, length)), undefined);
  });

  test('lead nowhere but to HTTPS', () => {
    assert.equal(
      parseEnrolmentToken(formatEnrolmentToken({ ...token, u: ['http://controller.example.net'] })),
      undefined,
    );
  });

  test('made of anything never throw', () => {
    const text = formatEnrolmentToken(token);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((tail) => `pat1.${tail}`),
          mutated(text),
        ),
        (input) => {
          parseEnrolmentToken(input);
        },
      ),
      { numRuns: 20_000 },
    );
  });
});

describe('configurations', () => {
  test('that are sound pass, and keep no field that this release does not know', () => {
    assert.deepEqual(configurationSchema.parse({ ...configuration, novelty: true }), configuration);
  });

  test('are refused when one field is not what it says', () => {
    const broken: readonly Record<string, unknown>[] = [
      { format: 2 },
      { version: { epoch: 0, sequence: 1 } },
      { mtu: 1279 },
      { local: [{ segment: 0, prefix: '10.1.0.1/24' }] },
      { local: [{ segment: 65_536, prefix: '10.1.0.0/24' }] },
      { uplinks: [{ ...configuration.uplinks[0], interface: 'eth0; reboot' }] },
      { uplinks: [{ ...configuration.uplinks[0], port: 65_536 }] },
      { edge: { ...configuration.edge, overlayAddress: '100.127.0' } },
      { edge: { ...configuration.edge, id: '../../etc/passwd' } },
      { peers: [{ id: 'p', name: 'p', uplinkId: 'u1', publicKey: 'short', allowed: [] }] },
      { routes: [{ segment: 0, prefix: '10.2.0.0/24', nextHops: [] }] },
      { controllers: [] },
    ];
    for (const field of broken) {
      assert.equal(configurationSchema.safeParse({ ...configuration, ...field }).success, false, JSON.stringify(field));
    }
  });

  test('are numbered by epoch before sequence', () => {
    assert.ok(compareVersions({ epoch: 2, sequence: 1 }, { epoch: 1, sequence: 99 }) > 0);
    assert.ok(compareVersions({ epoch: 1, sequence: 1 }, { epoch: 1, sequence: 2 }) < 0);
    assert.equal(compareVersions({ epoch: 1, sequence: 2 }, { epoch: 1, sequence: 2 }), 0);
    assert.equal(formatVersion({ epoch: 3, sequence: 14 }), '3.14');
  });
});

describe('the channel', () => {
  const samples: readonly unknown[] = [
    { type: 'ping', id: 1 },
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

  test('every message is understood by exactly the end it is meant for, ping and pong by both', () => {
    for (const message of samples) {
      const understood = [edgeMessageSchema, controllerMessageSchema].filter(
        (schema) => schema.safeParse(message).success,
      );
      assert.equal(understood.length, (message as { type: string }).type === 'ping' ? 2 : 1, JSON.stringify(message));
    }
  });

  test('mutated messages are refused or understood, never thrown at', () => {
    const texts = [...samples, configuration].map((message) => JSON.stringify(message));
    const schemas = [edgeMessageSchema, controllerMessageSchema, configurationSchema, signedConfigurationSchema];
    fc.assert(
      fc.property(fc.constantFrom(...texts).chain(mutated), (text) => {
        const value = parsed(text);
        for (const schema of schemas) schema.safeParse(value);
      }),
      { numRuns: 5_000 },
    );
  });

  test('any JSON value is refused or understood, never thrown at', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        edgeMessageSchema.safeParse(value);
        controllerMessageSchema.safeParse(value);
        configurationSchema.safeParse(value);
      }),
      { numRuns: 2_000 },
    );
  });
});

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The text with one run of characters replaced. */
function mutated(text: string): fc.Arbitrary<string> {
  return fc
    .tuple(fc.nat(text.length), fc.nat(4), fc.string({ maxLength: 4 }))
    .map(([at, removed, inserted]) => text.slice(0, at) + inserted + text.slice(at + removed));
}
