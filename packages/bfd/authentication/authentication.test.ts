import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { decoded, fast, Network, seeded } from '../simulation.ts';
import { Authentication, type AuthenticationType, authenticationTypes, type Hashes } from './authentication.ts';

const hashes: Hashes = {
  md5: (bytes) => createHash('md5').update(bytes).digest(),
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
};
const secret = (text: string) => new TextEncoder().encode(text);

function authentication(type: AuthenticationType, ids = [7], firstSequence = 0xffff_fffe) {
  return new Authentication({
    ...{ type, hashes, firstSequence },
    keys: ids.map((id) => ({ id, secret: secret(`secret ${id}`) })),
  });
}

function pair(type: AuthenticationType) {
  const network = new Network(
    { parameters: fast, authentication: authentication(type) },
    { parameters: fast, authentication: authentication(type, [7], 5) },
  );
  network.run(10_000, () => network.bothUp);
  return network;
}

for (const type of authenticationTypes) {
  test(`${type}: two ends with the same key come up and stay up while sequence numbers wrap`, () => {
    const network = pair(type);
    network.run(20_000);
    assert.ok(network.bothUp);
    const lengths = {
      simplePassword: 35,
      keyedMd5: 48,
      meticulousKeyedMd5: 48,
      keyedSha1: 52,
      meticulousKeyedSha1: 52,
    };
    assert.equal(network.sent.at(-1)?.bytes.length, lengths[type]);
    for (const { session, changes } of network.ends) {
      assert.equal(session.downs, 0);
      assert.equal(changes.at(-1)?.state, 'up');
    }
  });

  test(`${type}: any changed bit is refused, and changes no state`, () => {
    const network = pair(type);
    network.run(1_000);
    const [one, other] = network.ends;
    const bytes = new Uint8Array(64);
    const whole = bytes.subarray(0, other.session.write(bytes, 0, false));
    const received = one.session.receivedPackets;
    for (let bit = 0; bit < whole.length * 8; bit++) {
      // Without a digest only password, key and section are protected (§4.2).
      if (type === 'simplePassword' && bit < 24 * 8) continue;
      const damaged = whole.slice();
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      network.deliver(one, damaged);
    }
    assert.equal(one.session.receivedPackets, received);
    assert.equal(one.session.state, 'up');
    network.deliver(one, whole);
    assert.equal(one.session.receivedPackets, received + 1);
  });

  test(`${type}: another key, another type or no authentication is refused, each by its name`, () => {
    const network = pair(type);
    const [one] = network.ends;
    const otherType = type === 'keyedMd5' ? 'keyedSha1' : 'keyedMd5';
    const forger = (made: Authentication | undefined) => {
      const forged = new Network(
        { parameters: fast },
        { parameters: fast, ...(made === undefined ? {} : { authentication: made }) },
      );
      const bytes = new Uint8Array(64);
      forged.ends[1].session.remoteDiscriminator = 0x1111;
      return bytes.subarray(0, forged.ends[1].session.write(bytes, 0, false));
    };
    const wrongSecret = new Authentication({
      ...{ type, hashes, firstSequence: 8 },
      keys: [{ id: 7, secret: secret('secret x') }],
    });
    network.deliver(one, forger(undefined));
    network.deliver(one, forger(authentication(otherType)));
    network.deliver(one, forger(authentication(type, [8])));
    // Inside of the window, whatever it is now.
    for (let at = 0; at < 12; at++) network.deliver(one, forger(wrongSecret));
    const { missingAuthentication, badAuthenticationSection, unknownKey, badDigest } = one.session.discards;
    assert.deepEqual([missingAuthentication, badAuthenticationSection, unknownKey], [1, 1, 1]);
    assert.ok(badDigest + one.session.discards.badSequence >= 12);
    assert.equal(one.session.state, 'up');
  });
}

