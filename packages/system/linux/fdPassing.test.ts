import assert from 'node:assert/strict';
import { fstatSync, openSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { closeDescriptor } from './descriptors.ts';
import { FrameReceiver, FrameSender, unixStreamPair } from './fdPassing.ts';
import { libc } from './ffi.ts';
import { encodeFrame } from './frames.ts';
import { addressOf } from './memory.ts';

/** Runs with a pair of sockets that are closed whatever happens. */
function withPair(work: (ours: number, theirs: number) => void): void {
  const pair = unixStreamPair();
  try {
    work(...pair);
  } finally {
    for (const fd of pair) closeDescriptor(fd);
  }
}

test('descriptors arrive with the frame that names them, copies that are closed on exec', () => {
  withPair((ours, theirs) => {
    const sender = new FrameSender(ours);
    const receiver = new FrameReceiver(theirs);
    const file = openSync('/proc/self/status', 'r');
    sender.send(Uint8Array.of(1));
    sender.send(Uint8Array.of(2), [file, file]);
    sender.send(Uint8Array.of(3));
    sender.send(Uint8Array.of(4), [file]);
    closeDescriptor(file);
    const received = [1, 2, 3, 4].map(() => receiver.receive()!);
    assert.equal(receiver.receive(), undefined);
    assert.deepEqual(
      received.map(({ payload }) => payload[0]),
      [1, 2, 3, 4],
    );
    assert.deepEqual(
      received.map(({ descriptors }) => descriptors.length),
      [0, 2, 0, 1],
    );
    for (const fd of received.flatMap(({ descriptors }) => descriptors)) {
      assert.match(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'), /flags:\s*02/, 'O_CLOEXEC is 02000000');
      closeDescriptor(fd);
    }
  });
});

test('a frame larger than the socket takes waits, and leaves as the other end reads', () => {
  withPair((ours, theirs) => {
    const sender = new FrameSender(ours);
    const receiver = new FrameReceiver(theirs);
    const large = Uint8Array.from({ length: 5_000_000 }, (_, at) => at * 7);
    const file = openSync('/proc/self/status', 'r');
    assert.equal(sender.send(large, [file]), 'waiting');
    assert.equal(sender.send(Uint8Array.of(9)), 'waiting');
    assert.ok(sender.queuedBytes > 1_000_000);
    const received = [];
    while (received.length < 2) {
      const frame = receiver.receive();
      if (frame === undefined) sender.flush();
      else received.push(frame);
    }
    assert.equal(sender.queuedBytes, 0);
    assert.ok(Buffer.from(received[0]!.payload).equals(large));
    assert.deepEqual([...received[1]!.payload], [9]);
    assert.ok(fstatSync(received[0]!.descriptors[0]!).isFile());
    for (const fd of [file, ...received[0]!.descriptors]) closeDescriptor(fd);
  });
});

test('an end that is gone is told to both the sender and the receiver, not thrown', () => {
  const [ours, theirs] = unixStreamPair();
  try {
    const last = new FrameSender(theirs);
    last.send(Uint8Array.of(7));
    closeDescriptor(theirs);
    const receiver = new FrameReceiver(ours);
    assert.deepEqual([...receiver.receive()!.payload], [7], 'what came before is still read');
    assert.equal(receiver.receive(), undefined);
    assert.equal(receiver.closed, true);
    assert.equal(new FrameSender(ours).send(Uint8Array.of(1)), 'closed');
  } finally {
    closeDescriptor(ours);
  }
});

test('a frame that promises descriptors it does not bring closes the stream', () => {
  withPair((ours, theirs) => {
    const lie = encodeFrame(Uint8Array.of(1), 2);
    assert.equal(libc.write(ours, addressOf(lie), lie.length), lie.length);
    const receiver = new FrameReceiver(theirs);
    assert.equal(receiver.receive(), undefined);
    assert.equal(receiver.closed, true);
  });
});

test('descriptors that nobody took are closed with the receiver', () => {
  withPair((ours, theirs) => {
    const sender = new FrameSender(ours);
    const receiver = new FrameReceiver(theirs);
    const file = openSync('/proc/self/status', 'r');
    sender.send(new Uint8Array(1_000_000), [file]);
    assert.equal(receiver.receive(), undefined, 'not whole yet');
    receiver.close();
    const reopened = openSync('/proc/self/status', 'r');
    assert.ok(reopened <= file + 1, 'its number is free again');
    for (const fd of [reopened, file]) closeDescriptor(fd);
  });
});
