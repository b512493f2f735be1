/**
 * AF_PACKET sockets in batches (packet(7)), through libc: whole Ethernet frames in and out of one interface.
 *
 * All frames live in one block of memory cut into slots, so that a system call gets plain addresses and nothing is
 * copied on the way through. The callers' interfaces must have segmentation and checksum offloads off: a slot holds
 * one frame of an ordinary MTU.
 */
import koffi from 'koffi';

export const slotBytes = 2048;
const batch = 64;
const mmsghdrBytes = 64;
const iovecBytes = 16;

const AF_PACKET = 17;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const ETH_P_ALL = 3;
const SOL_PACKET = 263;
const PACKET_IGNORE_OUTGOING = 23;
const SOL_SOCKET = 1;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const PR_SET_TIMERSLACK = 29;
const POLLIN = 1;
/** Frames the kernel keeps while this process is not running; 8 MB is 300 ms at 200 Mbit/s. */
const socketBufferBytes = 8 << 20;

const libc = koffi.load(null);
const c = {
  socket: libc.func('int socket(int, int, int)'),
  bind: libc.func('int bind(int, size_t, uint32_t)'),
  setsockopt: libc.func('int setsockopt(int, int, int, size_t, uint32_t)'),
  ifNameToIndex: libc.func('uint32_t if_nametoindex(const char *)'),
  recvmmsg: libc.func('int recvmmsg(int, size_t, uint32_t, int, size_t)'),
  sendmmsg: libc.func('int sendmmsg(int, size_t, uint32_t, int)'),
  ppoll: libc.func('int ppoll(size_t, uint64_t, size_t, size_t)'),
  prctl: libc.func('int prctl(int, uint64_t, uint64_t, uint64_t, uint64_t)'),
  close: libc.func('int close(int)'),
};

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
  const memory = new Uint8Array(slots * slotBytes);
  const free = Int32Array.from({ length: slots }, (_, i) => slots - 1 - i);
  let left = slots;
  return {
    take: () => (left === 0 ? -1 : (free[--left] ?? -1)),
    give: (slot) => {
      free[left++] = slot;
    },
    bytes: (slot) => memory.subarray(slot * slotBytes, (slot + 1) * slotBytes),
    address: Number(koffi.address(memory)),
  };
}

/** Fixed structures of one batch: `count` mmsghdr, each with one iovec that points to a slot. */
function createBatch(frames: FrameMemory) {
  const block = new ArrayBuffer(batch * (mmsghdrBytes + iovecBytes));
  const view = new DataView(block);
  const address = Number(koffi.address(new Uint8Array(block)));
  const iovecs = batch * mmsghdrBytes;
  for (let i = 0; i < batch; i++) {
    view.setBigUint64(i * mmsghdrBytes + 16, BigInt(address + iovecs + i * iovecBytes), true);
    view.setBigUint64(i * mmsghdrBytes + 24, 1n, true);
  }
  return {
    address,
    point(i: number, slot: number, length: number) {
      view.setBigUint64(iovecs + i * iovecBytes, BigInt(frames.address + slot * slotBytes), true);
      view.setBigUint64(iovecs + i * iovecBytes + 8, BigInt(length), true);
    },
    flags: (i: number) => view.getInt32(i * mmsghdrBytes + 48, true),
    length: (i: number) => view.getUint32(i * mmsghdrBytes + 56, true),
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
    const count = c.recvmmsg(descriptor, incoming.address, waiting.length, MSG_DONTWAIT, 0) as number;
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
        close: () => c.close(descriptor),
      };
    },

    /** Sends frames, giving their slots back. A frame the kernel refuses (queue full, wire cut) is simply lost. */
    send(socket: PacketSocket, list: readonly Frame[]): void {
      for (let start = 0; start < list.length; start += batch) {
        const part = list.slice(start, start + batch);
        for (const [i, frame] of part.entries()) outgoing.point(i, frame.slot, frame.length);
        for (let done = 0; done < part.length; ) {
          const at = outgoing.address + done * mmsghdrBytes;
          const sent = c.sendmmsg(socket.descriptor, at, part.length - done, MSG_DONTWAIT) as number;
          done += sent > 0 ? sent : 1;
        }
        for (const frame of part) frames.give(frame.slot);
      }
    },
  };
}

function openSocket(interfaceName: string): number {
  const index = c.ifNameToIndex(interfaceName) as number;
  if (index === 0) throw new Error(`there is no interface ${interfaceName} in this namespace`);
  // Protocol 0 until bound, so that not a frame of another interface gets in.
  const descriptor = c.socket(AF_PACKET, SOCK_RAW_CLOEXEC, 0) as number;
  if (descriptor < 0) throw new Error(`opening a packet socket failed (errno ${koffi.errno()}); it needs CAP_NET_RAW`);
  const option = new Uint8Array(new ArrayBuffer(4));
  const set = (level: number, name: number, value: number) => {
    new DataView(option.buffer).setInt32(0, value, true);
    if ((c.setsockopt(descriptor, level, name, Number(koffi.address(option)), 4) as number) === 0) return;
    throw new Error(`socket option ${level}/${name} on ${interfaceName} failed (errno ${koffi.errno()})`);
  };
  set(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1);
  set(SOL_SOCKET, SO_RCVBUFFORCE, socketBufferBytes);
  set(SOL_SOCKET, SO_SNDBUFFORCE, socketBufferBytes);
  // struct sockaddr_ll: family, protocol (big-endian), interface index, rest zero.
  const address = new Uint8Array(new ArrayBuffer(20));
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(2, ETH_P_ALL, false);
  view.setInt32(4, index, true);
  if ((c.bind(descriptor, Number(koffi.address(address)), 20) as number) !== 0) {
    throw new Error(`binding to ${interfaceName} failed (errno ${koffi.errno()})`);
  }
  return descriptor;
}

/** Lets `ppoll` wake up to the microsecond rather than up to 50 µs late. */
export function sharpenTimers(): void {
  c.prctl(PR_SET_TIMERSLACK, 1n, 0n, 0n, 0n);
}

/** Sleeps until a descriptor can be read or `timeoutMs` has passed; returns the readable ones. */
export function createPoll() {
  let entries = new Uint8Array(0);
  let address = 0;
  let watched: readonly number[] = [];
  const timespec = new DataView(new ArrayBuffer(16));
  const timespecAddress = Number(koffi.address(new Uint8Array(timespec.buffer)));
  return {
    watch(descriptors: readonly number[]) {
      watched = descriptors;
      // Over a buffer of its own: a small typed array may live on the heap, where it moves.
      entries = new Uint8Array(new ArrayBuffer(descriptors.length * 8));
      address = Number(koffi.address(entries));
      const view = new DataView(entries.buffer);
      for (const [i, descriptor] of descriptors.entries()) {
        view.setInt32(i * 8, descriptor, true);
        view.setInt16(i * 8 + 4, POLLIN, true);
      }
    },
    wait(timeoutMs: number): number[] {
      const seconds = Math.floor(timeoutMs / 1000);
      timespec.setBigInt64(0, BigInt(seconds), true);
      timespec.setBigInt64(8, BigInt(Math.floor((timeoutMs - seconds * 1000) * 1e6)), true);
      const count = c.ppoll(address, watched.length, timespecAddress, 0) as number;
      if (count <= 0) return [];
      const view = new DataView(entries.buffer);
      return watched.filter((_, i) => view.getInt16(i * 8 + 6, true) !== 0);
    },
  };
}