for (const type of ['keyedMd5', 'meticulousKeyedMd5', 'keyedSha1', 'meticulousKeyedSha1'] as const) {
  test(`${type}: a recorded packet that is sent again is refused`, () => {
    const network = pair(type);
    network.run(5_000);
    const [one, other] = network.ends;
    const received = one.session.receivedPackets;
    const recorded = network.sent.filter(({ from }) => from === other.name).map(({ bytes }) => bytes);
    // The last one is the very number that was last accepted: keyed types take it again (§6.7.3).
    for (const bytes of recorded.slice(0, -1)) network.deliver(one, bytes);
    network.deliver(one, recorded.at(-1)!);
    const again = one.session.receivedPackets - received;
    assert.equal(again, type.startsWith('meticulous') ? 0 : 1);
    assert.equal(one.session.state, 'up');
    assert.ok(one.session.discards.badSequence >= recorded.length - 1);
  });

  test(`${type}: the window is three times the Detect Mult, and known only after a good digest`, () => {
    const receiver = authentication(type);
    const sender = authentication(type, [7], 999);
    const bytes = new Uint8Array(64);
    const make = (skipped: number) => {
      for (let at = 0; at < skipped; at++) sender.sign(bytes, 0);
      bytes.set([0x20, 0xc4, 3, 24 + sender.sectionLength], 0);
      sender.sign(bytes, 0);
      return bytes.slice(0, 24 + sender.sectionLength);
    };
    const first = make(0);
    const forged = first.slice();
    forged[30]! ^= 1;
    assert.equal(receiver.verify(forged, 0, forged.length), 'badDigest');
    assert.equal(receiver.isSequenceKnown, false);
    assert.equal(receiver.verify(first, 0, first.length), undefined);
    const ninth = make(8);
    assert.equal(receiver.verify(ninth, 0, ninth.length), undefined);
    const tenth = make(9);
    assert.equal(receiver.verify(tenth, 0, tenth.length), 'badSequence');
    receiver.forgetSequence();
    assert.equal(receiver.verify(tenth, 0, tenth.length), undefined);
    assert.equal(receiver.verify(ninth, 0, ninth.length), 'badSequence');
  });
}

test('an end that restarted with another sequence number is heard again after twice the Detection Time', () => {
  const network = pair('meticulousKeyedSha1');
  network.run(1_000);
  const [one] = network.ends;
  network.loses = () => true;
  network.run(160);
  const fresh = new Network(
    { parameters: fast },
    { parameters: fast, authentication: authentication('meticulousKeyedSha1', [7], 0x8000_0000) },
  );
  const bytes = new Uint8Array(64);
  const packet = bytes.slice(0, fresh.ends[1].session.write(bytes, 0, false));
  packet.set(bytes.subarray(0, packet.length));
  network.deliver(one, packet);
  assert.equal(one.session.state, 'down');
  assert.equal(one.session.discards.badSequence, 1);
  network.run(200);
  network.deliver(one, packet);
  assert.equal(one.session.state, 'init');
});

test('keys change without a loss: the new one is accepted before it is sent with', () => {
  const old = authentication('keyedSha1', [1, 2]);
  const changed = authentication('keyedSha1', [2, 1], 77);
  const network = new Network({ parameters: fast, authentication: old }, { parameters: fast, authentication: changed });
  network.run(10_000, () => network.bothUp);
  assert.ok(network.bothUp);
  assert.deepEqual([...new Set(network.sent.map(({ bytes }) => bytes[26]))].sort(), [1, 2]);
});

test('secrets of the wrong length are refused by their length, and never shown', () => {
  const make = (type: AuthenticationType, length: number) => () =>
    new Authentication({
      type,
      hashes,
      firstSequence: 0,
      keys: [{ id: 1, secret: new Uint8Array(length).fill(0x41) }],
    });
  assert.throws(make('keyedMd5', 17), /17 bytes, keyedMd5 takes 1 to 16/);
  assert.throws(make('simplePassword', 0), RangeError);
  assert.doesNotThrow(make('keyedSha1', 20));
  assert.throws(() => authentication('keyedMd5', [300]), /300/);
  assert.throws(() => authentication('keyedMd5', [1, 1]), /same id/);
  assert.throws(() => authentication('keyedMd5', []), /at least one/);
});

test('a key never leaves in a packet', () => {
  for (const type of authenticationTypes.filter((name) => name !== 'simplePassword')) {
    for (const { bytes } of pair(type).sent) {
      assert.equal(Buffer.from(bytes).includes('secret'), false);
      assert.equal(decoded(bytes).authenticationPresent, true);
    }
  }
});

test('a million forged and replayed packets change no state of an authenticated session', () => {
  const network = pair('meticulousKeyedSha1');
  network.run(1_000);
  const [one, other] = network.ends;
  const next = seeded(0xbfd);
  const recorded = network.sent.filter(({ from }) => from === other.name).map(({ bytes }) => bytes);
  const { receivedPackets } = one.session;
  for (let count = 0; count < 1_000_000; count++) {
    const bytes = recorded[next() % recorded.length]!.slice();
    if (count % 2 === 0) bytes[next() % bytes.length]! ^= 1 << (next() % 8);
    // Inside of the window, so that the digest is what refuses it.
    if (count % 16 === 0) bytes.set([28, 7, 0], 25);
    network.deliver(one, bytes);
  }
  assert.equal(one.session.receivedPackets, receivedPackets);
  assert.equal(one.session.state, 'up');
  network.run(5_000);
  assert.ok(network.bothUp);
  assert.equal(one.session.downs, 0);
});
