import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decoded, fast, Network } from '../simulation.ts';
import type { SessionParameters } from './events.ts';

const idle: SessionParameters = { ...fast, desiredMinTxIntervalUs: 1_000_000, requiredMinRxIntervalUs: 1_000_000 };

function upAndSettled(one: SessionParameters = fast, other: SessionParameters = fast) {
  const network = new Network({ parameters: one }, { parameters: other });
  network.run(10_000, () => network.bothUp);
  network.run(2_000);
  assert.ok(network.bothUp);
  network.sent.length = 0;
  return network;
}

test('coming Up, each end tells its faster interval with a poll that is answered', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(10_000, () => network.bothUp);
  network.run(100);
  const from = (name: string) => network.sent.filter((sent) => sent.from === name).map(({ bytes }) => decoded(bytes));
  for (const name of ['one', 'other']) {
    assert.ok(from(name).some(({ poll, desiredMinTxIntervalUs }) => poll && desiredMinTxIntervalUs === 50_000));
    assert.ok(from(name).some(({ final }) => final));
    assert.equal(from(name).at(-1)?.poll, false);
  }
});

test('a longer interval is not used before the other end answered the poll that tells of it', () => {
  const network = upAndSettled();
  const [one] = network.ends;
  network.loses = (from) => from !== one;
  network.handle(one, { kind: 'configure', parameters: idle });
  assert.equal(one.session.isPolling, true);
  network.run(140);
  assert.equal(one.session.transmitIntervalUs, 50_000, 'no Final came');
  network.loses = () => false;
  network.run(100);
  assert.equal(one.session.isPolling, false);
  assert.equal(one.session.transmitIntervalUs, 1_000_000);
  assert.ok(network.bothUp);
});

test('a shorter interval that is asked for does not shorten the own patience before the answer', () => {
  const network = upAndSettled(idle, fast);
  const [one, other] = network.ends;
  assert.equal(one.session.detectionTimeUs, 3_000_000);
  network.loses = (from) => from === one;
  network.handle(one, { kind: 'configure', parameters: fast });
  network.run(400);
  assert.equal(one.session.detectionTimeUs, 3_000_000);
  network.loses = () => false;
  network.run(1_000);
  assert.equal(one.session.detectionTimeUs, 150_000);
  assert.equal(other.session.transmitIntervalUs, 50_000);
  assert.ok(network.bothUp);
});

test('the faster interval is in force within one round trip', () => {
  const network = upAndSettled(idle, idle);
  const [one, other] = network.ends;
  network.delayMs = 20;
  const at = network.nowMs;
  for (const end of network.ends) network.handle(end, { kind: 'configure', parameters: fast });
  network.run(1_000, () => one.session.detectionTimeUs === 150_000 && other.session.detectionTimeUs === 150_000);
  assert.ok(network.nowMs - at <= 40 + 1e-6, `${network.nowMs - at} ms`);
});

test('going slower and faster again, with a third of the packets lost, never takes the session down by itself', () => {
  // Six in a row would have to be lost: 1 of 700 times that six are sent.
  const patient = { detectMultiplier: 20 };
  const network = upAndSettled({ ...fast, ...patient }, { ...fast, ...patient });
  let dice = 12345;
  network.loses = () => {
    dice = (Math.imul(dice, 1_103_515_245) + 12_345) >>> 0;
    return dice < 2 ** 32 / 3;
  };
  for (let round = 0; round < 200; round++) {
    for (const end of network.ends) {
      network.handle(end, { kind: 'configure', parameters: { ...(round % 2 === 0 ? idle : fast), ...patient } });
      network.run((dice % 7) * 30);
    }
    network.run(3_000);
    assert.ok(network.bothUp, `round ${round}`);
  }
  assert.deepEqual(
    network.ends.map(({ session }) => session.downs),
    [0, 0],
  );
});

test('a change during a poll waits for its end, so that it is clear what a Final answers', () => {
  const network = upAndSettled();
  const [one, other] = network.ends;
  network.loses = (from) => from === other;
  network.handle(one, { kind: 'configure', parameters: idle });
  network.run(60);
  network.handle(one, { kind: 'configure', parameters: { ...fast, desiredMinTxIntervalUs: 80_000 } });
  network.run(50);
  const said = () => decoded(network.sent.filter(({ from }) => from === 'one').at(-1)!.bytes).desiredMinTxIntervalUs;
  assert.equal(said(), 1_000_000);
  network.loses = () => false;
  network.run(2_000);
  assert.equal(said(), 80_000);
  assert.equal(one.session.transmitIntervalUs, 80_000);
  assert.ok(network.bothUp);
});

