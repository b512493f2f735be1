import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as messages from './messages.ts';

const { MessageType, messageType } = messages;
const index = fc.integer({ min: 0, max: 0xffffffff });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

const initiation = fc.record({
  sender: index,
  ephemeral: bytes(32),
  sealedStatic: bytes(48),
  sealedTimestamp: bytes(28),
});
const response = fc.record({ sender: index, receiver: index, ephemeral: bytes(32), sealedNothing: bytes(16) });
const cookieReply = fc.record({ receiver: index, nonce: bytes(24), sealedCookie: bytes(32) });

const plain = (message: object) => JSON.stringify(message);

test('each message comes back as it was written, with the length of the paper', () => {
  fc.assert(
    fc.property(initiation, response, cookieReply, (first, second, third) => {
      const encoded = [
        messages.encodeInitiation(first),
        messages.encodeResponse(second),
        messages.encodeCookieReply(third),
      ] as const;
      assert.deepEqual(
        encoded.map(({ length }) => length),
        [148, 92, 64],
      );
      assert.deepEqual(encoded.map(messageType), [1, 2, 3]);
      assert.equal(plain(messages.decodeInitiation(encoded[0])), plain(first));
      assert.equal(plain(messages.decodeResponse(encoded[1])), plain(second));
      assert.equal(plain(messages.decodeCookieReply(encoded[2])), plain(third));
    }),
  );
});

test('a transport header holds the receiver and a counter of up to 53 bits', () => {
  fc.assert(
    fc.property(index, fc.maxSafeNat(), (receiver, counter) => {
      const datagram = new Uint8Array(messages.KEEPALIVE_LENGTH);
      messages.writeTransportHeader(datagram, receiver, counter);
      assert.equal(messageType(datagram), MessageType.transport);
      assert.equal(messages.transportReceiver(datagram), receiver);
      assert.equal(messages.transportCounter(datagram), counter);
      assert.equal(new DataView(datagram.buffer).getBigUint64(8, true), BigInt(counter));
    }),
  );
});

test('a datagram that is cut, too long, of another type or with reserved bytes is no message', () => {
  for (const [type, length] of [
    [1, 148],
    [2, 92],
    [3, 64],
  ] as const) {
    const whole = new Uint8Array(length + 1);
    whole[0] = type;
    for (let cut = 0; cut <= whole.length; cut++) {
      assert.equal(
        messageType(whole.subarray(0, cut)),
        cut === length ? type : undefined,
        `type ${type}, ${cut} bytes`,
      );
    }
    for (const reserved of [1, 2, 3]) {
      const other = whole.slice(0, length);
      other[reserved] = 1;
      assert.equal(messageType(other), undefined);
    }
  }
  for (let cut = 0; cut < messages.KEEPALIVE_LENGTH; cut++) {
    assert.equal(messageType(Uint8Array.of(4, 0, 0, 0, ...new Uint8Array(28)).subarray(0, cut)), undefined);
  }
  assert.equal(messageType(new Uint8Array(148)), undefined);
  assert.equal(messageType(new Uint8Array(148).fill(5, 0, 1)), undefined);
});
