import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { GradualTidiness, giveBackMemory, programPages, Tidiness } from './thrift.ts';

const figures = (anonymousKiB: number) => `Size:  8 kB
Rss:                   8 kB
Anonymous:      ${String(anonymousKiB).padStart(8)} kB
VmFlags: rd ex mr mw me sd
`;
const smaps = [
  ['00400000-00f62000 r--p 00000000 fe:00 1184 /usr/bin/node', 0],
  ['00f62000-03a5c000 r-xp 00b62000 fe:00 1184 /usr/bin/node', 0],
  ['05f6c000-05f6f000 r--p 05b6b000 fe:00 1184 /usr/bin/node', 8],
  ['05f6f000-05f90000 rw-p 05b6e000 fe:00 1184 /usr/bin/node', 4],
  ['1c93c000-1dbd0000 rw-p 00000000 00:00 0 [heap]', 1_000],
  ['7f2014000000-7f2014021000 r-xp 00000000 00:00 0 ', 4],
  ['7ffc9d5d1000-7ffc9d5d3000 r-xp 00000000 00:00 0 [vdso]', 0],
  ['7f2033200000-7f2033228000 r-xp 00028000 fe:00 9062 /usr/lib/x86_64-linux-gnu/libc.so.6', 0],
]
  .map(([line, anonymousKiB]) => `${line}\n${figures(anonymousKiB as number)}`)
  .join('');

test('only code and constants that lie in a file are given back: no data, no heap, nothing relocated or compiled here', () => {
  assert.deepEqual(programPages(smaps), [
    [0x400000, 0xf62000 - 0x400000],
    [0xf62000, 0x3a5c000 - 0xf62000],
    [0x7f2033200000, 0x28000],
  ]);
});

test('a process that gave its memory back holds less, and goes on', () => {
  const residentKiB = () => Number(/^Rss:\s+(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))?.[1]);
  const before = residentKiB();
  giveBackMemory();
  assert.ok(residentKiB() < before);
  assert.equal(JSON.stringify([1, 2, 3].map((each) => each * 2)), '[2,4,6]');
});

/** Buffers are freed by other threads, when these have the time. */
async function becomes(isTrue: () => boolean): Promise<boolean> {
  for (const deadlineMs = performance.now() + 120_000; performance.now() < deadlineMs; await pause(10))
    if (isTrue()) return true;
  return false;
}

test('a process that tidies holds no more than before, however much it used and dropped', async () => {
  const tidiness = new Tidiness();
  assert.ok(tidiness.tidy(), 'the first time there is what the start left');
  const held = () => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers;
  const before = held();
  for (let round = 0; round < 2; round++) {
    let dropped: unknown[] = Array.from({ length: 2_000 }, (_, at) => ({ at, bytes: Buffer.alloc(2_000) }));
    assert.equal(dropped.length, 2_000);
    dropped = [];
    assert.ok(await becomes(() => tidiness.tidy()));
    assert.ok(await becomes(() => held() - before < 1024 * 1024), `${held() - before} bytes more`);
  }
});

/** Of all that only shows a program file. */
function programKiB(): number {
  const mappings = readFileSync('/proc/self/smaps', 'latin1').matchAll(/ r-xp .*\/.*\n(?:[A-Z]\S*:.*\n)*?Rss: +(\d+)/g);
  return [...mappings].reduce((sum, [, kib]) => sum + Number(kib), 0);
}

test('a process that tidies gives back those pages of its program that it needed once', async () => {
  const tidiness = new Tidiness();
  const before = programKiB();
  assert.ok(before > 4_000, `${before} KiB of a program`);
  assert.ok(tidiness.tidy());
  assert.ok(await becomes(() => programKiB() < before / 2), `${programKiB()} of ${before} KiB are still there`);
});

test('a large heap is left to the engine', () => {
  const tidiness = new Tidiness();
  const large = Buffer.alloc(100 * 1024 * 1024);
  assert.equal(tidiness.tidy(), false);
  assert.equal(large.length, 100 * 1024 * 1024);
});

test('what a process that tidies gradually dropped is collected as it goes on, and by itself it is not', async () => {
  const tidiness = new GradualTidiness();
  const old = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;
  let passing: unknown;
  /** Little at a time, none of it kept: what a forwarder does between packets. */
  const goOn = async () => {
    for (let at = 0; at < 500; at++) passing = { at, passing: undefined };
    await pause(1);
  };
  assert.ok(tidiness.tidy(), 'the first time there is what the start left');
  for (let turn = 0; turn < 100; turn++) await goOn();
  assert.equal(tidiness.tidy(), false);
  let dropped: unknown[] = [];
  while (dropped.length < 50_000) {
    for (let at = 0; at < 500; at++) dropped.push({ at, words: [at] });
    await goOn();
  }
  const full = old();
  dropped = [];
  for (let turn = 0; turn < 100; turn++) await goOn();
  assert.ok(old() > full - 1024 * 1024, 'V8 has let it lie');
  assert.ok(tidiness.tidy());
  for (const deadlineMs = performance.now() + 120_000; old() > full - 2 * 1024 * 1024; await goOn())
    assert.ok(performance.now() < deadlineMs, `${full - old()} bytes were collected`);
  assert.ok(passing !== undefined);
});
