import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageType } from '../messages.ts';
import { connected, packetOf, seededRandom, twoEnds } from '../simulation.ts';
import * as constants from './constants.ts';
import { paddedLength } from './transport.ts';

const { KEEPALIVE_TIMEOUT, REJECT_AFTER_TIME, REKEY_AFTER_TIME } = constants;

test('after one handshake packets go both ways', () => {
  const { network, alice, bob } = twoEnds();
  assert.equal(alice.say(bob, 'too early'), false);
  network.run(100);
  assert.ok(alice.say(bob, 'there'));
  assert.ok(bob.say(alice, 'and back'));
  network.run(100);
  assert.deepEqual(bob.packets, ['there']);
  assert.deepEqual(alice.packets, ['and back']);
  for (const end of [alice, bob]) assert.equal(end.count('sessionEstablished'), 1);
});

test('a responder does not send before the initiator has used the session', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = ({ bytes }) => bytes[0] !== MessageType.transport;
  alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
  network.run(100);
  assert.ok(alice.peer(bob).currentKeypair);
  assert.equal(bob.count('keypairCreated'), 1);
  assert.equal(bob.say(alice, 'too early'), false);
});

test('the initiator rekeys at 120 s, without losing a packet, and the responder does not', () => {
  const { network, alice, bob } = connected();
  for (let second = 0; second < 119; second++) {
    alice.say(bob, `a${second}`);
    bob.say(alice, `b${second}`);
    network.run(1000);
  }
  assert.equal(alice.device.counters.initiationsSent, 1);
  for (let second = 119; second < 130; second++) {
    assert.ok(alice.say(bob, `a${second}`));
    assert.ok(bob.say(alice, `b${second}`));
    network.run(1000);
  }
  assert.equal(alice.device.counters.initiationsSent, 2);
  assert.equal(bob.device.counters.initiationsSent, 0);
  assert.equal(alice.device.counters.sessions, 2);
  assert.equal(bob.packets.length, 130);
  assert.equal(alice.packets.length, 130);
});

// Both began, so each sends with the session that it began itself: at 120 s both ask, or one a little earlier.
for (const { apart, pause } of [
  { apart: 0, pause: 1 },
  { apart: 4, pause: 1 },
  { apart: 9, pause: 1 },
  { apart: 4, pause: 30 },
]) {
  test(`ends that rekey ${apart} ms apart, one of them sending every ${pause} ms, lose no packet`, () => {
    const { network, alice, bob } = twoEnds();
    alice.handle({ kind: 'wantToSend', peer: alice.peer(bob) });
    network.run(apart);
    bob.handle({ kind: 'wantToSend', peer: bob.peer(alice) });
    network.run(REKEY_AFTER_TIME - 100);
    for (const { device } of [alice, bob]) assert.equal(device.counters.initiationsSent, 1);
    for (let ms = 0; ms < 400; ms++) {
      assert.ok(alice.say(bob, `a${ms}`));
      // The seldom one has nothing to send, and so does not ask, until it was asked; what it says then is still by the old key.
      if (ms % pause === Math.floor(pause / 3)) assert.ok(bob.say(alice, `b${ms}`));
      network.run(1);
    }
    network.run(100);
    assert.equal(alice.device.counters.initiationsSent, 2);
    assert.equal(bob.device.counters.initiationsSent, pause === 1 ? 2 : 1);
    assert.equal(bob.packets.length, 400);
    assert.equal(alice.packets.length, Math.floor(400 / pause));
    // Five seconds later all but two are gone, keys and all.
    network.run(5_000);
    for (const end of [alice, bob]) assert.equal(end.count('keypairCreated') - end.count('keypairRetired'), 2);
  });
}

test('who begins handshakes over and over is not given room for every key', () => {
  const { network, alice, bob } = connected();
  for (let at = 0; at < 50; at++) {
    alice.handle({ kind: 'restartHandshake', peer: alice.peer(bob) });
    network.run(50);
  }
  for (const end of [alice, bob]) {
    assert.ok(end.count('keypairCreated') >= 50);
    assert.ok(end.count('keypairCreated') - end.count('keypairRetired') <= 5);
  }
});

