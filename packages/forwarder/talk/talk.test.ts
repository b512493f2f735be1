/** Silence of a path that was talking, between two sites in memory whose uplinks have different delays. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Capability } from '../overlay.ts';
import { OWN_CAPABILITIES } from '../session/tunnels.ts';
import { joinedSites, outerEndpoint, type SimulatedSite, udpPacket } from '../simulatedSites.ts';
import type { SimulatedDatagram, Simulation } from '../simulation.ts';
import { decodeTalk, encodeTalk, TALK_BODY_LENGTH, TalkKind } from './talkFrame.ts';

const toRight = udpPacket({ source: [10, 1, 0, 1], destination: [10, 2, 0, 1] });
const toLeft = udpPacket({ source: [10, 2, 0, 1], destination: [10, 1, 0, 1] });
const isOver = (uplink: 'one' | 'two') => (datagram: SimulatedDatagram) =>
  [1, 2].some((site) => datagram.to === outerEndpoint(site, uplink));

const SWINGS_MS = process.env.PATRONUS_LONG === '1' ? 600_000 : 60_000;

/** xorshift32: the same traffic on every run. */
function dice(seed: number) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Both sites send a packet every `everyMs`, for so long. */
function talk(simulation: Simulation, left: SimulatedSite, right: SimulatedSite, ms: number, everyMs = 2): void {
  for (const end = simulation.now + ms; simulation.now < end; ) {
    left.fromLan(toRight);
    right.fromLan(toLeft);
    simulation.run(everyMs);
  }
}

/** Sites 10 ms apart over `one`, 15 over `two`, which have talked for half a second. */
function talking(...capabilities: number[]) {
  const sites = joinedSites(...capabilities);
  const { simulation, left, right } = sites;
  simulation.delayMs = (datagram) => (isOver('one')(datagram) ? 5 : 7.5);
  simulation.run(3_000);
  talk(simulation, left, right, 500);
  return sites;
}

const suspicions = (site: SimulatedSite) => site.all('suspected').filter(({ isSuspected }) => isSuspected);

/** How long what `from` sends does not arrive at `to` after the path was cut, ms. */
function outage({ simulation, left, right }: ReturnType<typeof talking>, from: SimulatedSite, everyMs = 2): number {
  const to = from === left ? right : left;
  simulation.run(10);
  to.delivered.length = 0;
  let sent = 0;
  for (let at = 0; at < 400; at += everyMs) {
    left.fromLan(toRight);
    right.fromLan(toLeft);
    sent += 1;
    simulation.run(everyMs);
  }
  simulation.run(20);
  return (sent - to.delivered.length) * everyMs;
}

test('a path that is cut in both directions loses no more than 50 ms of what is sent, and comes back', () => {
  const sites = talking();
  const { simulation, left, right } = sites;
  simulation.passes = (datagram) => !isOver('one')(datagram);
  const lost = outage(sites, left);
  assert.ok(lost > 0 && lost <= 50, `${lost} ms`);
  assert.deepEqual(
    [...new Set([...suspicions(left), ...suspicions(right)].map(({ tunnelId }) => tunnelId))],
    ['one-1-2'],
  );
  assert.equal(left.all('switched').at(-1)!.tunnelId, 'two-1-2');
  // BFD has said by now that it is down: nothing is left to suspect.
  talk(simulation, left, right, 3_000);
  assert.equal(left.all('suspected').at(-1)!.isSuspected, false);
  assert.equal(left.telemetry().counters.falseSuspicions, 0);
  simulation.passes = () => true;
  talk(simulation, left, right, 8_000);
  assert.equal(left.all('switched').at(-1)!.tunnelId, 'one-1-2');
});

test('of a path that is cut in one direction both ends hear, within 50 ms', () => {
  const sites = talking();
  const { simulation, left, right } = sites;
  simulation.passes = ({ from }) => from !== outerEndpoint(1, 'one');
  const lost = outage(sites, left);
  assert.ok(lost > 0 && lost <= 50, `${lost} ms`);
  assert.equal(suspicions(right)[0]!.by, 'silence');
  assert.equal(suspicions(left)[0]!.by, 'otherEnd');
});

