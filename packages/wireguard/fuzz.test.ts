import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '@patronus/net';
import { CookieJar } from './cookie.ts';
import { INITIATION_LENGTH, MessageType, RESPONSE_LENGTH } from './messages.ts';
import { noblePrimitives } from './noble.ts';
import { ReplayWindow } from './replay.ts';
import { connected, endpointOf, packetOf, seededRandom } from './simulation.ts';

const MUTATIONS = 1_000_000;

/** A fast source of repeatable numbers below 2^32 (xorshift32). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** Valid messages of each type, as alice sent them to bob, and as bob sent them to alice. */
function recorded() {
  const world = connected({ loadThreshold: 1 });
  const { network, alice, bob } = world;
  for (let count = 0; count < 3; count++) {
    alice.handle({ kind: 'peerRemoved', publicKey: bob.device.publicKey });
    alice.knows(bob);
    alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
    network.run(100);
  }
  network.run(10_000);
  const sealed = alice.device.sealTransport(alice.peer(bob), packetOf('hello'), network.now);
  if (sealed.ok) network.send(alice.endpoint, sealed.value.to, sealed.value.bytes);
  network.run(100);
  const types = new Set(network.sent.map(({ bytes }) => bytes[0]));
  assert.deepEqual([...types].sort(), Object.values(MessageType), 'all four types were recorded');
  return world;
}

test('a million mutated datagrams let no exception escape, and touch no session', { timeout: 60_000 }, () => {
  const { network, alice, bob } = recorded();
  const next = numbers(0x5eed);
  const templates = network.sent.map(({ bytes }) => bytes);
  const sources: Endpoint[] = [alice.endpoint, bob.endpoint, endpointOf('[2001:db8::bad]:1')];
  const devices = [alice, bob];
  const memory = new Uint8Array(256);
  // Time stands still, so that no handshake of the simulation's own is among what is counted.
  for (let count = 0; count < MUTATIONS; count++) {
    const template = templates[next() % templates.length]!;
    const bytes = mutate(template, memory, next);
    // Half of all mutations are of the first bytes; those of the last need a key to be seen at all.
    devices[count & 1]!.device.handle({ kind: 'datagram', bytes, from: sources[next() % 3]! }, network.now);
  }
  const dropped = Object.entries(bob.device.counters).filter(([, value]) => value > 0);
  assert.ok(dropped.length >= 6, `many reasons: ${dropped.map(([reason]) => reason)}`);
  network.run(20_000);
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(20_000);
  assert.ok(alice.say(bob, 'still talking'));
  network.run(100);
  assert.equal(bob.packets.at(-1), 'still talking');
});

test('mutated handshake messages with a good mac1 get no further than they should', () => {
  const { network, alice, bob } = recorded();
  const next = numbers(0xdecade);
  const jar = new CookieJar(noblePrimitives(seededRandom(3)), bob.device.publicKey);
  const templates = network.sent.filter(({ to }) => to === bob.endpoint).map(({ bytes }) => bytes);
  const handshakes = templates.filter(({ length }) => length === INITIATION_LENGTH || length === RESPONSE_LENGTH);
  const { sessions, responsesSent } = bob.device.counters;
  for (let count = 0; count < 1_500; count++) {
    const bytes = handshakes[next() % handshakes.length]!.slice();
    bytes[4 + (next() % (bytes.length - 36))]! ^= 1 + (next() % 255);
    jar.sign(bytes, 0);
    // A second apart, so that none is refused for the load they make.
    network.now += 1_001;
    bob.device.handle({ kind: 'datagram', bytes, from: alice.endpoint }, network.now);
  }
  assert.equal(bob.device.counters.sessions, sessions);
  assert.ok(bob.device.counters.badInitiation > 500, `${bob.device.counters.badInitiation}`);
  // Only the index its sender gave itself may be changed in a message that is replayed, and replays are refused.
  assert.equal(bob.device.counters.responsesSent, responsesSent);
});

/** Flips, sets, cuts or lengthens; never the bytes as they were, which would be a replay and not a mutation. */
function mutate(template: Uint8Array, memory: Uint8Array, next: () => number): Uint8Array {
  memory.set(template);
  const cut = next() % 4 === 0 ? next() % (template.length + 8) : template.length;
  const changes = 1 + (next() % 3);
  for (let change = 0; change < changes; change++) {
    const reach = next() % 2 === 0 ? 16 : template.length;
    memory[next() % reach]! ^= 1 << (next() % 8);
  }
  return memory.subarray(0, cut);
}

test('a million random counters leave the replay window standing', () => {
  const next = numbers(0xc0ffee);
  const window = new ReplayWindow();
  let accepted = 0;
  for (let count = 0; count < MUTATIONS; count++) {
    const counter = next() % 2 === 0 ? next() % 20_000 : next() * 2 ** (next() % 34);
    if (window.accept(counter)) accepted += 1;
    assert.equal(window.check(counter), false);
  }
  assert.ok(accepted > 0);
});
