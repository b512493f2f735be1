import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEndpoint } from '@patronus/net';
import { MessageType } from '../messages.ts';
import { connected, endpointOf, packetOf, twoEnds } from '../simulation.ts';
import { innerPacket } from './transport.ts';

test('the endpoint follows the newest authenticated packet, without a new handshake', () => {
  const { network, alice, bob } = connected();
  alice.endpoint = endpointOf('[2001:db8::7]:4500');
  alice.say(bob, 'from elsewhere');
  network.run(100);
  bob.say(alice, 'found');
  network.run(100);
  assert.deepEqual(alice.packets, ['found']);
  assert.deepEqual(bob.peer(alice).endpoint, alice.endpoint);
  assert.equal(bob.effects.filter((effect) => effect.kind === 'endpointChanged').length, 2);
  assert.equal(alice.device.counters.initiationsSent, 1);
});

test('both ends may move at different times', () => {
  const { network, alice, bob } = connected();
  alice.endpoint = endpointOf('192.0.2.200:1000');
  alice.say(bob, 'a');
  network.run(100);
  bob.endpoint = endpointOf('198.51.100.200:2000');
  bob.say(alice, 'b');
  network.run(100);
  alice.say(bob, 'c');
  network.run(100);
  assert.deepEqual([alice.packets, bob.packets], [['b'], ['a', 'c']]);
});

test('a packet that does not authenticate moves nothing', () => {
  const { network, alice, bob } = connected();
  const sealed = alice.device.sealTransport(alice.peer(bob), packetOf('x'), network.now);
  assert.ok(sealed.ok);
  const forged = sealed.value.bytes.slice();
  forged[20]! ^= 1;
  const elsewhere = endpointOf('203.0.113.66:6');
  bob.handle({ kind: 'datagram', bytes: forged, from: elsewhere });
  assert.equal(bob.device.counters.badTransport, 1);
  bob.handle({ kind: 'datagram', bytes: sealed.value.bytes, from: alice.endpoint });
  bob.handle({ kind: 'datagram', bytes: sealed.value.bytes, from: elsewhere });
  assert.equal(bob.device.counters.replayedCounter, 1);
  assert.deepEqual(bob.packets, ['x']);
  assert.deepEqual(bob.peer(alice).endpoint, alice.endpoint);
});

test('the packet path can ask whether a source is the known one without making an object', () => {
  const { alice, bob } = connected();
  const memory = Uint8Array.of(9, 9, ...bob.endpoint.address.bytes, 9);
  assert.equal(alice.peer(bob).isAt(memory, 2, 4, 51820), true);
  assert.equal(alice.peer(bob).isAt(memory, 2, 4, 51821), false);
  assert.equal(alice.peer(bob).isAt(memory, 1, 4, 51820), false);
  assert.equal(alice.peer(bob).isAt(memory, 0, 16, 51820), false);
});

test('retries walk through the candidates until one answers', () => {
  const { network, alice, bob } = twoEnds();
  const dead = ['203.0.113.1:1', '203.0.113.2:2'].map(endpointOf);
  alice.knows(bob, { endpoints: [...dead, bob.endpoint] });
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(12_000);
  const targets = network.sent.filter(({ bytes }) => bytes[0] === MessageType.initiation).map(({ to }) => to);
  assert.deepEqual(targets.map(formatEndpoint), [...dead, bob.endpoint].map(formatEndpoint));
  assert.ok(alice.say(bob, 'third time lucky'));
  assert.deepEqual(alice.peer(bob).endpoint, bob.endpoint);
});

test('a peer that stopped answering is looked for at its other addresses', () => {
  const { network, alice, bob } = connected();
  const old = bob.endpoint;
  bob.endpoint = endpointOf('198.51.100.99:51820');
  alice.knows(bob, { endpoints: [old, bob.endpoint] });
  alice.say(bob, 'lost');
  network.run(30_000);
  assert.deepEqual(alice.peer(bob).endpoint, bob.endpoint);
  assert.ok(alice.say(bob, 'found'));
});

test('new candidates are tried at once while there is no session', () => {
  const { network, alice, bob } = twoEnds();
  alice.knows(bob, { endpoints: [endpointOf('203.0.113.1:1')] });
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(100);
  alice.knows(bob);
  network.run(100);
  assert.ok(alice.say(bob, 'at once'));
});

test('an inner source that its peer may not use is dropped and counted, and so is what is not IP', () => {
  const { network, alice, bob } = connected();
  const allowed = [10, 0, 0, 1].join();
  bob.knows(alice, { isAllowedSource: (address) => address.join() === allowed });
  for (const packet of [
    packetOf('good'),
    packetOf('bad', [10, 0, 0, 3]),
    Uint8Array.of(1, 2, 3),
    packetOf('').fill(0x45, 2, 4),
  ]) {
    const sealed = alice.device.sealTransport(alice.peer(bob), packet, network.now);
    assert.ok(sealed.ok);
    network.send(alice.endpoint, sealed.value.to, sealed.value.bytes);
  }
  network.run(100);
  assert.deepEqual(bob.packets, ['good']);
  assert.equal(bob.device.counters.disallowedSource, 1);
  assert.equal(bob.device.counters.badInnerPacket, 2);
});

test('the source of an IPv6 packet is checked with all its bytes', () => {
  const packet = new Uint8Array(48);
  packet[0] = 0x60;
  packet[5] = 8;
  packet[6] = 59;
  packet[23] = 7;
  const asked: Uint8Array[] = [];
  const verdicts = [true, false].map((allowed) =>
    innerPacket(packet, (address) => {
      asked.push(address.slice());
      return allowed;
    }),
  );
  assert.deepEqual(
    verdicts.map(({ ok }) => ok),
    [true, false],
  );
  assert.deepEqual([...asked[0]!], [...packet.subarray(8, 24)]);
});
