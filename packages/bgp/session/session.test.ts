/** Sessions in memory, two against each other or one against a peer made by hand (RFC 4271 §6 and §8). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import type { Capability } from '../codec/capabilities.ts';
import { IPV4_UNICAST } from '../codec/families.ts';
import { KEEPALIVE } from '../codec/header.ts';
import { encodeRouteRefresh } from '../codec/routeRefresh.ts';
import { attribute, encodeUpdate } from '../codec/update.ts';
import { type SessionConfiguration, socketOptions } from './configuration.ts';
import type { SessionInput } from './effects.ts';
import { Opposite } from './opposite.ts';
import { Secret } from './secret.ts';
import { Pair } from './simulation.ts';

const update = encodeUpdate(
  {
    withdrawn: new Uint8Array(0),
    nlri: Uint8Array.of(16, 10, 1),
    attributes: [
      attribute(1, 'igp'),
      attribute(2, [{ type: 'sequence', numbers: [65_001] }]),
      attribute(3, Uint8Array.of(10, 0, 0, 1)),
    ],
  },
  { isFourOctetAs: true, isExternal: true },
);

test('two ends that both connect are Established over one connection, and updates flow', () => {
  const pair = new Pair();
  pair.start();
  pair.run(5_000);
  assert.deepEqual(pair.states(), ['Established', 'Established']);
  assert.equal(pair.openConnections, 1);
  pair.give('a', { kind: 'sendUpdates', bytes: update });
  pair.run(10);
  const [received] = pair.taken('b', 'update');
  assert.deepEqual(received?.update.nlri, Uint8Array.of(16, 10, 1));
  assert.deepEqual([...(pair.b.negotiated?.families ?? [])], [IPV4_UNICAST]);
  pair.run(600_000);
  assert.deepEqual(pair.states(), ['Established', 'Established'], 'keepalives come in time');
  assert.equal(pair.a.downCount, 0);
});

test('one end that waits and one that connects are Established', () => {
  const pair = new Pair({ a: { isPassive: true } });
  pair.start();
  pair.run(5_000);
  assert.deepEqual(pair.states(), ['Established', 'Established']);
});

test('what an UPDATE depends on is carried out before it is read, also where both come in one piece', () => {
  const seen: string[] = [];
  const capabilities: Capability[] = [{ code: 2 }, { code: 70 }];
  const receiver = { update: () => void seen.push('update') };
  const opposite = new Opposite({ updates: receiver, open: { capabilities } });
  const carryOut = (input: SessionInput) => {
    for (const effect of opposite.session.handle(input, 0)) {
      if (effect.kind === 'established') seen.push('established');
      if (effect.kind === 'refresh') seen.push(effect.refresh);
      if (effect.kind === 'connect') opposite.connection = effect.connection;
    }
  };
  carryOut({ kind: 'start' });
  const { connection } = opposite;
  carryOut({ kind: 'connected', connection });
  const parts = [
    ...[opposite.openMessage(), KEEPALIVE, update, encodeRouteRefresh(IPV4_UNICAST, 'begin'), update],
    ...[encodeRouteRefresh(IPV4_UNICAST, 'end'), update, encodeRouteRefresh(IPV4_UNICAST), update],
  ];
  carryOut({ kind: 'bytes', connection, bytes: Uint8Array.from(parts.flatMap((part) => [...part])) });
  let turns = 0;
  for (; opposite.session.deadline === Number.NEGATIVE_INFINITY; turns++) carryOut({ kind: 'tick' });
  assert.deepEqual(seen, ['established', 'update', 'begin', 'update', 'end', 'update', 'update', 'request']);
  assert.equal(turns, 3);
});

test('a peer that floods us with borders of refreshes is cut off before it fills the memory', () => {
  const opposite = new Opposite({ open: { capabilities: [{ code: 2 }, { code: 70 }] } }).toEstablished();
  const border = encodeRouteRefresh(IPV4_UNICAST, 'begin');
  const flood = Uint8Array.from(Array.from({ length: 2_000 }, () => [...border]).flat());
  let turns = 0;
  for (; opposite.session.state === 'Established' && turns < 100; turns++) {
    opposite.effects.push(
      ...opposite.session.handle({ kind: 'bytes', connection: opposite.connection, bytes: flood }, 0),
    );
  }
  assert.equal(opposite.notice, '6/8');
  assert.equal(turns < 30, true);
});

test('of two connections that collide, the one of the higher identifier stays (§6.8)', () => {
  for (const [a, b, winner] of [
    [1, 2, 'b'],
    [2, 1, 'a'],
    [0xffff_ffff, 0x7fff_ffff, 'a'],
  ] as const) {
    for (let seed = 1; seed <= 5; seed++) {
      const pair = new Pair({ a: { identifier: a }, b: { identifier: b }, seed });
      pair.start();
      pair.run(20);
      assert.deepEqual(pair.states(), ['Established', 'Established']);
      assert.deepEqual(pair.connectionsFrom, [winner]);
      const dumped = [...pair.taken('a', 'failed'), ...pair.taken('b', 'failed')];
      assert.equal(
        dumped.some(({ reason }) => reason.notification?.code === 6 && reason.notification.subcode === 7),
        true,
        'the other one ends with Cease 6/7',
      );
      assert.equal(pair.a.downCount + pair.b.downCount, 0);
    }
  }
});

test('with equal identifiers the higher AS decides (RFC 6286 §2.3)', () => {
  const pair = new Pair({ a: { identifier: 9 }, b: { identifier: 9 } });
  pair.start();
  pair.run(20);
  assert.deepEqual(pair.states(), ['Established', 'Established']);
  assert.deepEqual(pair.connectionsFrom, ['b']);
});

test('a second connection does not disturb a session that is Established', () => {
  const opposite = new Opposite().toEstablished();
  opposite.give({ kind: 'accepted', connection: 77 });
  opposite.say(opposite.openMessage(), 77);
  assert.equal(opposite.session.state, 'Established');
  assert.equal(opposite.notice, '6/7');
  assert.equal(opposite.session.connection, opposite.connection);
  assert.equal(opposite.taken('down').length, 0);
});

test('a second connection that breaks before its OPEN leaves nothing behind to connect by itself', () => {
  const opposite = new Opposite().toEstablished();
  opposite.give({ kind: 'accepted', connection: 77 });
  opposite.give({ kind: 'closed', connection: 77 });
  const before = opposite.taken('connect').length;
  for (let round = 0; round < 10; round++) {
    opposite.pass(30_000);
    opposite.say(KEEPALIVE);
  }
  assert.equal(opposite.taken('connect').length, before);
  assert.equal(opposite.session.state, 'Established');
});

test('a peer that connects again before it has spoken replaces its own attempt; a third one is refused', () => {
  const opposite = new Opposite({ configuration: { identifier: 3 } }).toOpenSent();
  const closed = () => opposite.taken('close').map(({ connection }) => connection);
  opposite.give({ kind: 'accepted', connection: 70 });
  opposite.give({ kind: 'accepted', connection: 71 });
  assert.deepEqual(closed(), [70]);
  opposite.say(opposite.openMessage(), 71);
  opposite.give({ kind: 'accepted', connection: 72 });
  assert.deepEqual(closed(), [70, 72]);
  opposite.say(opposite.openMessage());
  assert.deepEqual(closed(), [70, 72, 71], 'ours stays: we have the higher identifier');
  opposite.say(KEEPALIVE);
  assert.equal(opposite.session.connection, opposite.connection);
});

test("with the peer's connection confirmed, our own attempt is given up", () => {
  const opposite = new Opposite({ configuration: { identifier: 3 } });
  opposite.give({ kind: 'start' });
  opposite.give({ kind: 'accepted', connection: 70 });
  assert.equal(opposite.taken('close').length, 0, 'not before: the peer might give up that one for ours');
  opposite.say(opposite.openMessage(), 70);
  assert.deepEqual(
    opposite.taken('close').map(({ connection }) => connection),
    [opposite.connection],
  );
  opposite.say(KEEPALIVE, 70);
  assert.equal(opposite.session.connection, 70);
});

/** We have the higher identifier and are connected; the peer has made a connection as well, and spoken there first. */
function waiting(): Opposite {
  const opposite = new Opposite({ configuration: { identifier: 3 } }).toOpenSent();
  opposite.give({ kind: 'accepted', connection: 70 });
  opposite.say(opposite.openMessage(), 70);
  // Nothing that follows is read yet, however it is chopped.
  opposite.say(KEEPALIVE.subarray(0, 7), 70);
  opposite.say(KEEPALIVE.subarray(7), 70);
  assert.equal(opposite.session.state, 'OpenSent');
  assert.equal(opposite.taken('send').length, 2, 'an OPEN on either, and no KEEPALIVE');
  return opposite;
}

