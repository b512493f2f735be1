import assert from 'node:assert/strict';
import { createCipheriv } from 'node:crypto';
import { test } from 'node:test';
import { quicCrypto } from '@patronus/system/linux';
import { seededNumbers } from '@patronus/testkit';
import { Verdict } from './clientHello.ts';
import { FlowNames, NO_TICKET } from './flowNames.ts';
import { clientInitialKeys, QUIC_V1, QUIC_V2 } from './quicKeys.ts';

const UDP = 17;
const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, 'hex'));

/** RFC 9001 §A.2, which RFC 9369 §A.2 uses again: a hello for example.com in one CRYPTO frame. */
const connectionId = hex('8394c8f03e515708');
const cryptoFrame = hex(
  '060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e86804fe3a47f06a2b69484c0000041301130201' +
    '0000c000000010000e00000b6578616d706c652e636f6dff01000100000a00080006001d0017001800100007000504616c70' +
    '6e000500050100000000003300260024001d00209370b2c9caa47fbabaf4559fedba753de171fa71f50f1ce15d43e994ec74' +
    'd748002b0003020304000d0010000e0403050306030203080408050806002d00020101001c00024001003900320408ffffff' +
    'ffffffffff05048000ffff07048000ffff0801100104800075300901100f088394c8f03e51570806048000ffff',
);
const hello = cryptoFrame.subarray(4);

interface Initial {
  readonly version?: number;
  readonly id?: Uint8Array;
  /** Whose keys seal it: the first connection id. */
  readonly keysOf?: Uint8Array;
  readonly number?: number;
  readonly token?: Uint8Array;
  readonly frames: Uint8Array;
}

/** A UDP header and a client's Initial, sealed as RFC 9001 §5 says, with packet numbers of four bytes. */
function initial({ version = QUIC_V1, id = connectionId, keysOf = id, number = 2, token = hex(''), frames }: Initial) {
  const keys = clientInitialKeys(quicCrypto, version, keysOf)!;
  const payload = new Uint8Array(1162);
  payload.set(frames);
  const length = 4 + payload.length + 16;
  const header = Buffer.from([
    ...[version === QUIC_V1 ? 0xc3 : 0xd3, ...bigEndian(version), id.length, ...id, 0, token.length, ...token],
    ...[0x40 | (length >>> 8), length & 0xff, ...bigEndian(number)],
  ]);
  const nonce = Uint8Array.from(keys.iv);
  for (let at = 0; at < 4; at++) nonce[8 + at]! ^= header[header.length - 4 + at]!;
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce).setAAD(header);
  const sealed = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const mask = quicCrypto.aes128Encrypt(keys.headerProtection, sealed.subarray(0, 16));
  header[0]! ^= mask[0]! & 0x0f;
  for (let at = 0; at < 4; at++) header[header.length - 4 + at]! ^= mask[1 + at]!;
  return Uint8Array.from([...new Uint8Array(8), ...header, ...sealed]);
}

