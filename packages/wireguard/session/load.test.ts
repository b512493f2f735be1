import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CookieChecker, CookieJar } from '../cookie.ts';
import { COOKIE_REPLY_LENGTH, MessageType } from '../messages.ts';
import { noblePrimitives } from '../noble.ts';
import { endpointOf, seededRandom, twoEnds } from '../simulation.ts';
import { COOKIE_LIFETIME } from './constants.ts';
import { LoadGauge, SourceLimiter } from './load.ts';

const primitives = noblePrimitives(seededRandom(9));
const here = endpointOf('192.0.2.1:1');
const elsewhere = endpointOf('192.0.2.1:2');

test('under load an initiator has to come back with a cookie, and then gets through', () => {
  const { network, alice, bob } = twoEnds({ loadThreshold: 0 });
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(1000);
  assert.equal(bob.device.counters.cookieRepliesSent, 1);
  assert.equal(bob.device.counters.responsesSent, 0);
  assert.equal(alice.say(bob, 'not yet'), false);
  network.run(6000);
  assert.equal(bob.device.counters.responsesSent, 1);
  // Alice is under load too, and asked bob for a cookie in turn: his answer to her next try carries it.
  assert.equal(alice.device.counters.cookieRepliesSent, 1);
  network.run(6000);
  assert.ok(alice.say(bob, 'through'));
  const replies = network.sent.filter(({ bytes }) => bytes[0] === MessageType.cookieReply);
  for (const { bytes } of replies) assert.equal(bytes.length, COOKIE_REPLY_LENGTH);
});

test('a cookie is good for the address and port it was given to, and for two minutes', () => {
  const own = primitives.generatePrivateKey().publicKey;
  const checker = new CookieChecker(primitives, own);
  const jar = new CookieJar(primitives, own);
  const message = primitives.random(148).slice();
  jar.sign(message, 0);
  assert.ok(checker.checkMac1(message));
  assert.equal(checker.checkMac2(message, here, 0), false);
  const reply = checker.reply(message, here, 0);
  assert.ok(jar.accept(reply, 0));
  jar.sign(message, 1000);
  assert.ok(checker.checkMac2(message, here, 1000));
  assert.equal(checker.checkMac2(message, elsewhere, 1000), false);
  assert.equal(checker.checkMac2(message, here, COOKIE_LIFETIME), false);
  jar.sign(message, COOKIE_LIFETIME);
  assert.ok(message.subarray(132).every((byte) => byte === 0));
});

test('the secret behind the cookies is replaced every two minutes', () => {
  const own = primitives.generatePrivateKey().publicKey;
  const checker = new CookieChecker(primitives, own);
  const jar = new CookieJar(primitives, own);
  const message = primitives.random(148).slice();
  jar.sign(message, 0);
  assert.ok(jar.accept(checker.reply(message, here, 0), 0));
  jar.sign(message, 1);
  checker.reply(message, here, COOKIE_LIFETIME);
  assert.equal(checker.checkMac2(message, here, COOKIE_LIFETIME), false);
});

test('a cookie reply that was forged, or answers another message, or comes twice, is refused', () => {
  const own = primitives.generatePrivateKey().publicKey;
  const [checker, jar] = [new CookieChecker(primitives, own), new CookieJar(primitives, own)];
  const message = primitives.random(92).slice();
  assert.equal(jar.accept(new Uint8Array(64), 0), false);
  jar.sign(message, 0);
  const reply = checker.reply(message, here, 0);
  const forged = reply.slice();
  forged[40]! ^= 1;
  assert.equal(jar.accept(forged, 0), false);
  const other = message.slice();
  other[60]! ^= 1;
  assert.equal(jar.accept(checker.reply(other, here, 0), 0), false);
  assert.equal(jar.accept(reply, 0), true);
  assert.equal(jar.accept(reply, 0), false);
});

test('load begins above the threshold within a second, and ends a second after it', () => {
  const gauge = new LoadGauge(10);
  for (let count = 0; count < 10; count++) assert.equal(gauge.record(count), false);
  assert.equal(gauge.record(10), true);
  assert.equal(gauge.record(900), true);
  assert.equal(gauge.record(3000), false);
});

test('one source gets 20 handshakes a second under load, others are not held up, and memory is bounded', () => {
  const limiter = new SourceLimiter();
  let allowed = 0;
  for (let now = 0; now < 1000; now++) if (limiter.allows(here, now)) allowed += 1;
  assert.ok(allowed >= 20 && allowed <= 26, `${allowed}`);
  assert.ok(limiter.allows(endpointOf('192.0.2.2:1'), 1000));
  const sameNetwork = [1, 2, 3, 4, 5, 6].map((host) => limiter.allows(endpointOf(`[2001:db8::${host}]:1`), 1000));
  assert.deepEqual(sameNetwork, [true, true, true, true, true, false]);
  let refused = 0;
  for (let host = 0; host < 5000; host++) {
    const source = { address: { family: 4 as const, bytes: Uint8Array.of(10, 0, host >> 8, host) }, port: 1 };
    if (!limiter.allows(source, 1000)) refused += 1;
  }
  assert.ok(refused > 800);
  assert.ok(limiter.allows(endpointOf('172.16.0.1:1'), 2000));
});
