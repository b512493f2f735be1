/** What each error of RFC 4271 §6 comes to: the state it happens in, the bytes, the NOTIFICATION. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHex, toHex } from '@patronus/wire';
import type { Capability } from '../codec/capabilities.ts';
import { IPV4_UNICAST, IPV6_UNICAST } from '../codec/families.ts';
import { frame, KEEPALIVE, MessageType } from '../codec/header.ts';
import { encodeNotification } from '../codec/notification.ts';
import { encodeRouteRefresh } from '../codec/routeRefresh.ts';
import type { SessionConfiguration } from './configuration.ts';
import { Opposite } from './opposite.ts';

const hex = (text: string) => fromHex(text.replaceAll(' ', ''))!;
const header = (length: string, type: string, rest = '') => hex(`${'ff'.repeat(16)} ${length} ${type} ${rest}`);
const update = (body: string) => frame(MessageType.update, hex(body));

/** AS 65002, hold time 90, identifier 0.0.0.2, changed where a case says so. */
const open = ({ version = '04', as = 'fdea', hold = '005a', identifier = '00000002', parameters = '00' } = {}) =>
  frame(MessageType.open, hex(version + as + hold + identifier + parameters));

type Reach = 'toOpenSent' | 'toOpenConfirm' | 'toEstablished';
type Vector = readonly [clause: string, state: Reach, bytes: Uint8Array, notice: string, data?: string];

function expectNotices(vectors: readonly Vector[], configuration: Partial<SessionConfiguration> = {}): void {
  for (const [clause, state, bytes, notice, data] of vectors) {
    for (const chunk of [bytes.length, 1]) {
      const opposite = new Opposite({ configuration })[state]();
      for (let at = 0; at < bytes.length; at += chunk) opposite.say(bytes.subarray(at, at + chunk));
      assert.equal(opposite.notice, notice, clause);
      if (data !== undefined) assert.equal(toHex(opposite.notifications[0]!.data), data, clause);
      assert.equal(opposite.notifications.length, 1, clause);
      assert.equal(opposite.session.state, 'Idle', clause);
      assert.equal(
        opposite.effects.some(({ kind }) => kind === 'close'),
        true,
        clause,
      );
      assert.equal(opposite.session.lastReason?.notification?.from, 'local', clause);
    }
  }
}

test('message headers that are wrong (§6.1)', () => {
  const marker = KEEPALIVE.slice();
  marker[7] = 0xfe;
  expectNotices([
    ['the marker is not all ones', 'toOpenSent', marker, '1/1'],
    ['shorter than a header', 'toEstablished', header('0012', '04'), '1/2', '0012'],
    ['longer than 4,096', 'toEstablished', header('1001', '02'), '1/2', '1001'],
    ['an OPEN that is too short', 'toOpenSent', header('001c', '01'), '1/2', '001c'],
    ['an UPDATE that is too short', 'toEstablished', header('0016', '02'), '1/2', '0016'],
    ['a KEEPALIVE with a body', 'toEstablished', header('0014', '04', '00'), '1/2', '0014'],
    ['a NOTIFICATION that is too short', 'toEstablished', header('0014', '03', '06'), '1/2', '0014'],
    ['a type that is not known', 'toEstablished', header('0013', '06'), '1/3', '06'],
    ['type zero', 'toOpenConfirm', header('0013', '00'), '1/3', '00'],
  ]);
});

test('OPENs that are wrong (§6.2)', () => {
  expectNotices([
    ['a version we do not speak', 'toOpenSent', open({ version: '03' }), '2/1', '0004'],
    ['an AS that is not configured', 'toOpenSent', open({ as: 'fdeb' }), '2/2'],
    ['AS 0 (RFC 7607)', 'toOpenSent', open({ as: '0000' }), '2/2'],
    ['identifier 0 (RFC 6286)', 'toOpenSent', open({ identifier: '00000000' }), '2/3'],
    ['an optional parameter that is not known', 'toOpenSent', open({ parameters: '03 01 01 00' }), '2/4'],
    ['a hold time of 1 s', 'toOpenSent', open({ hold: '0001' }), '2/6'],
    ['a hold time of 2 s', 'toOpenSent', open({ hold: '0002' }), '2/6'],
    ['parameters that are truncated', 'toOpenSent', open({ parameters: '05 02 06 01' }), '2/0'],
    ['a capability that runs over', 'toOpenSent', open({ parameters: '04 02 02 41 04' }), '2/0'],
    ['extended parameters that are truncated (RFC 9072)', 'toOpenSent', open({ parameters: 'ff ff 0009 02' }), '2/0'],
  ]);
  expectNotices([['a hold time below ours', 'toOpenSent', open(), '2/6']], { leastHoldTimeS: 120 });
  expectNotices([['our own identifier in our own AS', 'toOpenSent', open({ identifier: '00000001' }), '2/3']], {
    ...{ localAs: 65_002, identifier: 1 },
  });
  expectNotices([['no family in common (RFC 5492 §3)', 'toOpenSent', open(), '2/7', '010400020001']], {
    families: [IPV6_UNICAST],
  });
  expectNotices([['a family that is required', 'toOpenSent', open(), '2/7', '010400020001']], {
    ...{ families: [IPV4_UNICAST, IPV6_UNICAST], requiredFamilies: [IPV6_UNICAST] },
  });
});

