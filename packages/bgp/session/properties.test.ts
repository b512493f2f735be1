/** What holds for any order of inputs and any bytes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '@patronus/testkit';
import fc from 'fast-check';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH, KEEPALIVE, MessageType } from '../codec/header.ts';
import { encodeNotification } from '../codec/notification.ts';
import { encodeRouteRefresh } from '../codec/routeRefresh.ts';
import { attribute, encodeUpdate } from '../codec/update.ts';
import type { SessionConfiguration } from './configuration.ts';
import type { SessionEffect, SessionInput } from './effects.ts';
import { Opposite } from './opposite.ts';
import { Session } from './session.ts';
import { Pair, seededRandom } from './simulation.ts';

const context = { isFourOctetAs: true, isExternal: true };
const attributes = [
  attribute(1, 'igp'),
  attribute(2, [{ type: 'sequence', numbers: [65_002, 3_356] }]),
  attribute(3, Uint8Array.of(10, 0, 0, 1)),
];
const nothing = new Uint8Array(0);
const update = encodeUpdate({ withdrawn: nothing, nlri: Uint8Array.of(16, 10, 1), attributes }, context);
const endOfRib = encodeUpdate({ withdrawn: nothing, nlri: nothing, attributes: [] }, context);
const messages: readonly Uint8Array[] = [
  new Opposite().openMessage(),
  new Opposite({ open: { capabilities: [{ code: 2 }, { code: 70 }, { code: 6 }] } }).openMessage(),
  KEEPALIVE,
  update,
  endOfRib,
  encodeNotification({ code: 6, subcode: 4, data: nothing }),
  encodeRouteRefresh(IPV4_UNICAST),
  new Uint8Array(40),
];

const connection = fc.integer({ min: 1, max: 6 });
const input: fc.Arbitrary<SessionInput | { readonly kind: 'wait'; readonly ms: number }> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('start' as const), isAutomatic: fc.boolean() }) },
  fc.record({ kind: fc.constant('stop' as const), reason: fc.string() }),
  fc.record({ kind: fc.constant('reset' as const), reason: fc.string() }),
  fc.constant({ kind: 'bfdDown' as const }),
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('connected' as const), connection }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('accepted' as const), connection: fc.integer({ min: 1, max: 3 }) }),
  },
  fc.record({ kind: fc.constant('closed' as const), connection }),
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant('bytes' as const), connection, bytes: fc.constantFrom(...messages) }),
  },
  fc.record({ kind: fc.constant('bytes' as const), connection, bytes: fc.uint8Array({ maxLength: 60 }) }),
  fc.record({ kind: fc.constant('sent' as const), connection, waitingBytes: fc.constantFrom(0, 100) }),
  fc.constant({ kind: 'sendUpdates' as const, bytes: update }),
  fc.record({
    kind: fc.constant('sendRefresh' as const),
    family: fc.constantFrom(IPV4_UNICAST, IPV6_UNICAST),
    refresh: fc.constantFrom('request' as const, 'begin' as const, 'end' as const),
  }),
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 0, max: 100_000 }) }) },
);

const configurations: readonly Partial<SessionConfiguration>[] = [
  {},
  { isPassive: true },
  { delayOpenS: 5 },
  { collidesWhenEstablished: true },
  { gracefulRestart: { restartTimeS: 60, isForNotification: true, isRestarting: false, families: [] } },
];

/** Follows effects and holds them against what may be at all. */
class Watch {
  readonly open = new Set<number>();
  state = 'Idle';

  take(effects: readonly SessionEffect[], asked: SessionInput): void {
    if (asked.kind === 'accepted') this.open.add(asked.connection);
    for (const effect of effects) {
      if (effect.kind === 'connect') this.open.add(effect.connection);
      if (effect.kind === 'close') this.open.delete(effect.connection);
      if (effect.kind === 'send') {
        assert.equal(this.open.has(effect.connection), true, 'nothing is sent on a connection that is closed');
      }
      if (effect.kind === 'state') {
        assert.equal(effect.from, this.state);
        assert.notEqual(effect.to, effect.from);
        this.state = effect.to;
      }
      if (effect.kind === 'established') assert.equal(this.state, 'Established');
    }
    if (asked.kind === 'closed') this.open.delete(asked.connection);
  }
}