test('a Final that nobody asked for changes nothing', () => {
  const network = upAndSettled(idle, idle);
  const [one, other] = network.ends;
  const bytes = new Uint8Array(24);
  other.session.write(bytes, 0, true);
  const before = one.session.transmitIntervalUs;
  network.deliver(one, bytes);
  assert.equal(one.session.transmitIntervalUs, before);
});

const demanding: SessionParameters = { ...fast, demandMode: true };

test('an end in demand mode silences the other one, and still finds out when asked to look', () => {
  const network = upAndSettled(demanding, fast);
  const [one, other] = network.ends;
  network.run(10_000);
  assert.equal(network.sent.filter(({ from }) => from === 'other').length, 0, 'the other end is silent');
  assert.ok(network.sent.filter(({ from }) => from === 'one').length > 100, 'this one is not');
  assert.ok(network.sent.every(({ bytes }) => decoded(bytes).demand));
  network.handle(one, { kind: 'verify' });
  network.run(100);
  assert.equal(network.sent.filter(({ from }) => from === 'other').length, 1);
  assert.equal(one.session.isPolling, false);
  network.loses = (from) => from === other;
  network.handle(one, { kind: 'verify' });
  network.run(140);
  assert.equal(one.session.state, 'up');
  network.run(11);
  assert.equal(one.session.state, 'down', '3 × 50 ms after the poll (§6.8.4)');
});

test('with demand mode at both ends nothing is sent, until one of them has something to say', () => {
  const network = upAndSettled(demanding, demanding);
  network.run(60_000);
  assert.equal(network.sent.length, 0);
  network.handle(network.ends[0], { kind: 'configure', parameters: { ...demanding, detectMultiplier: 5 } });
  network.run(1_000);
  assert.deepEqual(
    network.sent.map(({ bytes }) => [decoded(bytes).poll, decoded(bytes).final, decoded(bytes).detectMultiplier]),
    [
      [true, false, 5],
      [false, true, 3],
    ],
  );
  network.handle(network.ends[0], { kind: 'configure', parameters: { ...fast, detectMultiplier: 5 } });
  network.run(1_000);
  assert.ok(network.sent.filter(({ from }) => from === 'other').length > 10, 'demand mode ended');
  assert.ok(network.bothUp);
});

test('the demand bit is never set before both ends are Up', () => {
  const network = new Network({ parameters: demanding }, { parameters: demanding });
  network.run(10_000);
  for (const { bytes } of network.sent) {
    const { demand, state } = decoded(bytes);
    if (demand) assert.equal(state, 'up');
  }
  assert.ok(network.sent.some(({ bytes }) => decoded(bytes).demand));
});

const echoing: SessionParameters = { ...fast, echoIntervalUs: 20_000, requiredMinEchoRxIntervalUs: 0 };
const reflecting: SessionParameters = { ...fast, requiredMinEchoRxIntervalUs: 40_000 };

test('echo packets leave as often as the other end allows, and Control packets become slow', () => {
  const network = upAndSettled(echoing, reflecting);
  const [one, other] = network.ends;
  network.run(10_000);
  const times = network.sent.filter(({ isEcho }) => isEcho).map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  assert.ok(Math.min(...gaps) >= 30 && Math.max(...gaps) <= 40, `${Math.min(...gaps)}…${Math.max(...gaps)}`);
  assert.equal(other.session.transmitIntervalUs, 1_000_000);
  assert.equal(one.session.detectionTimeUs, 3_000_000);
  assert.equal(one.session.echoIsActive, true);
  assert.ok(network.bothUp);
});

test('echo packets that do not come back take the session down within three of their intervals', () => {
  const network = upAndSettled(echoing, reflecting);
  const [one] = network.ends;
  network.loses = (_, isEcho) => isEcho;
  const at = network.nowMs;
  network.run(1_000, () => one.session.state === 'down');
  assert.ok(network.nowMs - at <= 3 * 40 + 2, `${network.nowMs - at}`);
  assert.equal(one.session.localDiagnostic, 2);
  assert.equal(one.session.echoIsActive, false);
});

test('echo stops at once when the other end allows it no more', () => {
  const network = upAndSettled(echoing, reflecting);
  const [one, other] = network.ends;
  network.handle(other, { kind: 'configure', parameters: fast });
  network.run(10);
  assert.equal(one.session.echoIsActive, false);
  network.run(1_000);
  assert.ok(network.bothUp);
  assert.equal(one.session.detectionTimeUs, 150_000);
});

test('an echo packet that was not sent, or came back before, is counted and proves nothing', () => {
  const network = upAndSettled(echoing, reflecting);
  const [one] = network.ends;
  for (const sequence of [0, 1, 5, 0xffffffff]) {
    network.handle(one, { kind: 'echo', packet: { discriminator: 0x1111, sequence, tokenHigh: 0, tokenLow: 0 } });
  }
  assert.equal(one.session.discards.strayEcho, 4);
});
