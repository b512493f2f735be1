import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlPacket, encodeControl, type State, states } from '../codec/control.ts';
import { Diagnostic } from '../diagnostics.ts';
import { decoded, fast, Network, seededDice } from '../simulation.ts';
import type { SessionEvent } from './events.ts';
import { Session, type SessionOptions } from './session.ts';
import { transitions } from './transitions.ts';

const [localDiscriminator, remoteDiscriminator] = [77, 99];

function session(options: Partial<SessionOptions> = {}) {
  return new Session({ localDiscriminator, parameters: fast, dice: seededDice(5), ...options });
}

function packet(fields: Partial<ControlPacket>): SessionEvent {
  const whole = Object.assign(new ControlPacket(), {
    ...{ myDiscriminator: remoteDiscriminator, yourDiscriminator: localDiscriminator, detectMultiplier: 3, length: 24 },
    ...{ desiredMinTxIntervalUs: 50_000, requiredMinRxIntervalUs: 50_000, ...fields },
  });
  const bytes = new Uint8Array(24);
  encodeControl(bytes, 0, whole);
  return { kind: 'packet', packet: whole, bytes, offset: 0 };
}

/** A session brought into this state. */
function inState(state: State): Session {
  const one = session();
  one.handle({ kind: 'tick' }, 0);
  if (state === 'adminDown') one.handle({ kind: 'disable' }, 0);
  if (state === 'init' || state === 'up') one.handle(packet({ state: 'down' }), 0);
  if (state === 'up') one.handle(packet({ state: 'init' }), 0);
  assert.equal(one.state, state);
  return one;
}

/** RFC 5880 §6.8.6, from its text, apart from the table in the code: what a session in `state` becomes. */
function byTheText(state: State, received: State): State {
  if (state === 'adminDown') return state;
  if (received === 'adminDown') return 'down';
  if (state === 'down') return received === 'down' ? 'init' : received === 'init' ? 'up' : state;
  if (state === 'init') return received === 'init' || received === 'up' ? 'up' : state;
  return received === 'down' ? 'down' : state;
}

for (const state of states) {
  for (const received of states) {
    test(`in ${state}, a packet that says ${received} leads to ${transitions[state][received]}`, () => {
      const one = inState(state);
      const effects = one.handle(packet({ state: received }), 10);
      assert.equal(one.state, byTheText(state, received));
      assert.equal(transitions[state][received], one.state);
      const changed = one.state !== state;
      assert.equal(
        effects.some((effect) => effect.kind === 'state'),
        changed,
      );
      // A change is told at once (§6.8.7).
      assert.equal(
        effects.some((effect) => effect.kind === 'send'),
        changed,
      );
      if (changed && one.state === 'down') assert.equal(one.localDiagnostic, Diagnostic.neighbourSignalledDown);
    });
  }

  test(`in ${state}, silence for a Detection Time leads to ${transitions[state].expired}`, () => {
    const one = inState(state);
    one.handle({ kind: 'tick' }, 100_000);
    assert.equal(one.state, transitions[state].expired);
    const fails = state === 'init' || state === 'up';
    assert.equal(one.localDiagnostic === Diagnostic.controlDetectionTimeExpired, fails);
  });
}

test('two ends come up with a three-way handshake, and agree on the slower of their intervals', () => {
  const slower = { ...fast, requiredMinRxIntervalUs: 200_000 };
  const network = new Network({ parameters: fast }, { parameters: slower });
  network.run(5_000, () => network.bothUp);
  assert.ok(network.bothUp);
  network.run(1_000);
  const [one, other] = network.ends;
  assert.equal(one.session.transmitIntervalUs, 200_000);
  assert.equal(other.session.transmitIntervalUs, 50_000);
  assert.equal(one.session.detectionTimeUs, 150_000);
  assert.equal(other.session.detectionTimeUs, 600_000);
  assert.deepEqual([one.session.isPolling, other.session.isPolling], [false, false]);
});

test('a silent cut is noticed by both ends within the Detection Time of the last packet', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(5_000, () => network.bothUp);
  network.run(3_000);
  const cutAtMs = network.nowMs;
  network.loses = () => true;
  network.run(200);
  for (const { session, changes } of network.ends) {
    assert.equal(session.state, 'down');
    assert.equal(session.localDiagnostic, Diagnostic.controlDetectionTimeExpired);
    assert.equal(changes.at(-1)?.cause, 'expired');
    const silence = changes.at(-1)!.silentForMs!;
    assert.ok(silence >= 150 && silence < 151, `${silence}`);
    assert.ok(changes.at(-1)!.atMs - cutAtMs <= 150 + network.delayMs);
  }
});

test('loss in one direction takes both ends down, because the deaf one says so', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(5_000, () => network.bothUp);
  const [one, other] = network.ends;
  network.loses = (from) => from === one;
  network.run(400);
  assert.equal(other.changes.find((change) => change.state === 'down')?.cause, 'expired');
  assert.equal(one.changes.find((change) => change.state === 'down')?.cause, 'remote');
  assert.equal(one.changes.find((change) => change.state === 'down')?.diagnostic, Diagnostic.neighbourSignalledDown);
  assert.equal(one.session.remoteDiagnostic, Diagnostic.controlDetectionTimeExpired);
});

test('while not Up, packets are a second apart less jitter, whatever is configured', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.loses = () => true;
  network.run(60_000);
  const times = network.sent.filter(({ from }) => from === 'one').map(({ atMs }) => atMs);
  const gaps = times.slice(1).map((at, index) => at - times[index]!);
  assert.ok(Math.min(...gaps) >= 750 && Math.max(...gaps) <= 1_000, `${Math.min(...gaps)}…${Math.max(...gaps)}`);
  assert.ok(network.sent.every(({ bytes }) => decoded(bytes).desiredMinTxIntervalUs === 1_000_000));
});

