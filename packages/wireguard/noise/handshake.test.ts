import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBase64, fromHex, toBase64, toHex } from '@patronus/wire';
import { CookieChecker, CookieJar } from '../cookie.ts';
import { decodeInitiation, decodeResponse } from '../messages.ts';
import { noblePrimitives } from '../noble.ts';
import { transportNonce } from '../session/transport.ts';
import { seededRandom } from '../simulation.ts';
import vectors from '../vectors/handshake.json' with { type: 'json' };
import { openInitiation, openTimestamp, writeInitiation } from './initiation.ts';
import { readResponse, writeResponse } from './response.ts';

const primitives = noblePrimitives(seededRandom(1));
const key = (text: string) => primitives.privateKey(fromBase64(text)!);
const initiator = key(vectors.initiatorPrivate);
const responder = key(vectors.responderPrivate);
const initiatorEphemeral = key(vectors.initiatorEphemeralPrivate);
const responderEphemeral = key(vectors.responderEphemeralPrivate);
const initiation = fromHex(vectors.initiation)!;
const response = fromHex(vectors.response)!;
const staticSecret = primitives.x25519(initiator, responder.publicKey)!;
const noPresharedKey = new Uint8Array(32);

function openedInitiation() {
  const opened = openInitiation(primitives, responder, initiation)!;
  return { opened, timestamp: openTimestamp(opened, staticSecret)! };
}

function sentInitiation() {
  const { timestamp } = openedInitiation();
  const { sender } = decodeInitiation(initiation);
  const inputs = { own: initiator, ephemeral: initiatorEphemeral, peerPublicKey: responder.publicKey };
  return writeInitiation(primitives, { ...inputs, staticSecret, timestamp, sender })!;
}

test('a captured initiation of Linux opens to the public key of its sender and a time of 2018', () => {
  const { opened, timestamp } = openedInitiation();
  assert.equal(toBase64(opened.initiatorPublicKey), vectors.initiatorPublic);
  const seconds = Number(new DataView(timestamp.buffer, timestamp.byteOffset).getBigUint64(0) - 0x400000000000000an);
  assert.equal(new Date(seconds * 1000).getUTCFullYear(), 2018);
});

test('the same keys, index and time write the captured initiation byte for byte, with its mac1', () => {
  const { bytes } = sentInitiation();
  new CookieJar(primitives, responder.publicKey).sign(bytes, 0);
  assert.equal(toHex(bytes), vectors.initiation);
  assert.ok(new CookieChecker(primitives, responder.publicKey).checkMac1(initiation));
  assert.ok(!new CookieChecker(primitives, initiator.publicKey).checkMac1(initiation));
});

test('the same keys and index write the captured response byte for byte, with its mac1', () => {
  const { opened } = openedInitiation();
  const { sender } = decodeResponse(response);
  const inputs = { ephemeral: responderEphemeral, presharedKey: noPresharedKey, sender };
  const { bytes } = writeResponse(primitives, opened, inputs)!;
  new CookieJar(primitives, initiator.publicKey).sign(bytes, 0);
  assert.equal(toHex(bytes), vectors.response);
});

test('the keys that follow from the captured handshake open the captured data in both directions', () => {
  const keys = readResponse(primitives, initiator, sentInitiation().sent, noPresharedKey, response)!;
  const { sender } = decodeResponse(response);
  assert.equal(keys.remoteIndex, sender);
  const [out, back] = [fromHex(vectors.firstFromInitiator)!, fromHex(vectors.firstFromResponder)!];
  const nothing = new Uint8Array(0);
  const request = primitives.aeadOpen(keys.sendKey, transportNonce(0), out.subarray(16), nothing)!;
  const answer = primitives.aeadOpen(keys.receiveKey, transportNonce(0), back.subarray(16), nothing)!;
  // An echo request, and its reply, inside IPv4.
  assert.deepEqual([request[0]! >> 4, request[9], request[20]], [4, 1, 8]);
  assert.deepEqual([answer[0]! >> 4, answer[9], answer[20]], [4, 1, 0]);
});

test('a response read with another preshared key is refused, and the real one is still accepted after it', () => {
  const { sent } = sentInitiation();
  const wrong = new Uint8Array(32).fill(1);
  assert.equal(readResponse(primitives, initiator, sent, wrong, response), undefined);
  assert.ok(readResponse(primitives, initiator, sent, noPresharedKey, response));
});

test('every changed byte of either message is noticed', () => {
  for (let index = 8; index < 116; index += 3) {
    const changed = initiation.slice();
    changed[index]! ^= 4;
    const opened = openInitiation(primitives, responder, changed);
    const known = opened && toBase64(opened.initiatorPublicKey) === vectors.initiatorPublic;
    assert.ok(!known || openTimestamp(opened, staticSecret) === undefined, `byte ${index} of the initiation`);
  }
  const { sent } = sentInitiation();
  for (let index = 12; index < 60; index += 3) {
    const changed = response.slice();
    changed[index]! ^= 4;
    assert.equal(readResponse(primitives, initiator, sent, noPresharedKey, changed), undefined, `byte ${index}`);
  }
});

test('a low-order public key gives no handshake instead of a known secret', () => {
  const { opened } = openedInitiation();
  const inputs = { ephemeral: responderEphemeral, presharedKey: noPresharedKey, sender: 1 };
  const lowOrder = { ...opened, initiatorPublicKey: new Uint8Array(32) };
  assert.equal(writeResponse(primitives, lowOrder, inputs), undefined);
  const forged = initiation.slice();
  forged.fill(0, 8, 40);
  assert.equal(openInitiation(primitives, responder, forged), undefined);
});
