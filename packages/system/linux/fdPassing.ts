/**
 * Frames with descriptors over a Unix stream socket (SCM_RIGHTS, unix(7)). A stream, since a configuration may be
 * several megabytes and a datagram may not. Neither end ever blocks; each has buffers of its own.
 *
 * Descriptors arrive with the first byte of the message they were sent with or before it is complete, in order; each
 * frame says how many are its own.
 */

import { closeDescriptor, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM } from './descriptors.ts';
import { libc } from './ffi.ts';
import { encodeFrame, FrameAssembler, MOST_FRAME_DESCRIPTORS } from './frames.ts';
import { checked, LinuxError, lastErrorName } from './linuxError.ts';
import { addressOf, nativeMemory } from './memory.ts';
import {
  CONTROL_HEADER_SIZE,
  controlSpace,
  IO_VECTOR_SIZE,
  MESSAGE_HEADER_SIZE,
  readControlLength,
  readControlMessages,
  readMessageFlags,
  writeControlHeader,
  writeIoVector,
  writeMessageHeader,
} from './messageHeader.ts';
import { SOL_SOCKET } from './udpSocket.ts';

const AF_UNIX = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x08;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x4000_0000;

const VECTOR = MESSAGE_HEADER_SIZE;
const CONTROL = VECTOR + IO_VECTOR_SIZE;
// One read may bring the descriptors of one message only, since the kernel never joins two that carry some.
const CONTROL_ROOM = controlSpace(MOST_FRAME_DESCRIPTORS * 4);
const BUFFER = CONTROL + CONTROL_ROOM;
const READ_BYTES = 65_536;

/** Two joined ends, non-blocking and closed on exec; hand one to a child through `spawn`'s stdio. */
export function unixStreamPair(): readonly [number, number] {
  const memory = nativeMemory(8);
  const type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  checked(libc.socketpair(AF_UNIX, type, 0, memory.address), 'socketpair', 'make a pair of Unix sockets');
  return [memory.view.getInt32(0, true), memory.view.getInt32(4, true)];
}

interface QueuedFrame {
  readonly bytes: Uint8Array<ArrayBuffer>;
  sent: number;
  readonly descriptors: readonly number[];
}

/** Sends frames in order; what the socket does not take waits here. The owner calls `flush` when it is writable. */
export class FrameSender {
  readonly #fd: number;
  readonly #queue: QueuedFrame[] = [];
  readonly #memory = nativeMemory(BUFFER);
  #queuedBytes = 0;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Bytes that wait: a reader that stopped shows here. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /**
   * Queues a frame and sends what it can. The payload is copied. Descriptors stay the caller's and must stay open
   * until the frame has left (`flush` answered `sent`); the receiver gets copies.
   */
  send(payload: Uint8Array, descriptors: readonly number[] = []): 'sent' | 'waiting' | 'closed' {
    const bytes = encodeFrame(payload, descriptors.length);
    this.#queue.push({ bytes, sent: 0, descriptors });
    this.#queuedBytes += bytes.length;
    return this.flush();
  }

  /** Sends what the socket takes. `closed`: the other end is gone. */
  flush(): 'sent' | 'waiting' | 'closed' {
    for (let frame = this.#queue[0]; frame !== undefined; frame = this.#queue[0]) {
      const moved = this.#write(frame);
      if (moved < 0) {
        const code = lastErrorName();
        if (code === 'EAGAIN' || code === 'ENOBUFS') return 'waiting';
        if (code === 'EINTR') continue;
        if (code === 'EPIPE' || code === 'ECONNRESET') return 'closed';
        throw new LinuxError(code, 'sendmsg', 'send a frame over a Unix socket');
      }
      frame.sent += moved;
      this.#queuedBytes -= moved;
      if (frame.sent === frame.bytes.length) this.#queue.shift();
    }
    return 'sent';
  }

