/** BMP messages byte by byte (RFC 7854 §4). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toHex } from '@patronus/wire';
import { IPV4_UNICAST } from '../codec/families.ts';
import { KEEPALIVE } from '../codec/header.ts';
import { Opposite } from '../session/opposite.ts';
import {
  type BmpPeer,
  encodeInitiation,
  encodePeerDown,
  encodePeerUp,
  encodeRouteMonitoring,
  encodeStatistics,
  encodeTermination,
} from './messages.ts';

const peer: BmpPeer = {
  address: Uint8Array.of(192, 0, 2, 1),
  ...{ as: 65_002, identifier: 2, isTwoOctetAs: false, isAfterPolicy: false, isOut: false },
};
const atUs = 1_700_000_000_000_123;
/** Type, flags, distinguisher, address, AS, identifier, seconds, microseconds. */
const perPeer = [
  '00',
  '00',
  '00'.repeat(8),
  `${'00'.repeat(12)}c0000201`,
  '0000fdea',
  '00000002',
  '6553f100',
  '0000007b',
];

function expect(bytes: Uint8Array, type: string, ...parts: string[]): void {
  const length = bytes.length.toString(16).padStart(8, '0');
  assert.equal(toHex(bytes), ['03', length, type, ...parts].join(''));
}

test('a connection begins with who we are, and ends with why', () => {
  expect(encodeInitiation('ab', 'c'), '04', '00010002', '6162', '00020001', '63');
  expect(encodeTermination('administrativelyClosed', 'x'), '05', '00000001', '78', '00010002', '0000');
  expect(encodeTermination('outOfResources'), '05', '00010002', '0002');
});

test('an UPDATE goes on whole behind the header of its peer, whose flags say what it is', () => {
  expect(encodeRouteMonitoring(peer, atUs, KEEPALIVE), '00', ...perPeer, toHex(KEEPALIVE));
  const address = new Uint8Array(16).fill(0x20);
  const flags = { isTwoOctetAs: true, isAfterPolicy: true, isOut: true };
  const other = encodeRouteMonitoring({ ...peer, ...flags, address }, atUs, KEEPALIVE);
  assert.equal(other[7], 0xf0);
  assert.equal(toHex(other.subarray(16, 32)), '20'.repeat(16));
});

test('a peer that is up is told with both OPENs, as the session gives them', () => {
  const opposite = new Opposite().toEstablished();
  const [established] = opposite.taken('established');
  const { sentOpen, receivedOpen } = established!;
  assert.equal(toHex(receivedOpen), toHex(opposite.openMessage()));
  assert.equal(sentOpen, opposite.taken('send')[0]?.bytes);
  const localAddress = Uint8Array.of(192, 0, 2, 9);
  expect(
    encodePeerUp(peer, atUs, { localAddress, localPort: 179, remotePort: 40_000, sentOpen, receivedOpen }),
    ...['03', ...perPeer, `${'00'.repeat(12)}c0000209`, '00b3', '9c40', toHex(sentOpen), toHex(receivedOpen)],
  );
});

test('a peer that is down is told with who ended it, and how', () => {
  const told = (act: (opposite: Opposite) => void) => {
    const opposite = new Opposite().toEstablished();
    act(opposite);
    return toHex(encodePeerDown(peer, atUs, opposite.taken('down')[0]!.reason)).slice(2 * 48);
  };
  const notification = (code: string) => `${'ff'.repeat(16)}001503${code}`;
  assert.equal(
    told((one) => one.give({ kind: 'stop' })),
    `01${notification('0602')}`,
  );
  assert.equal(
    told((one) => one.pass(90_000)),
    `01${notification('0400')}`,
  );
  assert.equal(
    told((one) => one.give({ kind: 'closed', connection: one.connection })),
    '04',
  );
  assert.equal(toHex(encodePeerDown(peer, atUs, null)).slice(2 * 48), '05');
  const event = { event: 'AutomaticStop', notification: null } as const;
  assert.equal(toHex(encodePeerDown(peer, atUs, event)).slice(2 * 48), '020008');
});

test('statistics are counters of 32 bits and gauges of 64, with their family where they have one', () => {
  const values = [
    { statistic: 'rejectedByPolicy', value: 5 },
    { statistic: 'adjRibIn', value: 1_000_000 },
    { statistic: 'familyLocRib', value: 7, family: IPV4_UNICAST },
  ] as const;
  expect(
    encodeStatistics(peer, atUs, values),
    ...['01', ...perPeer, '00000003', '0000000400000005', '0007000800000000000f4240'],
    '000a000b00010100000000000000' + '07',
  );
});