test('no order of inputs throws, and nothing is ever sent in Idle or on a connection that is not there', () => {
  fc.assert(
    fc.property(fc.constantFrom(...configurations), fc.array(input, { maxLength: 80 }), (configuration, inputs) => {
      let connections = 0;
      const session = new Session({
        configuration: { localAs: 65_001, peerAs: 65_002, identifier: 1, ...configuration },
        random: seededRandom(3),
        // The peer's have the numbers 1 to 3.
        newConnection: () => 4 + (connections++ % 3),
      });
      const watch = new Watch();
      let nowMs = 0;
      const give = (one: SessionInput) => {
        const wasIdle = session.state === 'Idle';
        const effects = session.handle(one, nowMs);
        if (wasIdle)
          assert.equal(
            effects.some(({ kind }) => kind === 'send'),
            false,
            `sent in Idle for ${one.kind}`,
          );
        watch.take(effects, one);
        assert.equal(watch.state, session.state);
        if (session.deadline === Number.NEGATIVE_INFINITY) give({ kind: 'tick' });
        assert.equal(session.deadline > nowMs || one.kind !== 'tick', true, 'a tick leaves nothing that is due');
      };
      for (const one of inputs) {
        if (one.kind !== 'wait') give(one);
        else
          for (const endMs = nowMs + one.ms; nowMs < endMs; ) {
            nowMs = Math.max(nowMs, Math.min(endMs, session.deadline));
            if (session.deadline <= nowMs) give({ kind: 'tick' });
          }
      }
      give({ kind: 'stop' });
      assert.equal(session.state, 'Idle');
      assert.deepEqual([...watch.open], [], 'no connection is left behind');
      assert.equal(session.deadline, Number.POSITIVE_INFINITY);
    }),
    { numRuns: 600 },
  );
});

test('however a stream is chopped, the same comes of it', () => {
  const stream = (opposite: Opposite) => {
    const parts = [opposite.openMessage(), KEEPALIVE, update, update, KEEPALIVE, endOfRib, update];
    const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  };
  const whole = new Opposite().toOpenSent();
  whole.say(stream(whole));
  assert.equal(whole.taken('update').length, 3);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (sizes) => {
      const chopped = new Opposite().toOpenSent();
      const bytes = stream(chopped);
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!;
        chopped.say(bytes.slice(at, at + size));
        at += size;
      }
      assert.deepEqual(chopped.effects, whole.effects);
    }),
    { numRuns: 100 },
  );
});

test('over any lossless network two sessions come up and stay, with keepalives in time', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 1, max: 0xffff_ffff }),
        delayMs: fc.integer({ min: 0, max: 900 }),
        chunkBytes: fc.integer({ min: 1, max: 64 }),
        holdTimeS: fc.integer({ min: 3, max: 240 }),
        isPassive: fc.boolean(),
      }),
      ({ seed, delayMs, chunkBytes, holdTimeS, isPassive }) => {
        const pair = new Pair({ a: { holdTimeS, isPassive }, seed, delayMs, chunkBytes });
        pair.start();
        pair.run(60_000);
        assert.deepEqual(pair.states(), ['Established', 'Established']);
        pair.run(20 * 60_000);
        assert.deepEqual(pair.states(), ['Established', 'Established']);
        assert.equal(pair.a.downCount + pair.b.downCount, 0);
        assert.equal(pair.openConnections, 1);
      },
    ),
    { numRuns: 20 },
  );
});

test('ends that connect to each other at once come up without a flap, whichever message is the slower', () => {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer({ min: 1, max: 0xffff_ffff }),
        spreadMs: fc.integer({ min: 0, max: 400 }),
        delayMs: fc.integer({ min: 0, max: 100 }),
        connectRetryS: fc.constantFrom(1, 5, 120),
        lateMs: fc.integer({ min: 0, max: 300 }),
      }),
      ({ seed, spreadMs, delayMs, connectRetryS, lateMs }) => {
        const pair = new Pair({ a: { connectRetryS }, b: { connectRetryS }, seed, delayMs, spreadMs });
        pair.give('a', { kind: 'start' });
        pair.run(lateMs);
        pair.give('b', { kind: 'start' });
        pair.run(30_000);
        assert.deepEqual(pair.states(), ['Established', 'Established']);
        assert.deepEqual([pair.a.downCount, pair.b.downCount], [0, 0]);
        assert.equal(pair.openConnections, 1);
      },
    ),
    { numRuns: 1_000 },
  );
});

/** 10⁶ in the long form. */
const mutations = process.env.PATRONUS_LONG === '1' ? 1_000_000 : 8_000;

test('mutated messages never throw: the session ends with a NOTIFICATION or goes on', () => {
  const random = seededNumbers(11);
  const below = (most: number) => random() % most;
  let opposite = new Opposite().toEstablished();
  let ends = 0;
  for (let round = 0; round < mutations; round++) {
    const message = messages[below(messages.length)]!.slice();
    const flips = 1 + below(3);
    // Mostly behind the marker: one that is wrong says nothing of the rest.
    for (let flip = 0; flip < flips; flip++)
      message[below(10) === 0 ? below(16) : 16 + below(message.length - 16)] = below(256);
    const effects = opposite.session.handle({ kind: 'bytes', connection: opposite.connection, bytes: message }, 0);
    if (opposite.session.state === 'Established') continue;
    ends += 1;
    assert.equal(effects.at(-1)?.kind === 'state' && effects.some(({ kind }) => kind === 'down'), true);
    const sent = effects.filter((effect) => effect.kind === 'send');
    for (const { bytes } of sent) assert.equal(bytes[HEADER_LENGTH - 1], MessageType.notification);
    opposite = new Opposite().toEstablished();
  }
  assert.equal(ends > mutations / 10, true);
});
