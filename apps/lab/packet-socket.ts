/**
 * AF_PACKET sockets in batches (packet(7)): whole Ethernet frames in and out of one interface.
 *
 * All frames live in one block of memory cut into slots, so that a system call gets plain addresses and nothing is
 * copied on the way through. The callers' interfaces must have segmentation and checksum offloads off: a slot holds
 * one frame of an ordinary MTU.
 */
import {
  addressOf,
  checked,
  IO_VECTOR_SIZE,
  LinuxError,
  libc,
  MULTIPLE_MESSAGE_SIZE,
  nativeMemory,
  readMessageFlags,
  SOL_SOCKET,
  writeIoVector,
  writeMessageHeader,
} from '@patronus/system/linux';

export const slotBytes = 2048;
const batch = 64;
/** Behind the message header of an entry: how many bytes arrived. */
const lengthOffset = 56;

const AF_PACKET = 17;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const ETH_P_ALL = 3;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
/** Frames the kernel keeps while this process is not running; 8 MB is 300 ms at 200 Mbit/s. */
const socketBufferBytes = 8 << 20;

export interface FrameMemory {
  /** A free slot's number, or -1 when all are in use. */
  take(): number;
  give(slot: number): void;
  /** The slot's bytes; a view, not a copy. */
  bytes(slot: number): Uint8Array;
  readonly address: number;
}

/** `slots` frames of at most 2,048 bytes. */
export function createFrameMemory(slots: number): FrameMemory {
  const memory = new Uint8Array(new ArrayBuffer(slots * slotBytes));
  const free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
  let left = slots;
  return {
    take: () => (left === 0 ? -1 : (free[--left] ?? -1)),
    give: (slot) => {
      free[left++] = slot;
    },
    bytes: (slot) => memory.subarray(slot * slotBytes, (slot + 1) * slotBytes),
    address: addressOf(memory),
  };
}

/** Fixed structures of one batch: entries of recvmmsg and sendmmsg, each with one vector that points to a slot. */
function createBatch(frames: FrameMemory) {
  const { address, view } = nativeMemory(batch * (MULTIPLE_MESSAGE_SIZE + IO_VECTOR_SIZE));
  const vectors = batch * MULTIPLE_MESSAGE_SIZE;
  for (let i = 0; i < batch; i++) {
    writeMessageHeader(view, i * MULTIPLE_MESSAGE_SIZE, {
      ...{ nameAddress: 0, nameLength: 0, controlAddress: 0, controlLength: 0 },
      vectorAddress: address + vectors + i * IO_VECTOR_SIZE,
      vectorCount: 1,
    });
  }
  return {
    address,
    point: (i: number, slot: number, length: number) =>
      writeIoVector(view, vectors + i * IO_VECTOR_SIZE, frames.address + slot * slotBytes, length),
    flags: (i: number) => readMessageFlags(view, i * MULTIPLE_MESSAGE_SIZE),
    length: (i: number) => view.getUint32(i * MULTIPLE_MESSAGE_SIZE + lengthOffset, true),
  };
}

export interface PacketSocket {
  readonly descriptor: number;
  /** Takes what has arrived, at most one batch; `onFrame` owns the slot from then on. Returns how many arrived. */
  receive(onFrame: (slot: number, length: number) => void): number;
  close(): void;
}

export interface Frame {
  readonly slot: number;
  readonly length: number;
}

/** Opens sockets that share one memory and one pair of batches: for one thread. */
export function createPacketIo(frames: FrameMemory) {
  const incoming = createBatch(frames);
  const outgoing = createBatch(frames);
  const waiting: number[] = [];

  function receive(descriptor: number, onFrame: (slot: number, length: number) => void): number {
    while (waiting.length < batch) {
      const slot = frames.take();
      if (slot < 0) break;
      incoming.point(waiting.length, slot, slotBytes);
      waiting.push(slot);
    }
    if (waiting.length === 0) return 0;
    const count = libc.recvmmsg(descriptor, incoming.address, waiting.length, MSG_DONTWAIT, 0);
    if (count <= 0) return 0;
    for (let i = 0; i < count; i++) {
      const slot = waiting[i] ?? -1;
      if (incoming.flags(i) & MSG_TRUNC) frames.give(slot);
      else onFrame(slot, incoming.length(i));
    }
    // Slots that were not filled are offered again next time, from the front.
    waiting.splice(0, count);
    for (const [i, slot] of waiting.entries()) incoming.point(i, slot, slotBytes);
    return count;
  }

  return {
    open(interfaceName: string): PacketSocket {
      const descriptor = openSocket(interfaceName);
      return {
        descriptor,
        receive: (onFrame) => receive(descriptor, onFrame),
        close: () => libc.close(descriptor),
      };
    },

    /** Sends frames, giving their slots back. A frame the kernel refuses (queue full, wire cut) is simply lost. */
    send(socket: PacketSocket, list: readonly Frame[]): void {
      for (let start = 0; start < list.length; start += batch) {
        const part = list.slice(start, start + batch);
        for (const [i, frame] of part.entries()) outgoing.point(i, frame.slot, frame.length);
        for (let done = 0; done < part.length; ) {
          const at = outgoing.address + done * MULTIPLE_MESSAGE_SIZE;
          const sent = libc.sendmmsg(socket.descriptor, at, part.length - done, MSG_DONTWAIT);
          done += sent > 0 ? sent : 1;
        }
        for (const frame of part) frames.give(frame.slot);
      }
    },
  };
}

function openSocket(interfaceName: string): number {
  const about = `take frames from ${interfaceName}`;
  const index = libc.ifNameToIndex(interfaceName);
  if (index === 0) throw new LinuxError('ENODEV', 'if_nametoindex', about);
  // Protocol 0 until bound, so that not a frame of another interface gets in.
  const descriptor = checked(libc.socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), 'socket', about);
  const option = nativeMemory(4);
  const set = (level: number, name: number, value: number) => {
    option.view.setInt32(0, value, true);
    checked(libc.setsockopt(descriptor, level, name, option.address, 4), 'setsockopt', about);
  };
  set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  set(SOL_SOCKET, SO_RCVBUFFORCE, socketBufferBytes);
  set(SOL_SOCKET, SO_SNDBUFFORCE, socketBufferBytes);
  // struct sockaddr_ll: family, protocol (big-endian), interface index, rest zero.
  const address = nativeMemory(20);
  address.view.setUint16(0, AF_PACKET, true);
  address.view.setUint16(2, ETH_P_ALL, false);
  address.view.setInt32(4, index, true);
  checked(libc.bind(descriptor, address.address, 20), 'bind', about);
  return descriptor;
}
