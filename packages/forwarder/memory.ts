/**
 * The one linear memory of a packet path and what lies where in it. It never grows, so it never moves, and a system
 * call can be given `base + offset` as a plain integer. All offsets are bytes from its start.
 *
 *     kernels' scratch | session keys | link addresses | TUN area | outgoing area | staging area | waiting packets |
 *     protected packets | UDP slots | scratch slot | I/O structures
 *
 * There is room before every packet, where the transport and frame headers are written, and behind it, where padding and
 * tag go: a packet is sealed and opened where it lies. The three areas are arenas (arena.ts): filled from the front, and
 * empty again once what lies in them has left.
 */
import { KERNEL_RESERVED } from './kernels/index.ts';
import { slotAreaLength } from './slots.ts';

/** Packets and datagrams taken from one descriptor in one turn of the loop. */
export const BATCH = 64;
/** Datagrams that wait to be sent together. */
export const MOST_QUEUED = 1_024;

/** Room before a packet: 16 bytes of transport header and 5 of frame header, rounded up for alignment. */
export const HEADROOM = 64;
/** Room behind a packet: padding to 16 bytes and the tag. */
export const TAILROOM = 32;
/** Largest inner MTU. */
export const MOST_MTU = 9_000;
/** Largest transport message that a cipher outside is asked to open; a larger one is the kernels' business. */
export const MOST_SEALED = 16_384;
/** Largest packet or datagram that the kernel hands over at once, with its virtio header. */
export const LARGEST_PACKET = 65_536;
/** Headroom, the largest packet, and padding. */
export const SLOT_LENGTH = 9_216;
/**
 * A received datagram, or several together (UDP_GRO). Not a multiple of 64 KiB, or the beginnings of all of them would
 * compete for the same few lines of the processor's cache.
 */
export const UDP_SLOT_LENGTH = HEADROOM + LARGEST_PACKET + 576;
export const UDP_SLOT_ROOM = UDP_SLOT_LENGTH - HEADROOM;

/** One large packet and what is left of a batch of small ones. */
const TUN_AREA_LENGTH = 4 * (LARGEST_PACKET + HEADROOM + TAILROOM);
/** What is sent in one go: the segments of several large packets. */
const OUTGOING_AREA_LENGTH = 512 * 1024;
const STAGING_AREA_LENGTH = 256 * 1024;

/** Packets that wait for a shaped uplink: a tenth of a second of 490 Mbit/s, and some larger than Ethernet carries. */
const WAITING_SLOTS = { small: { count: 4_096, length: 1_600 }, large: { count: 64, length: SLOT_LENGTH } } as const;

/** Packets behind a gap, and those that parity may need: of protected streams. */
const PROTECTION_SLOTS = { small: { count: 2_048, length: 1_600 }, large: { count: 16, length: SLOT_LENGTH } } as const;

export const MOST_LINKS = 4_096;
/** Of each link the current and the previous one, and two that packets may still come for. */
export const MOST_SESSIONS = 4 * MOST_LINKS;
/** Sockets and TUN queues. */
export const MOST_SOCKETS = 128;

