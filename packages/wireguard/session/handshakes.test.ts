import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshakeSender, MessageType } from '../messages.ts';
import { connected, endpointOf, Network, twoEnds } from '../simulation.ts';
import { REKEY_ATTEMPT_TIME, REKEY_TIMEOUT, REKEY_TIMEOUT_JITTER } from './constants.ts';

const isInitiation = ({ bytes }: { readonly bytes: Uint8Array }) => bytes[0] === MessageType.initiation;
const isResponse = ({ bytes }: { readonly bytes: Uint8Array }) => bytes[0] === MessageType.response;

test('a lost initiation is sent again after 5 s and at most 333 ms', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(80_000);
  const times = network.sent.filter(isInitiation).map(({ at }) => at);
  assert.ok(times.length >= 15);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  for (const gap of gaps) assert.ok(gap >= REKEY_TIMEOUT && gap <= REKEY_TIMEOUT + REKEY_TIMEOUT_JITTER, `${gap} ms`);
  assert.ok(new Set(gaps).size > 1, 'the jitter varies');
});

test('each retry is a new message: another index, ephemeral key and timestamp', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(6000);
  const [first, second] = network.sent.map(({ bytes }) => bytes);
  assert.notEqual(handshakeSender(first!), handshakeSender(second!));
  assert.notDeepEqual(first!.subarray(8, 40), second!.subarray(8, 40));
});

test('after 90 s without an answer it gives up and says so; the next packet starts again', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(REKEY_ATTEMPT_TIME + 6000);
  const failures = alice.effects.filter((effect) => effect.kind === 'handshakeFailed');
  assert.deepEqual(
    failures.map(({ reason }) => reason),
    ['noAnswer'],
  );
  const sent = network.sent.length;
  network.run(60_000);
  assert.equal(network.sent.length, sent);
  network.delivers = () => true;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(1000);
  assert.ok(alice.say(bob, 'at last'));
});

test('a peer without an address is waited for, and told about once a try', () => {
  const { network, alice, bob } = twoEnds();
  alice.knows(bob, { endpoints: [] });
  for (let packet = 0; packet < 100; packet++) alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  assert.equal(alice.count('handshakeFailed'), 1);
  bob.handle({ kind: 'wantToSend', peer: bob.peer(alice) });
  network.run(100);
  assert.ok(alice.say(bob, 'found you'));
});

test('when both start at the same moment both get through at once', () => {
  const { network, alice, bob } = twoEnds();
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  bob.handle({ kind: 'wantToSend', peer: bob.peer(alice) });
  network.run(200);
  assert.ok(alice.say(bob, 'a'));
  assert.ok(bob.say(alice, 'b'));
  network.run(200);
  assert.deepEqual([alice.packets, bob.packets], [['b'], ['a']]);
  assert.equal(alice.device.counters.initiationsSent + bob.device.counters.initiationsSent, 2);
});

test('with unlike preshared keys there is no session, and with the same one there is', () => {
  const { network, alice, bob } = twoEnds();
  alice.knows(bob, { presharedKey: new Uint8Array(32).fill(1) });
  bob.knows(alice, { presharedKey: new Uint8Array(32).fill(2) });
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(1000);
  assert.equal(alice.say(bob, 'no'), false);
  assert.equal(alice.device.counters.badResponse, 1);
  bob.knows(alice, { presharedKey: new Uint8Array(32).fill(1) });
  network.run(6000);
  assert.ok(alice.say(bob, 'yes'));
});

test('an initiation with a wrong mac1 is dropped in silence and counted', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(1);
  const forged = network.sent[0]!.bytes.slice();
  forged[116]! ^= 1;
  bob.handle({ kind: 'datagram', bytes: forged, from: alice.endpoint });
  assert.equal(bob.device.counters.badMac1, 1);
  assert.deepEqual(bob.effects, []);
});

test('a stranger who knows our public key gets no answer', () => {
  const { network, bob } = twoEnds();
  const mallory = network.add('mallory', '203.0.113.9:9');
  mallory.knows(bob);
  mallory.handle({ kind: 'wantToSend', peer: mallory.peer(bob) });
  network.run(1000);
  assert.equal(bob.device.counters.unknownPeer, 1);
  assert.deepEqual(bob.effects, []);
});

