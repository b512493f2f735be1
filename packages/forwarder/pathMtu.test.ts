import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LEAST_MTU } from './links.ts';
import { PathMtu, SMALLEST_MTU } from './pathMtu.ts';

/** A path that carries packets of up to `mtu` bytes, answers after `roundTripMs`, and loses what `isLost` says. */
class Path {
  readonly search: PathMtu;
  now = 0;
  mtu: number;
  probes = 0;
  bytes = 0;
  readonly #roundTripMs: number;
  readonly #isLost: () => boolean;
  #answers: { at: number; sequence: number; size: number }[] = [];

  constructor(ceiling: number, mtu: number, roundTripMs = 20, isLost = () => false) {
    this.search = new PathMtu(ceiling, 0);
    this.mtu = mtu;
    this.#roundTripMs = roundTripMs;
    this.#isLost = isLost;
    this.search.start(0);
  }

  /** Lets `ms` pass; small probes are answered all the time unless the tunnel is `silent`. */
  run(ms: number, { isUsed = false, isSilent = false } = {}): void {
    for (const end = this.now + ms; this.now < end; this.now += 1) {
      if (isUsed) this.search.use();
      for (const { at, sequence, size } of this.#answers) if (at === this.now) this.search.reply(sequence, size, at);
      const answeredAt = isSilent ? Number.NEGATIVE_INFINITY : this.now;
      const size = this.search.probe(this.now, this.#roundTripMs, answeredAt);
      if (size === 0) continue;
      this.probes += 1;
      this.bytes += size;
      if (isSilent || size > this.mtu || this.#isLost()) continue;
      this.#answers.push({ at: this.now + this.#roundTripMs, sequence: this.search.sequence, size });
    }
    this.#answers = this.#answers.filter(({ at }) => at >= this.now);
  }
}

test('a path that carries what is configured is known after one round trip', () => {
  const path = new Path(1420, 9000);
  assert.equal(path.search.mtu, LEAST_MTU);
  path.run(22);
  assert.equal(path.search.mtu, 1420);
  assert.equal(path.probes, 1);
});

test('whatever a path carries is found to within eight bytes in less than five seconds, and never overrated', () => {
  fc.assert(
    fc.property(fc.integer({ min: 560, max: 9000 }), fc.integer({ min: 560, max: 9000 }), (ceiling, mtu) => {
      const path = new Path(ceiling, mtu);
      path.run(5_000);
      const best = Math.min(ceiling, mtu);
      assert.ok(path.search.mtu <= Math.max(best, SMALLEST_MTU), `${path.search.mtu} of ${best}`);
      assert.ok(path.search.mtu > best - 9, `${path.search.mtu} of ${best}`);
    }),
    { numRuns: 300 },
  );
});

test('with a fifth of all probes lost it is never overrated, and seldom underrated', () => {
  let state = 7;
  const isLost = () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state % 5 === 0;
  };
  let exact = 0;
  for (let mtu = 1_290; mtu < 1_490; mtu += 10) {
    const path = new Path(1_420, mtu, 40, isLost);
    path.run(8_000);
    assert.ok(path.search.mtu <= Math.min(1_420, mtu));
    if (path.search.mtu > Math.min(1_420, mtu) - 9) exact += 1;
  }
  assert.ok(exact >= 18, `${exact} of 20`);
});

test('a path that shrinks while it is used is noticed within five seconds, without a word from any router', () => {
  const path = new Path(1420, 1420);
  path.run(10_000, { isUsed: true });
  path.mtu = 1350;
  let overratedMs = 0;
  for (let ms = 0; ms < 6_000; ms += 10) {
    path.run(10, { isUsed: true });
    if (path.search.mtu > 1350) overratedMs = ms;
  }
  assert.ok(overratedMs < 5_000, `${overratedMs} ms`);
  assert.ok(path.search.mtu > 1342);
});

test('an outage says nothing about size', () => {
  const path = new Path(1420, 1420);
  path.run(2_000, { isUsed: true });
  path.run(30_000, { isUsed: true, isSilent: true });
  assert.equal(path.search.mtu, 1420);
});

test('a small probe that is answered in the microsecond in which it was sent counts as answered', () => {
  const search = new PathMtu(1_420, 0);
  search.start(0);
  let answeredAt = Number.NEGATIVE_INFINITY;
  for (let now = 0.000_6; search.mtu === LEAST_MTU && now < 3_000; now += 150) {
    const size = search.probe(now, 0, answeredAt);
    answeredAt = Math.floor(now * 1_000) / 1_000;
    if (size > 0 && size <= 1_340) search.reply(search.sequence, size, now);
  }
  assert.ok(search.mtu > LEAST_MTU && search.mtu <= 1_340, `${search.mtu}`);
});

test('an idle tunnel costs a probe a minute', () => {
  const path = new Path(1420, 1420);
  path.run(600_000);
  assert.ok(path.probes <= 12, `${path.probes} probes`);
});

test('a path that grows is used after ten minutes', () => {
  const path = new Path(1420, 1300);
  path.run(10_000);
  assert.ok(path.search.mtu <= 1300);
  path.mtu = 9000;
  path.run(605_000);
  assert.equal(path.search.mtu, 1420);
});

test('a size that the own device refuses is not tried again and again', () => {
  const search = new PathMtu(9000, 0);
  search.start(0);
  assert.equal(search.probe(0, 10, 0), 9000);
  search.refuse(0);
  assert.equal(search.probe(0, 10, 0), LEAST_MTU);
});

test('answers to probes that were never sent change nothing', () => {
  const search = new PathMtu(1420, 0);
  search.start(0);
  assert.equal(search.reply(0, 9000, 0), false);
  search.probe(0, 10, 0);
  assert.equal(search.reply(search.sequence, 1400, 1), false);
  assert.equal(search.reply(search.sequence + 1, 1420, 1), false);
  assert.equal(search.mtu, LEAST_MTU);
});

test('a smaller configured size holds at once', () => {
  const path = new Path(1420, 1420);
  path.run(100);
  path.search.limit(1300, path.now);
  assert.equal(path.search.mtu, 1300);
});
