/** Graceful restart of a peer (RFC 4724, 8538) and its long-lived kind (RFC 9494), and our own restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Capability, capabilityOf } from '../codec/capabilities.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH } from '../codec/header.ts';
import { encodeNotification } from '../codec/notification.ts';
import { decodeOpen } from '../codec/open.ts';
import { attribute, encodeUpdate } from '../codec/update.ts';
import type { GracefulRestart, SessionConfiguration } from './configuration.ts';
import { Opposite } from './opposite.ts';

const both = [IPV4_UNICAST, IPV6_UNICAST];
const helper: GracefulRestart = { restartTimeS: 120, isForNotification: true, isRestarting: false, families: [] };
const nothing = new Uint8Array(0);
const endOfRib4 = encodeUpdate(
  { withdrawn: nothing, nlri: nothing, attributes: [] },
  { isFourOctetAs: true, isExternal: true },
);
const endOfRib6 = encodeUpdate(
  { withdrawn: nothing, nlri: nothing, attributes: [attribute(15, { family: IPV6_UNICAST, nlri: nothing })] },
  { isFourOctetAs: true, isExternal: true },
);

interface Told {
  readonly notification?: boolean;
  readonly restarting?: boolean;
  readonly forwarding?: readonly number[];
  readonly families?: readonly number[];
  readonly staleTime?: number;
}

function told({ notification = true, restarting = false, forwarding = both, families = both, staleTime }: Told = {}) {
  const flags = families.map((family) => ({ family, forwarding: forwarding.includes(family) }));
  const capabilities: Capability[] = [
    ...both.map((family): Capability => ({ code: 1, family })),
    { code: 64, restarting, notification, restartTime: 60, families: flags },
  ];
  if (staleTime !== undefined) capabilities.push({ code: 71, families: flags.map((one) => ({ ...one, staleTime })) });
  return capabilities;
}

function established(peer: Told = {}, ours: Partial<GracefulRestart> = {}): Opposite {
  const configuration: Partial<SessionConfiguration> = { families: both, gracefulRestart: { ...helper, ...ours } };
  return new Opposite({ configuration, open: { capabilities: told(peer) } }).toEstablished();
}

const lose = (opposite: Opposite) => opposite.give({ kind: 'closed', connection: opposite.connection });
const kept = (opposite: Opposite) => opposite.taken('down').at(-1)?.retained;
const swept = (opposite: Opposite) => opposite.taken('sweep').map(({ family }) => family);

test('routes of a peer that restarts are kept, until it has told all of them again (RFC 4724 §4.2)', () => {
  const opposite = established();
  lose(opposite);
  assert.deepEqual(kept(opposite), both);
  opposite.again({ capabilities: told({ restarting: true }) });
  assert.deepEqual(swept(opposite), []);
  opposite.say(endOfRib4);
  assert.deepEqual(swept(opposite), [IPV4_UNICAST]);
  opposite.say(endOfRib6);
  assert.deepEqual(swept(opposite), both);
  assert.deepEqual(
    opposite.taken('endOfRib').map(({ family }) => family),
    both,
  );
});

test('they go when the peer is not back within its restart time', () => {
  const opposite = established();
  lose(opposite);
  opposite.give({ kind: 'stop' });
  assert.deepEqual(swept(opposite), both, 'a person who stops it waits for nothing');
  const waiting = established();
  waiting.session.configuration = { ...waiting.session.configuration, isPassive: true };
  lose(waiting);
  waiting.pass(59_999);
  assert.deepEqual(swept(waiting), []);
  waiting.pass(1);
  assert.deepEqual(swept(waiting), both);
});

test('a family that the peer did not keep forwarding for, or tells no more, goes at once', () => {
  const opposite = established();
  lose(opposite);
  opposite.again({ capabilities: told({ forwarding: [IPV6_UNICAST] }) });
  assert.deepEqual(swept(opposite), [IPV4_UNICAST]);
  const without = established();
  lose(without);
  without.again({ capabilities: both.map((family) => ({ code: 1, family })) });
  assert.deepEqual(swept(without), both);
});

test('End-of-RIB that never comes is waited for as long as configured', () => {
  const opposite = established({}, { stalePathTimeS: 20 });
  lose(opposite);
  opposite.again();
  opposite.pass(19_999);
  assert.deepEqual(swept(opposite), []);
  opposite.pass(1);
  assert.deepEqual(swept(opposite), both);
});

test('what ends by NOTIFICATION or silence is graceful with the N bit at both ends, and else is not (RFC 8538 §4)', () => {
  const ends: readonly (readonly [string, (opposite: Opposite) => void])[] = [
    ['a NOTIFICATION', (one) => one.say(encodeNotification({ code: 6, subcode: 4, data: nothing }))],
    ['silence', (one) => one.pass(90_000)],
    ['our own NOTIFICATION', (one) => one.say(new Uint8Array(19))],
  ];
  for (const [name, end] of ends) {
    for (const [peer, ours, expected] of [
      [true, true, both],
      [true, false, []],
      [false, true, []],
    ] as const) {
      const opposite = established({ notification: peer }, { isForNotification: ours });
      end(opposite);
      assert.deepEqual(kept(opposite), expected, name);
    }
  }
});

test('a Hard Reset keeps nothing, and tells why in its data (RFC 8538 §3)', () => {
  const opposite = established();
  opposite.say(encodeNotification({ code: 6, subcode: 9, data: Uint8Array.of(6, 2, 2, 0x68, 0x69) }));
  assert.deepEqual(kept(opposite), []);
  assert.deepEqual(opposite.session.lastReason?.notification, {
    ...{ from: 'peer', code: 6, subcode: 2, communication: 'hi' },
  });
  const ours = established();
  ours.give({ kind: 'stop', reason: 'bye' });
  assert.equal(ours.notice, '6/9');
  assert.deepEqual([...ours.notifications[0]!.data], [6, 2, 3, 0x62, 0x79, 0x65]);
  assert.deepEqual(kept(ours), []);
  const plain = established({ notification: false });
  plain.give({ kind: 'stop', reason: 'bye' });
  assert.equal(plain.notice, '6/2', 'a peer without the N bit would not know it');
  const cut = established();
  cut.give({ kind: 'bfdDown' });
  assert.deepEqual([cut.notice, kept(cut)], ['6/9', []], 'what BFD has seen fail does not forward');
});

test('a peer that opens a new connection has lost the old one (RFC 4724 §5)', () => {
  const opposite = established();
  opposite.give({ kind: 'accepted', connection: 77 });
  assert.equal(opposite.session.connection, opposite.connection, 'a connection alone is not believed');
  opposite.say(opposite.openMessage({ capabilities: told({ restarting: true }) }), 77);
  assert.deepEqual(kept(opposite), both);
  assert.equal(opposite.notice, undefined, 'the old one ends without a NOTIFICATION');
  assert.equal(opposite.taken('close')[0]?.connection, opposite.connection);
  assert.equal(opposite.session.state, 'OpenConfirm');
});

test('long-lived: after the restart time routes are marked, and stay for the stale time (RFC 9494 §4.2)', () => {
  const longLived = both.map((family) => ({ family, forwarding: true, staleTimeS: 3_600 }));
  const opposite = established({ staleTime: 600 }, { longLived });
  opposite.session.configuration = { ...opposite.session.configuration, isPassive: true };
  lose(opposite);
  opposite.pass(60_000);
  assert.deepEqual(
    opposite.taken('longLivedStale').map(({ family }) => family),
    both,
  );
  opposite.pass(599_999);
  assert.deepEqual(swept(opposite), []);
  opposite.pass(1);
  assert.deepEqual(swept(opposite), both);

  const alone = established({ families: [], staleTime: 600 }, { longLived });
  lose(alone);
  assert.deepEqual(kept(alone), [], 'it says nothing of a family here');
  const noHelper = established({ staleTime: 600 });
  noHelper.session.configuration = { ...noHelper.session.configuration, isPassive: true };
  lose(noHelper);
  noHelper.pass(60_000);
  assert.deepEqual(swept(noHelper), both, 'who does not take part keeps them for the restart time alone');
});

test('our own restart is told in the OPEN: the R bit, and forwarding only where it survived', () => {
  const opposite = established({}, { isRestarting: true, families: [{ family: IPV4_UNICAST, forwarding: true }] });
  const [first] = opposite.taken('send');
  const open = decodeOpen(first!.bytes.subarray(HEADER_LENGTH));
  assert.ok(open.ok);
  assert.deepEqual(capabilityOf(open.value.capabilities, 64), {
    ...{ code: 64, restarting: true, notification: true, restartTime: 120 },
    families: [{ family: IPV4_UNICAST, forwarding: true }],
  });
});

test('a second loss before End-of-RIB lets what was stale go, and keeps what is new (RFC 4724 §4.2)', () => {
  const opposite = established();
  lose(opposite);
  opposite.again();
  const before = opposite.effects.length;
  lose(opposite);
  assert.deepEqual(
    opposite.effects
      .slice(before)
      .filter(({ kind }) => kind === 'sweep' || kind === 'down')
      .map((one) => (one.kind === 'sweep' ? one.family : one.kind)),
    [...both, 'down'],
  );
  assert.deepEqual(kept(opposite), both);
});