function bigEndian(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

/** A CRYPTO frame with the hello's bytes from `from` to before `to`. */
function piece(from: number, to: number, stream = hello): number[] {
  return [
    0x06,
    0x40 | (from >>> 8),
    from & 0xff,
    0x40 | ((to - from) >>> 8),
    (to - from) & 0xff,
    ...stream.subarray(from, to),
  ];
}

function flow() {
  const names = new FlowNames({ crypto: quicCrypto });
  let ticket = NO_TICKET;
  return (datagram: Uint8Array): Verdict | string => {
    const verdict = names.observe(ticket, UDP, datagram, 0, datagram.length);
    ticket = names.ticket;
    return verdict === Verdict.found ? Buffer.from(names.name.subarray(0, names.nameLength)).toString() : verdict;
  };
}

test("the client Initial of RFC 9001 §A.2 and RFC 9369 §A.2 is built to the RFC's bytes, and its name found", () => {
  const v1 = initial({ frames: cryptoFrame });
  assert.equal(
    Buffer.from(v1.subarray(8, 40)).toString('hex'),
    'c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11',
  );
  assert.equal(Buffer.from(v1.subarray(-16)).toString('hex'), 'e221af44860018ab0856972e194cd934');
  assert.equal(flow()(v1), 'example.com');
  const v2 = initial({ version: QUIC_V2, frames: cryptoFrame });
  assert.equal(
    Buffer.from(v2.subarray(8, 40)).toString('hex'),
    'd76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485',
  );
  assert.equal(Buffer.from(v2.subarray(-16)).toString('hex'), 'a18b2faa745b6fe189cf772a9f84cbfc');
  assert.equal(flow()(v2), 'example.com');
});

test('keys are those of RFC 9001 §A.1', () => {
  const keys = clientInitialKeys(quicCrypto, QUIC_V1, connectionId)!;
  assert.equal(Buffer.from(keys.key).toString('hex'), '1f369613dd76d5467730efcbe3b1a22d');
  assert.equal(Buffer.from(keys.iv).toString('hex'), 'fa044b2f42a3fd3b46fb255c');
  assert.equal(Buffer.from(keys.headerProtection).toString('hex'), '9f50449e04a0e810283a1e9933adedd2');
  assert.equal(clientInitialKeys(quicCrypto, 0xff00_001d, connectionId), undefined);
});

test('a hello cut into shuffled and overlapping pieces, with padding, pings and acknowledgements, is put together', () => {
  const frames = [
    ...piece(150, 241),
    1,
    0,
    0,
    ...piece(0, 40),
    2,
    3,
    0,
    0,
    0,
    ...piece(100, 160),
    0,
    ...piece(30, 110),
  ];
  assert.equal(flow()(initial({ frames: Uint8Array.from(frames) })), 'example.com');
});

test('a hello over two packets is put together in either order, also after the connection id changed and after a Retry', () => {
  // As with post-quantum keys: the name lies behind 1,500 bytes of another extension.
  const long = longHello(1500);
  const first = initial({ frames: Uint8Array.from(piece(0, 1100, long)), number: 0 });
  const second = { frames: Uint8Array.from(piece(1100, long.length, long)), number: 1 };
  for (const order of [
    [first, initial(second)],
    [initial(second), first],
    [first, initial({ ...second, id: hex('0102030405060708'), keysOf: connectionId })],
  ]) {
    const observe = flow();
    assert.equal(observe(order[0]!), Verdict.pending);
    assert.equal(observe(order[1]!), 'example.com');
  }
  const observe = flow();
  assert.equal(observe(first), Verdict.pending);
  const retried = { id: hex('aabbccdd'), token: hex('0011223344') };
  assert.equal(observe(initial({ frames: Uint8Array.from(piece(0, 1100, long)), ...retried })), Verdict.pending);
  assert.equal(observe(initial({ ...second, ...retried })), 'example.com');
});

test('what is no Initial of a version we know, is too short, or has frames that an Initial may not have, gives none', () => {
  const good = initial({ frames: cryptoFrame });
  const changed = (at: number, value: number) => good.with(8 + at, value);
  assert.equal(flow()(changed(0, 0x40)), Verdict.none, 'a short header');
  assert.equal(flow()(changed(0, 0xe0)), Verdict.none, 'a Handshake packet');
  assert.equal(flow()(changed(4, 9)), Verdict.none, 'an unknown version');
  assert.equal(flow()(changed(600, good[608]! ^ 1)), Verdict.none, 'a wrong tag');
  assert.equal(flow()(good.subarray(0, 1000)), Verdict.none);
  assert.equal(flow()(initial({ frames: Uint8Array.of(0x08, 0, 0) })), Verdict.none, 'a STREAM frame');
  const observe = flow();
  const empty = initial({ frames: Uint8Array.of(1) });
  for (let datagram = 0; datagram < 4; datagram++) assert.equal(observe(empty), Verdict.pending);
  assert.equal(observe(empty), Verdict.none, 'it is not waited for ever');
});

test('damaged Initials, and Initials whose opened frames are damaged, end in a verdict and never in an exception', () => {
  const next = seededNumbers(0x9001);
  const good = initial({ frames: cryptoFrame });
  const names = new FlowNames({ crypto: quicCrypto });
  for (let round = 0; round < 5_000; round++) {
    const bytes = Uint8Array.from(good);
    for (let times = 1 + (next() % 4); times > 0; times--) bytes[8 + (next() % 40)] = next();
    names.observe(NO_TICKET, UDP, bytes, 0, next() % 4 === 0 ? next() % bytes.length : bytes.length);
  }
  // Ciphers that agree to everything, so that a million reach what is behind them.
  const frames = new Uint8Array(1162);
  frames.set(cryptoFrame);
  const open = new FlowNames({
    crypto: {
      hmacSha256: () => new Uint8Array(32),
      aes128Encrypt: () => new Uint8Array(16),
      aes128GcmOpen: () => frames,
    },
  });
  let ticket = NO_TICKET;
  for (let round = 0; round < 1_000_000; round++) {
    const at = next() % 300;
    const before = frames[at]!;
    frames[at] = next();
    open.observe(ticket, UDP, good, 0, good.length);
    ticket = next() % 2 === 0 ? open.ticket : NO_TICKET;
    if (next() % 8 !== 0) frames[at] = before;
    if (round % 64 === 0) frames.set(cryptoFrame);
  }
});

/** The hello with an extension of so many bytes in front of the name's. */
function longHello(extra: number): Uint8Array<ArrayBuffer> {
  const body = 4 + 2 + 32 + 1 + 2 + 4 + 2;
  const extension = [0x33, 0x33, extra >>> 8, extra & 0xff, ...new Uint8Array(extra)];
  const long = Uint8Array.from([...hello.subarray(0, body + 2), ...extension, ...hello.subarray(body + 2)]);
  const view = new DataView(long.buffer);
  view.setUint16(2, view.getUint16(2) + extension.length);
  view.setUint16(body, view.getUint16(body) + extension.length);
  return long;
}