test('the end whose own connection would stay confirms none of the peer before an answer has come on its own', () => {
  const opposite = waiting();
  opposite.say(opposite.openMessage());
  assert.equal(opposite.session.state, 'OpenConfirm');
  assert.equal(opposite.notice, '6/7');
  assert.deepEqual(opposite.taken('close').at(-1), { kind: 'close', connection: 70 });
  opposite.say(KEEPALIVE);
  assert.equal(opposite.session.connection, opposite.connection);
});

test('it confirms that of the peer at once when its own breaks', () => {
  const opposite = waiting();
  opposite.give({ kind: 'closed', connection: opposite.connection, reason: 'connection reset' });
  assert.equal(opposite.session.state, 'Established');
  assert.equal(opposite.session.connection, 70);
});

test('it gives its own up where no answer comes within two seconds', () => {
  const opposite = waiting();
  opposite.pass(1_999);
  assert.equal(opposite.session.state, 'OpenSent');
  opposite.pass(1);
  assert.equal(opposite.session.state, 'Established');
  assert.equal(opposite.session.connection, 70);
  assert.deepEqual(opposite.taken('close').at(-1), { kind: 'close', connection: opposite.connection });
  opposite.pass(29_000);
  assert.equal(opposite.session.state, 'Established', 'and nothing of the wait is left');
});

