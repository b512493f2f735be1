import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Archive } from './archive.ts';

function contents(archive: Archive): [number, string[]][] {
  return archive.chapters.map((chapter) => [chapter.mark, archive.linesOf(chapter)]);
}

test('what is left of an archive is its latest chapters, each whole, however long its lines are', () => {
  const line = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }).map((text) => text.replaceAll('\n', ' ')),
    // What does not compress, and what is longer than a page.
    fc.integer({ min: 0, max: 900 }).map((length) => randomBytes(length).toString('base64')),
  );
  const chapters = fc.array(fc.array(line, { maxLength: 12 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(chapters, (written) => {
      const archive = new Archive(6_000, 512);
      for (const [mark, lines] of written.entries()) {
        archive.begin(mark);
        for (const text of lines) archive.write(text);
        const left = contents(archive);
        const all = written.slice(0, mark + 1).map((texts, at): [number, string[]] => [at, texts]);
        assert.deepEqual(left, all.slice(all.length - left.length));
      }
    }),
    { numRuns: 300 },
  );
});

test('a chapter that alone is more than there is room for is forgotten, and the next is kept', () => {
  const archive = new Archive(2_000, 256);
  archive.begin(1);
  for (let at = 0; at < 40; at++) archive.write(randomBytes(90).toString('base64'));
  assert.deepEqual(contents(archive), []);
  archive.write(randomBytes(9_000).toString('base64'));
  archive.begin(2);
  archive.write('heard');
  assert.deepEqual(contents(archive), [[2, ['heard']]]);
  archive.write(randomBytes(9_000).toString('base64'));
  assert.deepEqual(contents(archive), [], 'a line that is more than all of the room');
});

test('an hour of events takes no memory beyond what was taken at the start', async () => {
  setFlagsFromString('--expose-gc');
  const collect: () => void = runInNewContext('gc');
  const archive = new Archive(64 * 1024, 8 * 1024);
  const used = () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const write = (from: number, to: number) => {
    for (let at = from; at < to; at++) {
      if (at % 200 === 0) archive.begin(at);
      archive.write(JSON.stringify({ type: 'event', atMs: at * 250, roundTripUs: at % 977, loss: 0 }));
    }
  };
  write(0, 20_000);
  await pause(100);
  const before = used();
  write(20_000, 60_000);
  // Buffers of zlib are freed by other threads, when these have the time.
  for (const deadlineMs = performance.now() + 120_000; performance.now() < deadlineMs; await pause(10))
    if (used() - before < 128 * 1024) break;
  assert.ok(used() - before < 128 * 1024, `${used() - before} bytes more`);
  assert.ok(archive.chapters.length > 20);
});