test('an edge that stands still is not mistaken for a path that failed: nobody switches', () => {
  const { simulation, left, right } = talking();
  for (const pauseMs of [10, 20, 40, 80, 160, 320]) {
    // Nothing leaves the right site meanwhile; what arrives there waits.
    const held: SimulatedDatagram[] = [];
    const resumeAt = simulation.now + pauseMs;
    const isRight = (address: string) => [1, 2].some((at) => address === outerEndpoint(2, at === 1 ? 'one' : 'two'));
    simulation.passes = (datagram) => {
      if (isRight(datagram.to)) held.push(datagram);
      return !isRight(datagram.to);
    };
    const { forwarder } = right;
    Object.defineProperty(forwarder, 'deadline', { value: Number.POSITIVE_INFINITY, configurable: true });
    while (simulation.now < resumeAt) {
      left.fromLan(toRight);
      simulation.run(1);
    }
    Reflect.deleteProperty(forwarder, 'deadline');
    simulation.passes = () => true;
    for (const datagram of held) right.receive(datagram);
    talk(simulation, left, right, 500);
  }
  assert.deepEqual([suspicions(left), suspicions(right)], [[], []]);
  assert.ok(left.telemetry().counters.silencesAsked! > 0);
});

test('traffic that swings between nothing and everything for minutes is never suspected', () => {
  const sites = talking();
  const { simulation, left, right } = sites;
  const random = dice(0x9e3779b9);
  let lost = 0;
  // One datagram of two hundred is lost: pauses that are told, questions and answers too.
  simulation.passes = () => random() > 0.005 || ++lost < 0;
  simulation.delayMs = (datagram) => (isOver('one')(datagram) ? 5 : 7.5) + random() * 2;
  for (const end = simulation.now + SWINGS_MS; simulation.now < end; ) {
    const everyMs = [0.5, 1, 2, 4, 10][Math.floor(random() * 5)]!;
    const lasts = 10 + random() ** 2 * 400;
    for (const stop = simulation.now + lasts; simulation.now < stop; ) {
      const burst = 1 + Math.floor(random() * 3);
      for (let packet = 0; packet < burst; packet++) left.fromLan(toRight);
      if (random() < 0.5) right.fromLan(toLeft);
      simulation.run(everyMs * (0.5 + random()));
    }
    simulation.run(random() ** 2 * 3_000);
    simulation.sent.length = left.delivered.length = right.delivered.length = 0;
  }
  const { pausesTold, silencesAsked, suspicions: suspected } = left.telemetry().counters;
  assert.ok(lost > 20 && pausesTold! > 20, `${lost} lost, ${pausesTold} told, ${silencesAsked} asked`);
  assert.deepEqual([suspected, suspicions(left), suspicions(right)], [0, [], []]);
});

test('a tunnel that may not be suspected, and an end that cannot talk, are left to BFD', () => {
  for (const isOlder of [true, false]) {
    const { simulation, left, right } = talking(
      OWN_CAPABILITIES,
      isOlder ? OWN_CAPABILITIES & ~Capability.talk : OWN_CAPABILITIES,
    );
    if (!isOlder) {
      for (const site of [left, right]) {
        const plan = site.plan([3 - site.number], { serial: 2 });
        site.configure({ ...plan, tunnels: plan.tunnels.map((tunnel) => ({ ...tunnel, suspectsSilence: false })) });
      }
    }
    simulation.passes = (datagram) => !isOver('one')(datagram);
    talk(simulation, left, right, 100);
    assert.deepEqual([left.all('suspected'), right.all('suspected')], [[], []]);
  }
});