test('a connection that breaks while it waits leaves the other one alone', () => {
  const opposite = waiting();
  opposite.give({ kind: 'closed', connection: 70 });
  opposite.say(opposite.openMessage());
  opposite.say(KEEPALIVE);
  assert.equal(opposite.session.connection, opposite.connection);
});

test('keepalives leave within a third of the hold time, with jitter, and not at all for a hold time of 0', () => {
  const opposite = new Opposite({ open: { holdTime: 30 } }).toEstablished();
  const sentAt: number[] = [];
  for (let round = 0; round < 200; round++) {
    const before = opposite.taken('send').length;
    opposite.pass(opposite.session.deadline - opposite.nowMs);
    if (opposite.taken('send').length > before) sentAt.push(opposite.nowMs);
    opposite.say(KEEPALIVE);
  }
  const gaps = sentAt.slice(1).map((at, index) => at - sentAt[index]!);
  assert.equal(gaps.length > 150, true);
  assert.equal(Math.max(...gaps) <= 10_000, true);
  assert.equal(Math.min(...gaps) >= 7_500, true);
  assert.equal(Math.max(...gaps) - Math.min(...gaps) > 1_500, true);
  const silent = new Opposite({ open: { holdTime: 0 } }).toEstablished();
  assert.equal(silent.session.deadline, Number.POSITIVE_INFINITY);
});

test('a connection that cannot be made is tried again after ConnectRetryTime, with jitter; the peer may come meanwhile', () => {
  const opposite = new Opposite({ configuration: { connectRetryS: 40 } });
  opposite.give({ kind: 'start' });
  opposite.give({ kind: 'closed', connection: opposite.connection, reason: 'connection refused' });
  assert.equal(opposite.session.state, 'Active');
  assert.equal(opposite.taken('failed')[0]?.reason.text, 'the connection ended: connection refused');
  assert.equal(opposite.session.lastReason?.event, 'TcpConnectionFails');
  opposite.pass(30_000 - 1);
  assert.equal(opposite.taken('connect').length, 1);
  opposite.pass(10_001);
  assert.equal(opposite.taken('connect').length, 2);
  opposite.give({ kind: 'closed', connection: opposite.connection });
  opposite.give({ kind: 'accepted', connection: 99 });
  opposite.say(opposite.openMessage(), 99);
  opposite.say(KEEPALIVE, 99);
  assert.equal(opposite.session.state, 'Established');
});

test('a peer that hangs before it answers is given up after ConnectRetryTime and tried again', () => {
  const opposite = new Opposite();
  opposite.give({ kind: 'start' });
  const [first] = opposite.taken('connect');
  opposite.pass(30_000);
  assert.equal(opposite.taken('close')[0]?.connection, first?.connection);
  assert.equal(opposite.taken('connect').length, 2);
  assert.equal(opposite.session.state, 'Connect');
});

test('DelayOpen waits for the peer’s OPEN, and answers it at once (§8.1.1, event 20)', () => {
  const waits = new Opposite({ configuration: { delayOpenS: 10 } }).toOpenSent();
  assert.equal(waits.session.state, 'Connect');
  assert.equal(waits.taken('send').length, 0);
  waits.pass(10_000);
  assert.equal(waits.session.state, 'OpenSent');
  const answers = new Opposite({ configuration: { delayOpenS: 10, isPassive: true } }).toOpenSent();
  assert.equal(answers.session.state, 'Active');
  answers.say(answers.openMessage());
  assert.equal(answers.session.state, 'OpenConfirm');
  answers.say(KEEPALIVE);
  assert.equal(answers.session.state, 'Established');
});