  #write(frame: QueuedFrame): number {
    const { view, address } = this.#memory;
    // Descriptors go with the first byte; a frame that went out in part has delivered them.
    const count = frame.sent === 0 ? frame.descriptors.length : 0;
    if (count > 0) {
      writeControlHeader(view, CONTROL, SOL_SOCKET, SCM_RIGHTS, count * 4);
      frame.descriptors.forEach((fd, index) => {
        view.setInt32(CONTROL + CONTROL_HEADER_SIZE + index * 4, fd, true);
      });
    }
    writeIoVector(view, VECTOR, addressOf(frame.bytes) + frame.sent, frame.bytes.length - frame.sent);
    writeMessageHeader(view, 0, {
      nameAddress: 0,
      nameLength: 0,
      vectorAddress: address + VECTOR,
      vectorCount: 1,
      controlAddress: count === 0 ? 0 : address + CONTROL,
      controlLength: count === 0 ? 0 : controlSpace(count * 4),
    });
    return libc.sendmsg(this.#fd, address, MSG_NOSIGNAL);
  }
}

/** A frame as it came. The descriptors are the taker's to close; they are closed on exec. */
export interface ReceivedFrame {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly descriptors: readonly number[];
}

/** Receives frames; for a loop that polls the descriptor itself. */
export class FrameReceiver {
  readonly #fd: number;
  readonly #memory = nativeMemory(BUFFER + READ_BYTES);
  readonly #assembler = new FrameAssembler();
  readonly #descriptors: number[] = [];
  #closed = false;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The other end is gone, or sent what is no frame. Frames that came before can still be taken. */
  get closed(): boolean {
    return this.#closed || this.#assembler.broken;
  }

  /** The next whole frame, or undefined when none waits. Reads only as much as that takes. */
  receive(): ReceivedFrame | undefined {
    for (;;) {
      const frame = this.#assembler.next();
      if (frame !== undefined) {
        if (frame.descriptorCount > this.#descriptors.length) {
          // Lost on the way (the limit of open files): the frame can't be obeyed, and later ones would get wrong ones.
          this.close();
          return undefined;
        }
        return { payload: frame.payload, descriptors: this.#descriptors.splice(0, frame.descriptorCount) };
      }
      if (this.closed || !this.#read()) return undefined;
    }
  }

  /** Drops descriptors that nobody took. The socket itself stays the caller's. */
  close(): void {
    this.#closed = true;
    for (const fd of this.#descriptors.splice(0)) closeDescriptor(fd);
  }

  /** Reads once; whether anything came. */
  #read(): boolean {
    const { view, address, bytes } = this.#memory;
    writeIoVector(view, VECTOR, address + BUFFER, READ_BYTES);
    writeMessageHeader(view, 0, {
      nameAddress: 0,
      nameLength: 0,
      vectorAddress: address + VECTOR,
      vectorCount: 1,
      controlAddress: address + CONTROL,
      controlLength: CONTROL_ROOM,
    });
    const length = libc.recvmsg(this.#fd, address, MSG_CMSG_CLOEXEC);
    if (length < 0) {
      const code = lastErrorName();
      if (code === 'EAGAIN' || code === 'EINTR') return false;
      if (code !== 'ECONNRESET') throw new LinuxError(code, 'recvmsg', 'receive a frame over a Unix socket');
      this.#closed = true;
      return false;
    }
    this.#takeDescriptors();
    if (length === 0 || (readMessageFlags(view, 0) & MSG_CTRUNC) !== 0) {
      this.#closed = true;
      return false;
    }
    this.#assembler.push(bytes.subarray(BUFFER, BUFFER + length));
    return true;
  }

  #takeDescriptors(): void {
    const { view } = this.#memory;
    for (const { level, type, dataOffset, dataLength } of readControlMessages(
      view,
      CONTROL,
      readControlLength(view, 0),
    )) {
      if (level !== SOL_SOCKET || type !== SCM_RIGHTS) continue;
      for (let at = 0; at + 4 <= dataLength; at += 4) this.#descriptors.push(view.getInt32(dataOffset + at, true));
    }
  }
}