test('a suspicion ends, and its owner hears of it, when the tunnel may not be suspected any more', () => {
  const { simulation, left, right } = talking();
  simulation.passes = (datagram) => !isOver('one')(datagram);
  talk(simulation, left, right, 80);
  assert.equal(left.all('switched').at(-1)!.tunnelId, 'two-1-2');
  const plan = left.plan([2], { serial: 2 });
  left.configure({ ...plan, tunnels: plan.tunnels.map((tunnel) => ({ ...tunnel, suspectsSilence: false })) });
  const doubts = new Map(left.all('suspected').map(({ by, isSuspected }) => [by, isSuspected]));
  assert.ok(doubts.size > 0 && [...doubts.values()].every((isSuspected) => !isSuspected));
  assert.equal(left.all('switched').at(-1)!.tunnelId, 'one-1-2');
});

test('a suspicion that was wrong ends after a second of answers', () => {
  const { simulation, left, right } = talking();
  simulation.passes = (datagram) => !isOver('one')(datagram);
  talk(simulation, left, right, 80);
  simulation.passes = () => true;
  assert.equal(left.all('switched').at(-1)!.tunnelId, 'two-1-2');
  const before = simulation.now;
  while (left.all('switched').at(-1)!.tunnelId === 'two-1-2' && simulation.now < before + 5_000) {
    talk(simulation, left, right, 10);
  }
  const lasted = simulation.now - before;
  assert.ok(lasted > 900 && lasted < 1_500, `${lasted} ms`);
  assert.ok(left.telemetry().counters.falseSuspicions! >= 1);
});

test('every false alarm doubles the wait for trust; a silence that lasted is none, and takes that back', () => {
  const { simulation, left, right } = talking();
  const waitsAfter = (silenceMs: number) => {
    simulation.passes = (datagram) => !isOver('one')(datagram);
    talk(simulation, left, right, silenceMs);
    assert.equal(left.all('switched').at(-1)!.tunnelId, 'two-1-2');
    simulation.passes = () => true;
    const before = simulation.now;
    while (left.all('switched').at(-1)!.tunnelId === 'two-1-2' && simulation.now < before + 20_000) {
      talk(simulation, left, right, 10);
    }
    const waited = simulation.now - before;
    talk(simulation, left, right, 500);
    return Math.round(waited / 1_000);
  };
  assert.deepEqual([75, 75, 75].map(waitsAfter), [1, 2, 4]);
  const { falseSuspicions } = left.telemetry().counters;
  assert.equal(falseSuspicions, 3);
  // Shorter than BFD takes to say so.
  assert.deepEqual([200, 200, 75].map(waitsAfter), [8, 1, 1]);
  assert.equal(left.telemetry().counters.falseSuspicions, 4);
});

test('a path that has stood still before gets more time before it is suspected; one that is new does not', () => {
  const isSuspectedAfter = (pausesMs: readonly number[]) => {
    const { simulation, left, right } = talking();
    for (const pauseMs of pausesMs) {
      // What is sent over the path meanwhile waits in it, and comes at once.
      const goesOnMs = simulation.now + pauseMs;
      simulation.delayMs = (datagram) => (isOver('one')(datagram) ? Math.max(0, goesOnMs - simulation.now) + 5 : 7.5);
      talk(simulation, left, right, 400);
    }
    return suspicions(left).length + suspicions(right).length > 0;
  };
  const shorter = Array.from({ length: 4 }, () => 38);
  assert.deepEqual(
    [isSuspectedAfter(shorter), isSuspectedAfter([44]), isSuspectedAfter([...shorter, 44])],
    [false, true, false],
  );
  assert.ok(isSuspectedAfter([...shorter, 200]), 'a path that is gone is suspected all the same');
});

test('a talk frame comes out as it went in, and no beginning of one is taken for whole', () => {
  const u32 = fc.nat(0xffff_ffff);
  fc.assert(
    fc.property(fc.constantFrom(...Object.values(TalkKind)), u32, u32, (kind, number, subject) => {
      const frame = encodeTalk(kind, number, subject).slice();
      const read = { kind: 0, number: 0, subject: 0 };
      for (let length = 0; length < TALK_BODY_LENGTH + 5; length++)
        assert.ok(!decodeTalk(frame.subarray(0, length), read));
      assert.ok(decodeTalk(frame, read));
      assert.deepEqual(read, { kind, number, subject });
    }),
  );
});