/** Two keys of 32 bytes: send, receive. */
const SESSION_KEYS_LENGTH = 64;
/** `struct sockaddr_in6` is 28 bytes; the 29th says how many are used. */
export const SOCKADDR_LENGTH = 32;
/** `struct iovec` on every 64-bit Linux. */
export const IOVEC_LENGTH = 16;
/** `struct mmsghdr` on every 64-bit Linux. */
export const MMSGHDR_LENGTH = 64;
/** `struct cmsghdr` and a UDP_SEGMENT value, padded. */
export const SEND_CONTROL_LENGTH = 24;
/** Room for the control messages of a received datagram: UDP_GRO, and the addresses that the socket's owner asked for. */
export const RECEIVE_CONTROL_LENGTH = 128;
/** Pieces of one write to the TUN. */
export const MOST_PIECES = 128;
/** A timespec of 16 bytes; 8 a descriptor, which are the sockets, the TUN and the control socket. */
/** The control socket, the TUN, and four that hear neighbours' BFD, besides the uplinks' sockets. */
export const POLL_PLACES_BEFORE_SOCKETS = 6;
export const POLL_LENGTH = 16 + (MOST_SOCKETS + POLL_PLACES_BEFORE_SOCKETS) * 8;
export const HASH_INPUT_LENGTH = 512;
/** Longest cookie, and longest additional data of one (WireGuard has 16 of each). */
export const COOKIE_MOST = 128;
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
  tunArea: regions.take(TUN_AREA_LENGTH),
  outgoingArea: regions.take(OUTGOING_AREA_LENGTH),
  stagingArea: regions.take(STAGING_AREA_LENGTH),
  waiting: regions.take(slotAreaLength(WAITING_SLOTS)),
  /** Products in GF(256) (protection/galois.ts). */
  galoisTables: regions.take(256 * 32),
  protected: regions.take(slotAreaLength(PROTECTION_SLOTS)),
  udpSlots: regions.take(BATCH * UDP_SLOT_LENGTH),
  /** An LZ4 block before it is put into frames. */
  compressed: regions.take(MOST_MTU),
  /** For frames and errors of our own making. */
  scratchSlot: regions.take(SLOT_LENGTH),
  udpSources: regions.take(BATCH * SOCKADDR_LENGTH),
  udpVectors: regions.take(BATCH * IOVEC_LENGTH),
  udpMessages: regions.take(BATCH * MMSGHDR_LENGTH),
  udpControls: regions.take(BATCH * RECEIVE_CONTROL_LENGTH),
  /** One more than is queued, for a datagram that has to go by itself. */
  sendVectors: regions.take((MOST_QUEUED + 1) * IOVEC_LENGTH),
  sendMessages: regions.take(MOST_QUEUED * MMSGHDR_LENGTH),
  sendControls: regions.take(MOST_QUEUED * SEND_CONTROL_LENGTH),
  tunVectors: regions.take(MOST_PIECES * IOVEC_LENGTH),
  /** Destination of a message that does not go to a link's own address. */
  scratchAddress: regions.take(SOCKADDR_LENGTH),
  /** What a handshake hashes. */
  hashInput: regions.take(HASH_INPUT_LENGTH),
  hashKey: regions.take(32),
  hashOutput: regions.take(32),
  /** What a cookie is sealed with (host/xchacha.ts), and the cookie with its tag. */
  cookieKey: regions.take(32),
  cookieNonce: regions.take(12),
  cookieData: regions.take(COOKIE_MOST),
  cookieMessage: regions.take(COOKIE_MOST + 16),
  /** For a cipher outside: 64 bytes set aside, a one-time key, and a message opened out of place behind its block 0. */
  cipherAside: regions.take(64),
  cipherKey: regions.take(32),
  cipherTag: regions.take(16),
  cipherPlain: regions.take(64 + MOST_SEALED),
  /** A timespec, then pollfds. */
  poll: regions.take(POLL_LENGTH),
} as const;

/** The arenas: where each begins and how long it is. */
export const Area = {
  tun: { offset: Layout.tunArea, length: TUN_AREA_LENGTH },
  outgoing: { offset: Layout.outgoingArea, length: OUTGOING_AREA_LENGTH },
  staging: { offset: Layout.stagingArea, length: STAGING_AREA_LENGTH },
} as const;

export const WAITING_AREA = { offset: Layout.waiting, ...WAITING_SLOTS } as const;
export const PROTECTION_AREA = { offset: Layout.protected, ...PROTECTION_SLOTS } as const;

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

/**
 * Makes the kernel give now what packets of every configuration pass through: otherwise it gives a page whenever a burst
 * first reaches that far, and a process that is hours old still seems to grow. The rest, two thirds of it, is for packets
 * that wait and for those that are sent twice or with parity.
 */
export function touchCommon(memory: PacketMemory): void {
  touch(memory, 0, Layout.waiting);
  touch(memory, Layout.udpSlots, MEMORY_LENGTH);
}

/** The same for packets that wait before a shaped uplink. */
export function touchWaiting(memory: PacketMemory): void {
  touch(memory, Layout.waiting, Layout.protected);
}

function touch({ bytes }: PacketMemory, from: number, to: number): void {
  const page = 4_096;
  for (let at = from; at < to; at += page) bytes[at] = bytes[at]!;
}

/** Where the packet in the scratch slot lies. */
export const SCRATCH = Layout.scratchSlot + HEADROOM;

/** Where what is received into UDP slot `at` lies. */
export function udpSlot(at: number): number {
  return Layout.udpSlots + at * UDP_SLOT_LENGTH + HEADROOM;
}

/** Offset of the send key of session slot `at`; the receive key follows it by 32. */
export function sessionKeysOffset(at: number): number {
  return Layout.sessionKeys + at * SESSION_KEYS_LENGTH;
}

export function linkAddressOffset(at: number): number {
  return Layout.linkAddresses + at * SOCKADDR_LENGTH;
}

/** The link whose address this is; MOST_LINKS for the scratch address. */
export function linkOfAddress(offset: number): number {
  return offset === Layout.scratchAddress ? MOST_LINKS : (offset - Layout.linkAddresses) / SOCKADDR_LENGTH;
}