test('ends that follow each other are damped: each wait in Idle is longer, up to the most, until it was stable', () => {
  const opposite = new Opposite({ configuration: { idleHoldS: 1, mostIdleHoldS: 16 } }).toEstablished();
  const waits: number[] = [];
  const fall = () => {
    opposite.give({ kind: 'closed', connection: opposite.connection });
    assert.equal(opposite.session.state, 'Idle');
    waits.push(opposite.session.deadline - opposite.nowMs);
    opposite.again();
  };
  for (let round = 0; round < 7; round++) fall();
  const steps = [1, 2, 4, 8, 16, 16, 16];
  for (const [at, wait] of waits.entries()) {
    assert.equal(wait <= 1_000 * steps[at]! && wait >= 750 * steps[at]!, true, `${at}: ${wait} ms`);
  }
  for (let round = 0; round < 4; round++) {
    opposite.pass(5_000);
    opposite.say(KEEPALIVE);
  }
  fall();
  assert.equal(waits.at(-1)! <= 1_000, true);
  assert.equal(opposite.session.connectRetryCounter, 8);
});

test('a stop by a person stays one, and tells no more than once', () => {
  const opposite = new Opposite().toEstablished();
  opposite.give({ kind: 'stop' });
  opposite.give({ kind: 'stop' });
  opposite.pass(3_600_000);
  assert.equal(opposite.session.state, 'Idle');
  assert.equal(opposite.notifications.length, 1);
  assert.equal(opposite.session.deadline, Number.POSITIVE_INFINITY);
  const refused = opposite.give({ kind: 'accepted', connection: 5 });
  assert.deepEqual(refused, [{ kind: 'close', connection: 5 }], 'Idle refuses connections');
  opposite.give({ kind: 'start' });
  assert.equal(opposite.session.state, 'Connect');
});

/** One that says nothing but is waited for, for a long time. */
function patient(configuration: Partial<SessionConfiguration> = {}, holdTime = 50_000): Opposite {
  const opposite = new Opposite({ configuration: { holdTimeS: holdTime, ...configuration }, open: { holdTime } });
  return opposite.toEstablished();
}

test('a peer that never reads ends with its send hold timer (RFC 9687), one that reads slowly does not', () => {
  const opposite = patient({ sendHoldS: 480 });
  const { connection } = opposite;
  opposite.session.handle({ kind: 'sendUpdates', bytes: update }, opposite.nowMs);
  for (let minute = 0; minute < 30; minute++) {
    opposite.pass(60_000);
    if (minute % 7 === 0) opposite.give({ kind: 'sent', connection, waitingBytes: 1_000 });
    assert.equal(opposite.session.state, 'Established');
  }
  opposite.give({ kind: 'sent', connection, waitingBytes: 5 });
  opposite.pass(479_999);
  assert.equal(opposite.session.state, 'Established');
  opposite.pass(1);
  assert.equal(opposite.notice, '8/0');
});

for (const [what, configuration, holdTime, endsAfterS] of [
  ['is twice the hold time where that is more', {}, 600, 1_200],
  ['is eight minutes at least', {}, 190, 480],
  ['does not run without a hold time', {}, 0, undefined],
  ['does not run where it is none', { sendHoldS: 0 }, 50_000, undefined],
] as const) {
  test(`the send hold time ${what} (RFC 9687 §4)`, () => {
    const opposite = patient(configuration, holdTime);
    const { connection, session } = opposite;
    session.handle({ kind: 'sendUpdates', bytes: update }, opposite.nowMs);
    const passed = (seconds: number) => {
      for (let left = seconds; left > 0; left -= 100) {
        opposite.pass(1_000 * Math.min(left, 100));
        opposite.say(KEEPALIVE);
      }
    };
    opposite.give({ kind: 'sent', connection, waitingBytes: 5 });
    // Its KEEPALIVEs in between are taken by nobody.
    opposite.isTakingAll = false;
    passed((endsAfterS ?? 20_000) - 1);
    assert.equal(session.state, 'Established');
    if (endsAfterS === undefined) return;
    passed(1);
    assert.equal(opposite.notice, '8/0');
  });
}