test('jitter takes 0 to 25 % off each interval, and 10 to 25 % with a multiplier of 1', () => {
  for (const [detectMultiplier, most] of [
    [3, 50],
    [1, 45],
  ] as const) {
    const network = new Network({ parameters: { ...fast, detectMultiplier } }, { parameters: fast });
    network.run(10_000, () => network.bothUp);
    network.run(2_000);
    const from = network.sent.length;
    network.run(20_000);
    const times = network.sent.slice(from).filter(({ from: name }) => name === 'one');
    const gaps = times.slice(1).map(({ atMs }, index) => atMs - times[index]!.atMs);
    assert.ok(Math.min(...gaps) >= 37.5 && Math.max(...gaps) <= most, `${Math.min(...gaps)}…${Math.max(...gaps)}`);
    assert.ok(Math.max(...gaps) - Math.min(...gaps) > (most - 37.5) / 2, 'by chance');
  }
});

test('a passive end is silent until it was spoken to', () => {
  const alone = new Network({ parameters: fast, role: 'passive' }, { parameters: fast, role: 'passive' });
  alone.run(10_000);
  assert.equal(alone.sent.length, 0);
  const network = new Network({ parameters: fast }, { parameters: fast, role: 'passive' });
  network.run(5_000, () => network.bothUp);
  assert.ok(network.bothUp);
});

test('AdminDown takes the other end down without a failure, is told for as long as it lasts, and ends', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(5_000, () => network.bothUp);
  const [one, other] = network.ends;
  network.handle(one, { kind: 'disable' });
  network.run(10);
  assert.equal(one.session.localDiagnostic, Diagnostic.administrativelyDown);
  assert.equal(other.session.state, 'down');
  assert.equal(other.session.remoteState, 'adminDown');
  assert.equal(other.session.localDiagnostic, Diagnostic.neighbourSignalledDown);
  network.run(10_000);
  assert.equal(other.session.state, 'down');
  assert.ok(one.session.discards.sessionDisabled > 0);
  network.handle(one, { kind: 'enable' });
  network.run(5_000, () => network.bothUp);
  assert.ok(network.bothUp);
});

test('an end that restarted is found again under its new discriminator', () => {
  const one = inState('up');
  one.handle(packet({ state: 'down', yourDiscriminator: 0, myDiscriminator: 1234 }), 10);
  assert.equal(one.state, 'down');
  assert.equal(one.remoteDiscriminator, 1234);
  one.handle(packet({ state: 'down', yourDiscriminator: 0, myDiscriminator: 1234 }), 20);
  assert.equal(one.state, 'init');
});

test('after a Detection Time of silence the other end’s discriminator is forgotten', () => {
  const one = inState('up');
  one.handle({ kind: 'tick' }, 150);
  assert.equal(one.remoteDiscriminator, 0);
  const bytes = new Uint8Array(24);
  one.write(bytes, 0, false);
  assert.equal(decoded(bytes).yourDiscriminator, 0);
});

test('a failure known from elsewhere takes the session down with its own diagnostic', () => {
  for (const diagnostic of [Diagnostic.pathDown, Diagnostic.forwardingPlaneReset] as const) {
    const one = inState('up');
    const effects = one.handle({ kind: 'fail', diagnostic }, 10);
    assert.deepEqual(
      effects.map(({ kind }) => kind),
      ['state', 'send'],
    );
    assert.equal(one.localDiagnostic, diagnostic);
  }
});

test('a failure of a joined path travels as a diagnostic, and the session stays Up', () => {
  const network = new Network({ parameters: fast }, { parameters: fast });
  network.run(5_000, () => network.bothUp);
  network.run(1_000);
  const [one, other] = network.ends;
  network.handle(one, { kind: 'concatenatedPath', diagnostic: Diagnostic.concatenatedPathDown });
  network.run(5);
  assert.equal(other.session.remoteDiagnostic, Diagnostic.concatenatedPathDown);
  assert.ok(network.bothUp);
});

test('a Poll is answered with Final at once, and never in the same packet as a Poll of our own', () => {
  const one = inState('up');
  const effects = one.handle(packet({ state: 'up', poll: true }), 1);
  assert.deepEqual(effects, [{ kind: 'send', isFinal: true }]);
  const bytes = new Uint8Array(24);
  one.write(bytes, 0, true);
  assert.deepEqual([decoded(bytes).poll, decoded(bytes).final], [false, true]);
});

test('an end that wants no periodic packets gets none', () => {
  const one = inState('up');
  one.handle(packet({ state: 'up', requiredMinRxIntervalUs: 0 }), 1);
  assert.equal(
    one.handle({ kind: 'tick' }, 140).some((effect) => effect.kind === 'send'),
    false,
  );
});

test('a shorter interval that the other end can stand is honoured at once', () => {
  const one = inState('up');
  one.handle(packet({ state: 'up', requiredMinRxIntervalUs: 3_000_000 }), 1);
  one.handle({ kind: 'tick' }, 100);
  assert.ok(one.deadline < 10_000);
  const before = one.deadline;
  one.handle(packet({ state: 'up', requiredMinRxIntervalUs: 50_000, desiredMinTxIntervalUs: 1_000_000 }), 140);
  assert.ok(one.deadline <= 190, `${before} → ${one.deadline}`);
});

test('parameters outside of their ranges are refused with the range in words', () => {
  assert.throws(() => session({ parameters: { ...fast, detectMultiplier: 0 } }), /multiplier 0: use .* 1 to 255/);
  assert.throws(() => session({ parameters: { ...fast, desiredMinTxIntervalUs: 0 } }), RangeError);
  assert.throws(() => session({ localDiscriminator: 0 }), RangeError);
});