test('a replayed initiation is refused, also from elsewhere, and moves nothing', () => {
  const { network, alice, bob } = connected();
  const { bytes } = network.sent.find(isInitiation)!;
  network.run(1000);
  const before = bob.effects.length;
  bob.handle({ kind: 'datagram', bytes, from: endpointOf('203.0.113.9:9') });
  assert.equal(bob.device.counters.replayedInitiation, 1);
  assert.equal(bob.effects.length, before);
  assert.deepEqual(bob.peer(alice).endpoint, alice.endpoint);
});

test('an older initiation that was held back is refused after a newer one', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(6000);
  const [older, newer] = network.sent.filter(isInitiation);
  network.delivers = () => true;
  bob.handle({ kind: 'datagram', bytes: newer!.bytes, from: alice.endpoint });
  network.run(100);
  bob.handle({ kind: 'datagram', bytes: older!.bytes, from: alice.endpoint });
  assert.equal(bob.device.counters.replayedInitiation, 1);
  assert.ok(alice.say(bob, 'the newer one works'));
});

test('a restarted initiator whose clock is at 1970 gets through with the timestamp it kept', () => {
  const { network, alice, bob } = connected();
  const lastTimestamp = alice.device.lastTimestamp;
  function restarted(options: { readonly lastTimestamp?: Uint8Array }) {
    alice.endpoint = endpointOf('192.0.2.99:9');
    const again = network.add('alice again', '192.0.2.1:51820', {
      privateKey: alice.privateKey,
      wallClock: () => 0,
      ...options,
    });
    again.knows(bob);
    again.handle({ kind: 'wantToSend', peer: again.peer(bob) });
    network.run(1000);
    network.ends.pop();
    return again.say(bob, 'back');
  }
  assert.equal(restarted({}), false);
  assert.equal(bob.device.counters.replayedInitiation, 1);
  assert.equal(restarted({ lastTimestamp }), true);
});

test('a clock that goes back while it runs does not stop rekeying', () => {
  const { network, alice, bob } = connected();
  network.wallClock = 0;
  for (let second = 0; second < 300; second++) {
    assert.ok(alice.say(bob, 'still here'));
    network.run(1000);
  }
  assert.equal(bob.device.counters.replayedInitiation, 0);
  assert.ok(alice.device.counters.sessions >= 3);
});

test('initiations of one peer closer than 20 ms are dropped, however new their timestamps', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  for (let round = 0; round < 3; round++) {
    alice.handle({ kind: 'peerRemoved', publicKey: bob.device.publicKey });
    alice.knows(bob);
    alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  }
  const [first, second, third] = network.sent.filter(isInitiation).map(({ bytes }) => bytes);
  bob.handle({ kind: 'datagram', bytes: first!, from: alice.endpoint });
  bob.handle({ kind: 'datagram', bytes: second!, from: alice.endpoint });
  assert.equal(bob.device.counters.initiationFlood, 1);
  network.now += 20;
  bob.handle({ kind: 'datagram', bytes: third!, from: alice.endpoint });
  assert.equal(bob.device.counters.responsesSent, 2);
});

test('a response to nothing, or the same one twice, is dropped and counted', () => {
  const { network, alice, bob } = connected();
  const { bytes } = network.sent.find(isResponse)!;
  const keypair = alice.peer(bob).currentKeypair;
  alice.handle({ kind: 'datagram', bytes, from: bob.endpoint });
  assert.equal(alice.device.counters.unknownIndex, 1);
  assert.equal(alice.peer(bob).currentKeypair, keypair);
});

test('many peers keep apart: each session has its own index', () => {
  const network = new Network();
  const hub = network.add('hub', '192.0.2.1:51820');
  const spokes = Array.from({ length: 12 }, (_, index) =>
    network.add(`spoke ${index}`, `198.51.100.${index + 1}:51820`),
  );
  for (const spoke of spokes) {
    hub.knows(spoke);
    spoke.knows(hub);
    spoke.handle({ kind: 'wantToSend', peer: spoke.peer(hub) });
  }
  network.run(1000);
  for (const spoke of spokes) assert.ok(hub.say(spoke, spoke.name));
  network.run(1000);
  for (const spoke of spokes) assert.deepEqual(spoke.packets, [spoke.name]);
});