test('roles that do not fit (RFC 9234 §4.2)', () => {
  const notice = (role: SessionConfiguration['role'], peer: readonly Capability[], isRoleStrict = false) => {
    const configuration = { isRoleStrict, ...(role && { role }) };
    return new Opposite({ configuration, open: { capabilities: peer } }).toEstablished().notice;
  };
  const is = (role: Extract<Capability, { code: 9 }>['role']): Capability => ({ code: 9, role });
  assert.equal(notice('provider', [is('customer')]), undefined);
  assert.equal(notice('customer', [is('provider')]), undefined);
  assert.equal(notice('peer', [is('peer')]), undefined);
  assert.equal(notice('route-server', [is('route-server-client')]), undefined);
  assert.equal(notice('provider', [is('provider')]), '2/11');
  assert.equal(notice('peer', [is('customer')]), '2/11');
  assert.equal(notice('peer', [is('peer'), is('customer')]), '2/11', 'several roles');
  assert.equal(notice('peer', [is('peer'), is('peer')]), undefined, 'the same one twice');
  assert.equal(notice('peer', [{ code: 'unknown', number: 9, value: Uint8Array.of(77) }]), '2/11');
  assert.equal(notice('provider', []), undefined, 'a peer without one');
  assert.equal(notice('provider', [], true), '2/11', 'in strict mode');
  assert.equal(notice(undefined, [is('customer')]), undefined);
});

test('UPDATEs after which nothing can be read any more (§6.3, RFC 7606)', () => {
  expectNotices([
    ['withdrawn routes run over the message', 'toEstablished', update('0005 0000'), '3/1'],
    ['attributes run over the message', 'toEstablished', update('0000 0009 40'), '3/1'],
    ['a well-known attribute that nobody knows', 'toEstablished', update('0000 0004 40 63 01 00'), '3/2', '40630100'],
    ['MP_UNREACH_NLRI twice (RFC 7606 §3 g)', 'toEstablished', update('0000 000c 800f03000201 800f03000201'), '3/1'],
    ['a prefix of 33 bits', 'toEstablished', update('0000 0000 21 0a000000 00'), '3/10'],
    ['a withdrawn prefix that runs over', 'toEstablished', update('0002 180a 0000'), '3/10'],
  ]);
});

test('UPDATEs whose routes count as withdrawn, and the session stays (RFC 7606)', () => {
  const origin = '400101 00';
  const path = '400200';
  const hop = '400304 0a000001';
  const nlri = '08 0a';
  const body = (...attributes: string[]) => {
    const all = attributes.join('').replaceAll(' ', '');
    return update(`0000 ${(all.length / 2).toString(16).padStart(4, '0')} ${all} ${nlri}`);
  };
  const cases: readonly (readonly [string, Uint8Array])[] = [
    ['attribute flags (§3 c)', body('800101 00', path, hop)],
    ['attribute length (§7.1)', body('400102 0000', path, hop)],
    ['an ORIGIN that is not known (§7.1)', body('400101 03', path, hop)],
    ['an AS_PATH that runs over (§7.2)', body(origin, '400206 0202 0000fdea', hop)],
    ['a NEXT_HOP of three bytes (§7.3)', body(origin, path, '400303 0a0000')],
    ['no ORIGIN (§3 d)', body(path, hop)],
    ['no NEXT_HOP (§3 d)', body(origin, path)],
    ['attributes whose lengths do not add up (§4)', body(origin, path, '4003ff 0a000001')],
    ['communities of three bytes (§7.8)', body(origin, path, hop, 'c00803 000000')],
  ];
  for (const [name, message] of cases) {
    const opposite = new Opposite().toEstablished();
    opposite.say(message);
    const [taken] = opposite.taken('update');
    assert.equal(taken?.update.verdict, 2, name);
    assert.equal(opposite.session.state, 'Established', name);
    assert.equal(opposite.notice, undefined, name);
  }
});

