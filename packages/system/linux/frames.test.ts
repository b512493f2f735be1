import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, FrameAssembler, MOST_FRAME_BYTES } from './frames.ts';

test('frames come out whole and in order, however the stream was cut', () => {
  const frame = fc.tuple(fc.uint8Array({ maxLength: 9000 }), fc.nat(16));
  fc.assert(
    fc.property(
      fc.array(frame, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 7000 }), { minLength: 1 }),
      (frames, cuts) => {
        const stream = Uint8Array.from(frames.flatMap(([payload, count]) => [...encodeFrame(payload, count)]));
        const assembler = new FrameAssembler();
        const got: [number[], number][] = [];
        for (let at = 0, turn = 0; at < stream.length; turn++) {
          const end = at + cuts[turn % cuts.length]!;
          assembler.push(stream.subarray(at, end));
          at = end;
          for (let next = assembler.next(); next !== undefined; next = assembler.next()) {
            got.push([[...next.payload], next.descriptorCount]);
          }
        }
        assert.deepEqual(
          got,
          frames.map(([payload, count]) => [[...payload], count]),
        );
      },
    ),
  );
});

test('a frame that claims too much breaks the stream and reserves nothing', () => {
  const assembler = new FrameAssembler();
  const header = new Uint8Array(8);
  new DataView(header.buffer).setUint32(0, MOST_FRAME_BYTES + 1, true);
  assembler.push(header);
  assert.equal(assembler.next(), undefined);
  assert.equal(assembler.broken, true);
  assembler.push(encodeFrame(Uint8Array.of(1), 0));
  assert.equal(assembler.next(), undefined, 'nothing is believed any more');
});

test('random bytes never throw', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (pieces) => {
      const assembler = new FrameAssembler();
      for (const piece of pieces) {
        assembler.push(piece);
        while (assembler.next() !== undefined);
      }
    }),
    { numRuns: 2000 },
  );
});