test('an initiator that only receives asks for a new session before the old one is rejected', () => {
  const { network, alice, bob } = connected();
  for (let second = 0; second < 200; second++) {
    assert.ok(bob.say(alice, `b${second}`), `second ${second}`);
    network.run(1000);
  }
  assert.equal(alice.packets.length, 200);
  assert.ok(alice.device.counters.sessions >= 2);
});

test('a session that cannot be renewed is rejected at 180 s, at both ends', () => {
  const { network, alice, bob } = connected();
  const late = bob.device.sealTransport(bob.peer(alice), packetOf('late'), network.now);
  network.delivers = ({ bytes }) => bytes[0] === MessageType.transport;
  network.run(REJECT_AFTER_TIME - 1000);
  assert.ok(alice.say(bob, 'still'));
  network.run(1000);
  assert.equal(alice.say(bob, 'no more'), false);
  assert.equal(bob.say(alice, 'no more'), false);
  assert.ok(late.ok);
  alice.handle({ kind: 'datagram', bytes: late.value.bytes, from: bob.endpoint });
  assert.deepEqual(bob.packets, ['still']);
  assert.deepEqual(alice.packets, []);
  assert.equal(alice.device.counters.expiredKeypair, 1);
});

test('keys are zeroed when no session came for three times REJECT_AFTER_TIME', () => {
  const { network, alice, bob } = connected();
  const keypair = alice.peer(bob).currentKeypair!;
  network.delivers = () => false;
  network.run(3 * REJECT_AFTER_TIME - 1000);
  assert.ok(keypair.sendKey.some((byte) => byte !== 0));
  network.run(2000);
  assert.ok(keypair.sendKey.every((byte) => byte === 0));
  assert.ok(keypair.receiveKey.every((byte) => byte === 0));
  assert.equal(alice.count('keypairRetired'), 1);
  assert.equal(alice.peer(bob).currentKeypair, undefined);
});

test('packets of the previous session are still taken after a rekey', () => {
  const { network, alice, bob } = connected();
  const old = alice.device.sealTransport(alice.peer(bob), packetOf('old'), network.now);
  network.run(REKEY_AFTER_TIME);
  alice.say(bob, 'asks for a rekey');
  network.run(100);
  alice.say(bob, 'new');
  network.run(100);
  assert.ok(old.ok);
  bob.handle({ kind: 'datagram', bytes: old.value.bytes, from: alice.endpoint });
  assert.deepEqual(bob.packets, ['asks for a rekey', 'new', 'old']);
});

test('who receives and has nothing to say answers with a keepalive after 10 s', () => {
  const { network, alice, bob } = connected();
  const before = bob.device.counters.keepalivesSent;
  alice.say(bob, 'hello');
  network.run(KEEPALIVE_TIMEOUT - 100);
  assert.equal(bob.device.counters.keepalivesSent, before);
  network.run(200);
  assert.equal(bob.device.counters.keepalivesSent, before + 1);
  network.run(60_000);
  assert.equal(bob.device.counters.keepalivesSent, before + 1);
  assert.equal(alice.device.counters.initiationsSent, 1);
});

test('who sends and hears nothing starts a new handshake after 15 s', () => {
  const { network, alice, bob } = connected();
  network.delivers = ({ from }) => from === alice.endpoint;
  alice.say(bob, 'hello?');
  network.run(14_900);
  assert.equal(alice.device.counters.initiationsSent, 1);
  network.run(600);
  assert.equal(alice.device.counters.initiationsSent, 2);
});

test('a persistent keepalive brings a session up by itself and keeps it up for an hour', () => {
  const { network, alice, bob } = twoEnds();
  alice.knows(bob, { persistentKeepalive: 25_000 });
  network.run(1000);
  assert.ok(alice.peer(bob).currentKeypair);
  for (let minute = 0; minute < 60; minute++) {
    network.run(60_000);
    assert.ok(alice.peer(bob).currentKeypair!.isUsable(network.now), `minute ${minute}`);
  }
  assert.ok(alice.device.counters.keepalivesSent >= 3600 / 25);
});

