/** MRT records made by hand, and what no bytes may do to their reader. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededNumbers } from '@patronus/testkit';
import { ByteWriter, fromHex } from '@patronus/wire';
import { attribute, encodeUpdate } from '../codec/update.ts';
import { MrtReader } from './records.ts';
import { textLines } from './text.ts';

const bytes = (hex: string): Uint8Array => fromHex(hex)!;

function record(type: number, subtype: number, fill: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.u32(1_000);
  writer.u16(type);
  writer.u16(subtype);
  const length = writer.reserve(4);
  fill(writer);
  writer.patchU32(length, writer.length - length - 4);
  return writer.copy();
}

const PATH = '40020e02030000fde90000fdea00010000';
const ATTRIBUTES = `40010100${PATH}400304c0000201c00804ffffff01`;

const peers = record(13, 1, (writer) => {
  writer.u32(1);
  writer.u16(0);
  writer.u16(2);
  writer.bytes(bytes('020a0000010a0000010000fde9'));
  writer.bytes(bytes(`010a000002${'20010db8'.padEnd(32, '0')}fdea`));
});
const ribWith = (attributes: string) =>
  record(13, 2, (writer) => {
    writer.u32(0);
    writer.bytes(bytes('180a0102'));
    writer.u16(2);
    for (const peer of [0, 1]) {
      writer.u16(peer);
      writer.u32(900);
      writer.u16(attributes.length / 2);
      writer.bytes(bytes(attributes));
    }
  });
const rib = ribWith(ATTRIBUTES);
const message = record(16, 4, (writer) => {
  writer.bytes(bytes('0000fde90000fdea00000001c0000209c000020a'));
  writer.bytes(
    encodeUpdate(
      {
        withdrawn: bytes('180a0303'),
        nlri: bytes('180a0404'),
        attributes: [
          attribute(1, 'igp'),
          attribute(2, [{ type: 'set', numbers: [1, 2] }]),
          attribute(3, bytes('c0000209')),
        ],
      },
      { isFourOctetAs: true, isExternal: false },
    ),
  );
});
const state = record(16, 5, (writer) => writer.bytes(bytes('0000fde90000fdea00000001c0000209c000020a00060001')));

function linesOf(...records: Uint8Array[]): string[] {
  const reader = new MrtReader();
  const all = Uint8Array.from(records.flatMap((one) => [...one]));
  const lines: string[] = [];
  for (let at = 0; at < all.length; ) {
    const read = reader.read(all, at)!;
    lines.push(...read.records.flatMap(textLines));
    at = read.next;
  }
  return lines;
}

test('a table names the peer of each route by its peer table', () => {
  const fields = '65001 65002 65536|IGP|192.0.2.1|0|0|no-export|NAG||';
  assert.deepEqual(linesOf(peers, rib), [
    `TABLE_DUMP2|1000|B|10.0.0.1|65001|10.1.2.0/24|${fields}`,
    `TABLE_DUMP2|1000|B|2001:db8::|65002|10.1.2.0/24|${fields}`,
  ]);
});

test('what was recorded is shown as it stands, also an aggregator of AS 0, which is refused by now (RFC 7607)', () => {
  const [line] = linesOf(peers, ribWith(`${ATTRIBUTES}c007080000000000000000`));
  assert.match(line!, /\|NAG\|0 0\.0\.0\.0\|$/);
});

test('a message shows what it withdraws and announces, and a session its states', () => {
  assert.deepEqual(linesOf(message, state), [
    'BGP4MP|1000|W|192.0.2.9|65001|10.3.3.0/24',
    'BGP4MP|1000|A|192.0.2.9|65001|10.4.4.0/24|{1,2}|IGP|192.0.2.9|0|0||NAG||',
    'BGP4MP|1000|STATE|192.0.2.9|65001|6|1',
  ]);
});

test('a record that is not there as a whole is waited for', () => {
  const reader = new MrtReader();
  for (let length = 0; length < message.length; length++) {
    assert.equal(reader.read(message.subarray(0, length), 0), undefined);
  }
});

test('a hundred thousand damaged records throw nothing, and each leads to the next', () => {
  const next = seededNumbers(3);
  const sound = [peers, rib, message, state];
  const reader = new MrtReader();
  for (let count = 0; count < 100_000; count++) {
    const damaged = sound[next() % sound.length]!.slice();
    for (let times = 1 + (next() % 3); times > 0; times--)
      damaged[12 + (next() % (damaged.length - 12))] = next() & 0xff;
    const read = reader.read(damaged, 0);
    assert.equal(read?.next, damaged.length);
    for (const one of read.records) textLines(one);
  }
});
