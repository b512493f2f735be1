import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  compareVersions,
  configurationSchema,
  controllerMessageSchema,
  edgeMessageSchema,
  formatEnrolmentToken,
  formatVersion,
  MAX_REPORTED_TUNNELS,
  parseEnrolmentToken,
  signedConfigurationSchema,
} from './index.ts';
import { configuration, decision, messages, telemetry } from './samples.ts';

const token = { u: ['https://controller.example.net:8443'], s: 'a'.repeat(43), p: ['0'.repeat(64)] };

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
      { policies: [{ ...configuration.policies[0], compression: 17 }] },
      { policies: [{ ...configuration.policies[0], match: { ports: [[1, 65_536]] } }] },
      { policies: [{ ...configuration.policies[0], match: { dscp: [] } }] },
      { policies: Array.from({ length: 257 }, () => configuration.policies[0]) },
      { uplinks: [{ ...configuration.uplinks[0], bitsPerSecond: 63_999 }] },
    ];
    for (const field of broken) {
      assert.equal(configurationSchema.safeParse({ ...configuration, ...field }).success, false, JSON.stringify(field));
    }
  });

  test('of a controller one release older, which knew no policies, are understood as having none', () => {
    const { policies: _none, ...older } = configuration;
    assert.deepEqual(configurationSchema.parse(older).policies, []);
  });

  test('are numbered by epoch before sequence', () => {
    assert.ok(compareVersions({ epoch: 2, sequence: 1 }, { epoch: 1, sequence: 99 }) > 0);
    assert.ok(compareVersions({ epoch: 1, sequence: 1 }, { epoch: 1, sequence: 2 }) < 0);
    assert.equal(compareVersions({ epoch: 1, sequence: 2 }, { epoch: 1, sequence: 2 }), 0);
    assert.equal(formatVersion({ epoch: 3, sequence: 14 }), '3.14');
  });
});

describe('the channel', () => {
  test('every message is understood by exactly the end it is meant for, ping and pong by both', () => {
    for (const message of messages) {
      const understood = [edgeMessageSchema, controllerMessageSchema].filter(
        (schema) => schema.safeParse(message).success,
      );
      assert.equal(understood.length, (message as { type: string }).type === 'ping' ? 2 : 1, JSON.stringify(message));
    }
  });

  test('reports of an edge one release older are understood, and reports with impossible or too many numbers refused', () => {
    const [tunnel] = telemetry.tunnels;
    const { mtu: _mtu, compression, ...older } = tunnel;
    const { policies, capabilities: _capabilities, ...oldest } = telemetry;
    const passes = (message: object) => edgeMessageSchema.safeParse(message).success;
    assert.ok(passes(telemetry));
    assert.ok(passes({ ...oldest, tunnels: [older] }));
    const wrong: readonly object[] = [
      { tunnels: Array.from({ length: MAX_REPORTED_TUNNELS + 1 }, () => tunnel) },
      { tunnels: [{ ...tunnel, mtu: 65_536 }] },
      { tunnels: [{ ...tunnel, loss: -0.5 }] },
      { tunnels: [{ ...tunnel, sentBytes: Number.POSITIVE_INFINITY }] },
      { tunnels: [{ ...tunnel, compression: { ...compression, fromBytes: -1 } }] },
      { policies: Array.from({ length: 258 }, () => policies[0]) },
      { policies: [{ ...policies[0], sentPackets: 2 ** 60 }] },
      { capabilities: { tun: 'x'.repeat(201) } },
      { capabilities: Object.fromEntries(Array.from({ length: 33 }, (_, number) => [`c${number}`, ''])) },
      { tunnels: [{ ...tunnel, quality: { ...tunnel.quality, mos: 9 } }] },
      { tunnels: [{ ...tunnel, bfd: { ...tunnel.bfd, diagnostic: 32 } }] },
      { tunnels: [{ ...tunnel, bfd: { ...tunnel.bfd, state: 'sideways' } }] },
      { paths: [{ ...telemetry.paths[0], tunnelIds: Array.from({ length: 257 }, () => 'one') }] },
      { paths: [{ ...telemetry.paths[0], treatment: '../../etc/passwd' }] },
      { breakout: Array.from({ length: 65 }, () => telemetry.breakout[0]) },
      { breakout: [{ ...telemetry.breakout[0], loss: 1.5 }] },
      { reach: [{ ...telemetry.reach[0], address: 'x'.repeat(65) }] },
      { counters: Object.fromEntries(Array.from({ length: 257 }, (_, number) => [`c${number}`, 0])) },
    ];
    for (const change of wrong)
      assert.equal(passes({ ...telemetry, ...change }), false, JSON.stringify(change).slice(0, 80));
  });

  test('decisions are bounded in number, words and candidates', () => {
    const passes = (more: object, count = 1, lost = 0) =>
      edgeMessageSchema.safeParse({
        ...{ type: 'decisions', lost },
        decisions: Array.from({ length: count }, () => ({ ...decision, ...more })),
      }).success;
    assert.ok(passes({}, 200));
    assert.equal(passes({}, 201), false);
    assert.equal(passes({}, 1, -1), false);
    const [candidate] = decision.candidates;
    const wrong: readonly object[] = [
      { number: -1 },
      { reason: 'x'.repeat(501) },
      { rule: 'x'.repeat(65) },
      { treatment: "default'; drop table decision; --" },
      { candidates: [{ ...candidate, why: 'x'.repeat(301) }] },
      { candidates: [{ ...candidate, loss: 1.1 }] },
      { candidates: Array.from({ length: 257 }, () => candidate) },
      { configurationVersion: { epoch: 0, sequence: 1 } },
    ];
    for (const change of wrong) assert.equal(passes(change), false, JSON.stringify(change).slice(0, 80));
  });

  test('mutated messages are refused or understood, never thrown at', () => {
    const texts = [...messages, configuration].map((message) => JSON.stringify(message));
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