test('a persistent keepalive starts again after an outage of an hour', () => {
  const { network, alice, bob } = twoEnds();
  network.delivers = () => false;
  alice.knows(bob, { persistentKeepalive: 1_000 });
  network.run(3_600_000);
  assert.ok(alice.count('handshakeFailed') >= 10);
  network.delivers = () => true;
  network.run(120_000);
  assert.ok(alice.say(bob, 'again'));
});

test('with a third of all datagrams lost and some sent twice, talk goes on for half an hour', () => {
  const { network, alice, bob } = twoEnds();
  const dice = seededRandom(77);
  network.delivers = (datagram) => {
    const [roll] = dice(1);
    const receiver = network.ends.find(({ endpoint }) => endpoint === datagram.to);
    if (roll! > 230) receiver?.handle({ kind: 'datagram', bytes: datagram.bytes, from: datagram.from });
    return roll! > 85;
  };
  let longestSilence = 0;
  let heardAt = 0;
  for (let second = 0; second < 1800; second++) {
    const before = bob.packets.length;
    alice.say(bob, `a${second}`);
    bob.say(alice, `b${second}`);
    network.run(1000);
    if (bob.packets.length > before) heardAt = second;
    longestSilence = Math.max(longestSilence, second - heardAt);
  }
  assert.equal(new Set(bob.packets).size, bob.packets.length, 'nothing is delivered twice');
  assert.ok(bob.packets.length > 1000, `${bob.packets.length} of 1800`);
  assert.ok(longestSilence < 60, `${longestSilence} s of silence`);
});

test('a peer that is removed takes its sessions, indices and timers with it', () => {
  const { network, alice, bob } = connected();
  const keypair = alice.peer(bob).currentKeypair!;
  alice.handle({ kind: 'peerRemoved', publicKey: bob.device.publicKey });
  assert.ok(keypair.isRetired);
  assert.equal(alice.count('keypairRetired'), 1);
  assert.equal(alice.device.keypairByIndex(keypair.localIndex, network.now), undefined);
  bob.say(alice, 'gone');
  network.run(600_000);
  assert.equal(alice.device.deadline, Number.POSITIVE_INFINITY);
  assert.deepEqual(alice.packets, []);
});

test('a new static key keeps the session it has and makes the next one with itself', () => {
  const { network, alice, bob } = connected();
  const another = network.add('another', '192.0.2.77:1', {});
  const keypair = alice.peer(bob).currentKeypair!;
  bob.handle({
    kind: 'peerSet',
    peer: { publicKey: another.device.publicKey, endpoints: [], isAllowedSource: () => true },
  });
  alice.handle({ kind: 'keyReplaced', privateKey: another.privateKey });
  assert.ok(alice.say(bob, 'on the old session'));
  network.run(1000);
  assert.notEqual(alice.peer(bob).currentKeypair, keypair);
  assert.ok(alice.say(bob, 'on the new session'));
  network.run(1000);
  assert.deepEqual(bob.packets, ['on the old session', 'on the new session']);
  assert.ok(bob.device.peer(another.device.publicKey)!.currentKeypair);
});

test('a packet is padded to 16 bytes, but never above the MTU', () => {
  for (const [length, mtu, padded] of [
    [0, 1420, 0],
    [1, 1420, 16],
    [16, 1420, 16],
    [1409, 1420, 1420],
    [1420, 1420, 1420],
    [1416, 1424, 1424],
    [1500, 1420, 1500],
  ] as const) {
    assert.equal(paddedLength(length, mtu), padded, `${length} of ${mtu}`);
  }
});

test('a session counts up to its limit and is not used beyond it', () => {
  const { network, alice, bob } = connected();
  const keypair = alice.peer(bob).currentKeypair!;
  keypair.nextCounter(constants.REKEY_AFTER_MESSAGES);
  network.delivers = () => false;
  network.run(6000);
  assert.equal(alice.peer(bob).sendKeypair(network.now), keypair);
  network.run(100);
  assert.equal(alice.device.counters.initiationsSent, 2);
  keypair.nextCounter(constants.REJECT_AFTER_MESSAGES);
  assert.equal(alice.peer(bob).sendKeypair(network.now), undefined);
});
