/**
 * The one linear memory of a packet path and what lies where in it. It never grows, so it never moves, and a system
 * call can be given `base + offset` as a plain integer. All offsets are bytes from its start.
 *
 *     kernels' scratch | session keys | link addresses | TUN slots | UDP slots | scratch slot | I/O structures
 *
 * A slot has room before the packet, where the transport and frame headers are written, and behind it, where padding
 * and tag go: a packet is sealed and opened where it lies.
 */
import { KERNEL_RESERVED } from './kernels/index.ts';

/** Packets taken from one descriptor in one turn of the loop. */
export const BATCH = 64;

/** Room before a packet: 16 bytes of transport header and 5 of frame header, rounded up for alignment. */
export const HEADROOM = 64;
/** Largest inner MTU the slots are made for. */
export const MOST_MTU = 9_000;
/** Headroom, the largest datagram, and padding. */
export const SLOT_LENGTH = 9_216;
/** What fits behind the headroom. */
export const SLOT_ROOM = SLOT_LENGTH - HEADROOM;

export const MOST_SESSIONS = 4_096;
export const MOST_LINKS = 2_048;
/** Sockets and TUN queues. */
export const MOST_SOCKETS = 128;

/** Two keys of 32 bytes: send, receive. */
const SESSION_KEYS_LENGTH = 64;
/** `struct sockaddr_in6` is 28 bytes; the 29th says how many are used. */
export const SOCKADDR_LENGTH = 32;
/** `struct iovec` on every 64-bit Linux. */
const IOVEC_LENGTH = 16;
/** `struct mmsghdr` on every 64-bit Linux. */
export const MMSGHDR_LENGTH = 64;
/** A timespec of 16 bytes; 8 a descriptor, which are the sockets, the TUN and the control socket. */
export const POLL_LENGTH = 16 + (MOST_SOCKETS + 2) * 8;
export const HASH_INPUT_LENGTH = 512;
const PAGE = 65_536;

function stack(start: number) {
  let end = start;
  return {
    /** Takes `length` bytes, aligned to 64. */
    take(length: number): number {
      const offset = Math.ceil(end / 64) * 64;
      end = offset + length;
      return offset;
    },
    get end() {
      return end;
    },
  };
}

const regions = stack(KERNEL_RESERVED);

/** Where everything begins. */
export const Layout = {
  sessionKeys: regions.take(MOST_SESSIONS * SESSION_KEYS_LENGTH),
  linkAddresses: regions.take(MOST_LINKS * SOCKADDR_LENGTH),
  tunSlots: regions.take(BATCH * SLOT_LENGTH),
  udpSlots: regions.take(BATCH * SLOT_LENGTH),
  /** For frames and errors of our own making. */
  scratchSlot: regions.take(SLOT_LENGTH),
  udpSources: regions.take(BATCH * SOCKADDR_LENGTH),
  udpVectors: regions.take(BATCH * IOVEC_LENGTH),
  udpMessages: regions.take(BATCH * MMSGHDR_LENGTH),
  sendVectors: regions.take(BATCH * IOVEC_LENGTH),
  sendMessages: regions.take(BATCH * MMSGHDR_LENGTH),
  /** Destination of a message that does not go to a link's own address. */
  scratchAddress: regions.take(SOCKADDR_LENGTH),
  /** What a handshake hashes. */
  hashInput: regions.take(HASH_INPUT_LENGTH),
  hashKey: regions.take(32),
  hashOutput: regions.take(32),
  /** A timespec, then pollfds. */
  poll: regions.take(POLL_LENGTH),
} as const;

export const MEMORY_LENGTH = Math.ceil(regions.end / PAGE) * PAGE;

/** Views over the memory, made once. */
export interface PacketMemory {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

export function createMemory(): PacketMemory {
  const pages = MEMORY_LENGTH / PAGE;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
  return { memory, bytes: new Uint8Array(memory.buffer), view: new DataView(memory.buffer) };
}

/** Offset of the packet in slot `at` of a ring of slots. */
export function slotPacket(ring: number, at: number): number {
  return ring + at * SLOT_LENGTH + HEADROOM;
}

/** Offset of the send key of session slot `at`; the receive key follows it by 32. */
export function sessionKeysOffset(at: number): number {
  return Layout.sessionKeys + at * SESSION_KEYS_LENGTH;
}

export function linkAddressOffset(at: number): number {
  return Layout.linkAddresses + at * SOCKADDR_LENGTH;
}