test('a NOTIFICATION ends the session and is never answered (§6.4)', () => {
  for (const reach of ['toOpenSent', 'toOpenConfirm', 'toEstablished'] as const) {
    for (const [code, subcode] of [
      [6, 4],
      [2, 1],
      [77, 88],
    ] as const) {
      const opposite = new Opposite()[reach]();
      opposite.say(encodeNotification({ code, subcode, data: Uint8Array.of(3, 98, 121, 101) }));
      assert.equal(opposite.session.state, 'Idle');
      assert.equal(opposite.notice, undefined);
      assert.deepEqual(opposite.session.lastReason?.notification, {
        ...{ from: 'peer', code, subcode },
        communication: code === 6 ? 'bye' : null,
      });
    }
  }
});

test('silence beyond the hold time is told as such (§6.5)', () => {
  const opposite = new Opposite({ open: { holdTime: 30 } }).toEstablished();
  opposite.pass(29_999);
  assert.equal(opposite.session.state, 'Established');
  opposite.pass(1);
  assert.equal(opposite.notice, '4/0');
  assert.match(opposite.session.lastReason!.text, /nothing was heard of the peer for 30 s: check that it still runs/);
  const early = new Opposite().toOpenSent();
  early.pass(240_000);
  assert.equal(early.notice, '4/0', 'before an OPEN it is four minutes');
});

test('messages that the state does not expect (§6.6, RFC 6608)', () => {
  expectNotices([
    ['KEEPALIVE in OpenSent', 'toOpenSent', KEEPALIVE, '5/1'],
    ['UPDATE in OpenSent', 'toOpenSent', update('0000 0000'), '5/1'],
    ['ROUTE-REFRESH in OpenSent', 'toOpenSent', encodeRouteRefresh(IPV4_UNICAST), '5/1'],
    ['OPEN in OpenConfirm', 'toOpenConfirm', open(), '5/2'],
    ['UPDATE in OpenConfirm', 'toOpenConfirm', update('0000 0000'), '5/2'],
    ['OPEN in Established', 'toEstablished', open(), '5/3'],
  ]);
});

test('Cease says why (§6.7, RFC 4486, 9003, 9384)', () => {
  const ended = (input: Parameters<Opposite['give']>[0]) => {
    const opposite = new Opposite().toEstablished();
    opposite.give(input);
    assert.equal(opposite.session.state, 'Idle');
    return `${opposite.notice} ${opposite.notifications[0]?.communication ?? ''}`.trim();
  };
  assert.equal(ended({ kind: 'stop', reason: 'maintenance, back at 5 ☕' }), '6/2 maintenance, back at 5 ☕');
  assert.equal(ended({ kind: 'stop', isDeconfigured: true }), '6/3');
  assert.equal(ended({ kind: 'reset', reason: 'new policy' }), '6/4 new policy');
  assert.equal(ended({ kind: 'reset', isConfigurationChange: true }), '6/6');
  assert.equal(ended({ kind: 'bfdDown' }), '6/10');
});

test('a refresh that was agreed on is told, a border of another length is an error (RFC 2918, 7313 §5)', () => {
  const capabilities: Capability[] = [{ code: 2 }, { code: 70 }];
  const opposite = new Opposite({ open: { capabilities } }).toEstablished();
  opposite.say(encodeRouteRefresh(IPV4_UNICAST));
  opposite.say(encodeRouteRefresh(IPV4_UNICAST, 'begin'));
  opposite.say(encodeRouteRefresh(IPV6_UNICAST));
  opposite.say(frame(MessageType.routeRefresh, Uint8Array.of(0, 1, 77, 1)));
  assert.deepEqual(
    opposite.taken('refresh').map(({ refresh }) => refresh),
    ['request', 'begin'],
    'another family, or a subtype of a later standard, is ignored',
  );
  opposite.say(frame(MessageType.routeRefresh, Uint8Array.of(0, 1, 1, 1, 0)));
  assert.equal(opposite.notice, '7/1');
  const without = new Opposite().toEstablished();
  assert.deepEqual(without.give({ kind: 'sendRefresh', family: IPV4_UNICAST, refresh: 'request' }), []);
});
