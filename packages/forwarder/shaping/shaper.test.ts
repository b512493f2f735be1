import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeIpv4HeaderChecksum } from '@patronus/net';
import type { ForwarderPriority } from '../control.ts';
import { createMemory, WAITING_AREA } from '../memory.ts';
import { Codel } from './codel.ts';
import { markCongestion } from './congestionMark.ts';
import { type ShapedPolicy, Shaper } from './shaper.ts';
import { TokenBucket } from './tokenBucket.ts';
import { Waiting } from './waiting.ts';

const memory = createMemory();
const policy = (id: string, priority: ForwarderPriority, limitPercent: number | null = null): ShapedPolicy => ({
  id,
  priority,
  limitPercent,
});
const call = policy('call', 'realtime');
const office = policy('office', 'normal');
const backup = policy('backup', 'bulk');

/** A line of so many bytes in a ms, and the order in which packets leave it. */
class Line {
  now = 1_000;
  drops = 0;
  readonly waiting = new Waiting(WAITING_AREA);
  readonly shaper: Shaper;
  readonly left: { name: string; at: number }[] = [];
  readonly #names = new Map<number, string>();

  constructor(bytesPerMs: number) {
    const bitsPerSecond = (bytesPerMs * 8_000) / 0.98;
    const onDrop = () => {
      this.drops += 1;
    };
    this.shaper = new Shaper({
      ...{ memory, waiting: this.waiting, uplinkId: 'u', bitsPerSecond, now: this.now, onDrop },
    });
  }

  add(name: string, by: ShapedPolicy, bytes: number, flow = 0): void {
    if (!this.shaper.mustWait(by, bytes, bytes, this.now)) {
      this.shaper.bucket.charge(bytes);
      this.left.push({ name, at: this.now });
      return;
    }
    const slot = this.waiting.slots.take(bytes);
    this.waiting.length[slot] = bytes;
    this.waiting.wireLength[slot] = bytes;
    this.waiting.sinceMs[slot] = this.now;
    this.#names.set(slot, name);
    memory.bytes.fill(0, this.waiting.slots.offsetOf(slot), this.waiting.slots.offsetOf(slot) + 20);
    this.shaper.push(slot, by, flow, this.now);
  }