for (const [what, configuration, holdTime, [least, most]] of [
  ['a third of the hold time', {}, 90, [22_500, 30_000]],
  ['as often as configured', { keepaliveS: 8 }, 90, [6_000, 8_000]],
  ['not more seldom than a third of the hold time', { keepaliveS: 80 }, 90, [22_500, 30_000]],
  ['not more often than each second', { keepaliveS: 1 }, 3, [1_000, 1_000]],
] as const) {
  test(`KEEPALIVEs leave ${what}, with jitter (RFC 4271 §4.4, §10)`, () => {
    const opposite = patient(configuration, holdTime);
    const sentAt: number[] = [];
    for (let count = 0; count < 200; count++) {
      opposite.effects = [];
      opposite.pass(Math.max(1, opposite.session.deadline - opposite.nowMs));
      const isKeepalive = opposite.taken('send').some(({ bytes }) => bytes.length === KEEPALIVE.length);
      if (isKeepalive) sentAt.push(opposite.nowMs);
      opposite.say(KEEPALIVE);
    }
    const spans = sentAt.slice(1).map((at, index) => at - sentAt[index]!);
    assert.ok(spans.length > 100);
    assert.ok(Math.min(...spans) >= least && Math.max(...spans) <= most, `${Math.min(...spans)}…${Math.max(...spans)}`);
    assert.equal(new Set(spans).size > 50, least < most, 'by chance');
  });
}

test('more prefixes than allowed: a warning, then Cease 6/1 with the bound, and back after the restart time', () => {
  let count = 0;
  const configuration = { prefixLimits: [{ family: IPV4_UNICAST, most: 10, restartS: 60 }] };
  const updates = { update: () => undefined, prefixes: () => count };
  const opposite = new Opposite({ configuration, updates }).toEstablished();
  const announce = (now: number) => {
    count = now;
    opposite.say(update);
  };
  announce(7);
  assert.equal(opposite.taken('prefixWarning').length, 0);
  announce(8);
  announce(10);
  assert.deepEqual(opposite.taken('prefixWarning'), [
    { kind: 'prefixWarning', family: IPV4_UNICAST, count: 8, most: 10, isExceeded: false },
  ]);
  announce(11);
  assert.equal(opposite.notice, '6/1');
  assert.deepEqual([...opposite.notifications[0]!.data], [0, 1, 1, 0, 0, 0, 10], 'RFC 4486 §4');
  assert.match(opposite.session.lastReason!.text, /11 prefixes of ipv4 unicast, 10 are allowed/);
  opposite.pass(59_999);
  assert.equal(opposite.session.state, 'Idle');
  opposite.pass(1);
  assert.equal(opposite.session.state, 'Connect');

  const forGood = new Opposite({ configuration: { prefixLimits: [{ family: IPV4_UNICAST, most: 10 }] }, updates });
  forGood.toEstablished().say(update);
  forGood.pass(86_400_000);
  assert.equal(forGood.session.state, 'Idle', 'without a restart time a person has to start it');
  const warned = [{ family: IPV4_UNICAST, most: 10, isWarningOnly: true }];
  const onlyWarned = new Opposite({ configuration: { prefixLimits: warned }, updates }).toEstablished();
  onlyWarned.say(update);
  assert.equal(onlyWarned.session.state, 'Established');
  assert.equal(onlyWarned.taken('prefixWarning')[0]?.isExceeded, true);
});

test('sockets are told what GTSM, hops and keys ask for, and keys are in nothing that can be shown', () => {
  const base = { localAs: 65_001, peerAs: 65_002, identifier: 1 };
  assert.deepEqual(socketOptions(base), { ttl: 1, leastTtl: 0, md5Key: null });
  assert.deepEqual(socketOptions({ ...base, peerAs: 65_001 }), { ttl: 255, leastTtl: 0, md5Key: null });
  assert.deepEqual(socketOptions({ ...base, multihop: 3 }), { ttl: 3, leastTtl: 0, md5Key: null });
  assert.deepEqual(socketOptions({ ...base, ttlSecurityHops: 1 }), { ttl: 255, leastTtl: 255, md5Key: null });
  assert.deepEqual(socketOptions({ ...base, ttlSecurityHops: 2 }), { ttl: 255, leastTtl: 254, md5Key: null });
  const key = new Secret('hunter2');
  const opposite = new Opposite({ configuration: { md5Key: key } }).toEstablished();
  opposite.give({ kind: 'stop', reason: 'done' });
  const shown = [opposite.session, opposite.effects, opposite.session.configuration, key, [key], `${key}`];
  for (const one of shown) {
    assert.equal(JSON.stringify(one).includes('hunter2'), false);
    assert.equal(inspect(one, { depth: 9, showHidden: true }).includes('hunter2'), false);
  }
  assert.equal(socketOptions(opposite.session.configuration).md5Key?.reveal(), 'hunter2');
});