  /** Lets time pass; `each` comes before every turn. */
  run(ms: number, each: () => void = () => undefined): void {
    const end = this.now + ms;
    for (;;) {
      this.shaper.pump(this.now, (_, slot, now) => {
        this.left.push({ name: this.#names.get(slot)!, at: now });
        this.#names.delete(slot);
        this.shaper.bucket.charge(this.waiting.wireLength[slot]!);
        this.waiting.slots.free(slot);
        return true;
      });
      each();
      const next = Math.max(this.now, this.shaper.deadline);
      if (next > end) break;
      this.now = next;
    }
    this.now = end;
  }

  waitingOf(name: string): number {
    return [...this.#names.values()].filter((one) => one === name).length;
  }

  names(): string[] {
    return this.left.map(({ name }) => name);
  }
}

test('a bucket lets out its rate, a burst at once, and pays debts first', () => {
  const bucket = new TokenBucket(100, 1_000, 0);
  assert.equal(bucket.available(0), 1_000);
  bucket.charge(1_500);
  assert.equal(bucket.available(0), -500);
  assert.ok(Math.abs(bucket.whenAvailable(200) - 7) < 0.001);
  assert.equal(bucket.available(7), 200);
  assert.equal(bucket.available(1_000), 1_000);
  bucket.charge(1_000);
  assert.ok(Math.abs(bucket.whenAvailable(5_000) - 1_010) < 0.001);
});

test('packets leave at the rate of the line, one by one', () => {
  const line = new Line(1_000);
  for (let at = 0; at < 20; at++) line.add(`${at}`, backup, 1_500);
  line.run(100);
  assert.equal(line.left.length, 20);
  const [first, last] = [line.left[1]!, line.left.at(-1)!];
  assert.ok(Math.abs(last.at - first.at - 18 * 1.5) < 2.1, `${last.at - first.at} ms`);
  assert.deepEqual(
    line.names(),
    Array.from({ length: 20 }, (_, at) => `${at}`),
  );
});

test('a call goes before whatever waits', () => {
  const line = new Line(1_000);
  for (let at = 0; at < 30; at++) line.add('backup', backup, 1_500, at);
  for (let at = 0; at < 30; at++) line.add('office', office, 1_500, at);
  line.add('call', call, 250);
  line.run(5);
  assert.ok(line.names().indexOf('call') <= 1, line.names().join(' '));
  line.run(200);
  const names = line.names();
  assert.ok(names.lastIndexOf('office') < names.indexOf('backup', 2), 'normal before bulk');
});

test('policies of one priority share a line evenly, however large their packets are', () => {
  const line = new Line(1_000);
  const other = policy('other', 'bulk');
  const refill = () => {
    while (line.waiting.slots.used < 60) {
      line.add('large', backup, 1_500, 1);
      for (let at = 0; at < 5; at++) line.add('small', other, 300, 2);
    }
  };
  line.run(400, refill);
  const large = line.names().filter((name) => name === 'large').length * 1_500;
  const small = line.names().filter((name) => name === 'small').length * 300;
  assert.ok(Math.abs(large / small - 1) < 0.1, `${large} to ${small}`);
});

test('a flow that floods its policy does not make another flow of it wait', () => {
  const line = new Line(1_000);
  for (let at = 0; at < 60; at++) line.add('flood', backup, 1_500, 1);
  line.add('other', backup, 1_500, 2);
  line.run(100);
  assert.ok(line.names().indexOf('other') < 4, line.names().slice(0, 6).join(' '));
});

test('a policy with a ceiling stays below it while others take the rest', () => {
  const line = new Line(1_000);
  const limited = policy('limited', 'high', 20);
  line.run(1_000, () => {
    for (const [name, by] of [
      ['limited', limited],
      ['rest', backup],
    ] as const) {
      while (line.waitingOf(name) < 20) line.add(name, by, 1_000, 1);
    }
  });
  const share = line.names().filter((name) => name === 'limited').length / line.left.length;
  assert.ok(share > 0.17 && share < 0.22, `${share}`);
  assert.ok(line.left.length > 950, 'the line was full all the time');
});

test('what waits is bounded, and the fullest flow pays', () => {
  const line = new Line(1_000);
  line.add('sparse', backup, 1_500, 2);
  line.add('sparse', backup, 1_500, 2);
  for (let at = 0; at < 5_000; at++) line.add('flood', backup, 1_500, 1);
  assert.ok(line.shaper.waitingBytes <= 100 * 1_000, `${line.shaper.waitingBytes} bytes wait`);
  assert.ok(line.drops > 4_900);
  line.run(300);
  assert.equal(line.names().filter((name) => name === 'sparse').length, 2);
  assert.equal(line.waiting.slots.used, 0);
});

test('a queue that stays too long is shortened from its front', () => {
  const line = new Line(1_000);
  // Twice as much as the line carries, as a sender that does not look back.
  line.run(2_000, () => {
    if (line.shaper.waitingBytes < 60_000) for (let at = 0; at < 40; at++) line.add('bulk', backup, 1_500, 1);
  });
  assert.ok(line.drops > 10, `${line.drops} drops`);
});

test('a queue that is short again is left alone', () => {
  const codel = new Codel();
  for (let now = 0; now < 90; now += 10) assert.equal(codel.shouldDrop(20, 5, false, now + 1), false);
  assert.equal(codel.shouldDrop(2, 5, false, 95), false);
  assert.equal(codel.shouldDrop(20, 5, false, 110), false, 'the interval begins anew');
  assert.equal(codel.shouldDrop(20, 5, false, 211), true);
  assert.equal(codel.shouldDrop(20, 5, false, 220), false, 'one, and then time to answer');
  assert.equal(codel.shouldDrop(20, 5, false, 312), true);
  assert.equal(codel.shouldDrop(20, 5, false, 383), true, 'sooner each time: 100 / √2');
  assert.equal(codel.shouldDrop(20, 5, true, 600), false, 'the last packet is never dropped');
});

test('a sender that understands marks is not dropped but marked, and the checksum stays right', () => {
  const at = WAITING_AREA.offset + 64;
  const { bytes } = memory;
  for (const [codePoint, marked] of [
    [0, false],
    [1, true],
    [2, true],
    [3, true],
  ] as const) {
    bytes.fill(0, at, at + 60);
    bytes.set([0x45, 0xb8 | codePoint, 0, 40, 1, 2, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2], at);
    writeIpv4HeaderChecksum(bytes, at, 20);
    assert.equal(markCongestion(memory, at), marked);
    assert.equal(bytes[at + 1], marked ? 0xbb : 0xb8);
    const found = bytes.slice(at, at + 20);
    writeIpv4HeaderChecksum(bytes, at, 20);
    assert.deepEqual(bytes.slice(at, at + 20), found);
    bytes.set([0x6b, 0x80 | (codePoint << 4) | 5], at);
    assert.equal(markCongestion(memory, at), marked);
    assert.deepEqual([...bytes.subarray(at, at + 2)], [0x6b, marked ? 0xb5 : 0x85]);
  }
});
