/**
 * Datagrams on their way out. They wait until the packet path says `flush`; then those of one link that have the same
 * length leave as one buffer that the kernel (or the network card) cuts again (UDP_SEGMENT), and all buffers of one socket
 * in one system call (sendmmsg). A socket or a device that refuses UDP_SEGMENT gets its datagrams one by one.
 *
 * Order is kept within a link, which is all that anyone can see: links are different conversations.
 */
import {
  addressOf,
  getOption,
  lastErrorNumber,
  libc,
  SOL_SOCKET,
  udpSegment,
  writeAddress,
  writeControlHeader,
  writeMessageHeader,
} from '@patronus/system/linux';
import {
  IOVEC_LENGTH,
  Layout,
  linkOfAddress,
  MMSGHDR_LENGTH,
  MOST_LINKS,
  MOST_QUEUED,
  MOST_SOCKETS,
  type PacketMemory,
  SEND_CONTROL_LENGTH,
} from '../memory.ts';

const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const NONE = -1;
const SO_ERROR = 4;

/** UDP_MAX_SEGMENTS of the kernels that have the least of them. */
const MOST_SEGMENTS = 64;
/** What one IP packet holds, IPv4 or IPv6, whatever is before it. */
const MOST_BUFFER = 65_535 - 40 - 8;

/** Fields of `struct msghdr`. */
const VECTOR_COUNT = 24;
const CONTROL_LENGTH = 40;

const EAGAIN = 11;
const ENOBUFS = 105;
/** The device, its MTU or the kernel will not cut this buffer. */
const EIO = 5;
const EINVAL = 22;
const EMSGSIZE = 90;
const EOPNOTSUPP = 95;

/** After so many refusals in a row without a success a socket is not asked any more. */
const MOST_REFUSALS = 8;

export class SendQueue {
  /** Whether a socket's buffers may be cut by the kernel; and the refusals since one was. */
  readonly segments = new Uint8Array(MOST_SOCKETS);
  readonly #refusals = new Uint8Array(MOST_SOCKETS);
  readonly #burst = new Float64Array(MOST_SOCKETS).fill(MOST_BUFFER);
  readonly #descriptors: Int32Array;
  readonly #view: DataView;
  readonly #base: number;
  readonly #onRefused: (socket: number) => void;

  /** The datagrams that wait, in order of arrival; `next` chains those of one link. */
  readonly #offset = new Int32Array(MOST_QUEUED);
  readonly #length = new Int32Array(MOST_QUEUED);
  readonly #next = new Int32Array(MOST_QUEUED);
  #count = 0;
  /** First and last datagram of each link that has any, and those links in order of arrival. */
  readonly #first = new Int32Array(MOST_LINKS + 1).fill(NONE);
  readonly #last = new Int32Array(MOST_LINKS + 1).fill(NONE);
  readonly #links = new Int32Array(MOST_LINKS + 1);
  readonly #socketOfLink = new Int32Array(MOST_LINKS + 1);
  readonly #addressOfLink = new Int32Array(MOST_LINKS + 1);
  readonly #addressLengthOfLink = new Int32Array(MOST_LINKS + 1);
  #linkCount = 0;

  /** Of each message made: its first datagram, and how many it holds. */
  readonly #messageFirst = new Int32Array(MOST_QUEUED);
  readonly #messageSegments = new Int32Array(MOST_QUEUED);
  #messages = 0;
  #vectors = 0;
  #failed = 0;

  /** `onRefused`: a socket gave up cutting buffers. */
  constructor(memory: PacketMemory, descriptors: Int32Array, onRefused: (socket: number) => void) {
    this.#view = memory.view;
    this.#base = addressOf(memory.bytes);
    this.#descriptors = descriptors;
    this.#onRefused = onRefused;
    for (let at = 0; at < MOST_QUEUED; at++) this.#prepare(at);
  }

  /** A new descriptor has this number. */
  admit(socket: number, cutsBuffers: boolean): void {
    this.segments[socket] = cutsBuffers ? 1 : 0;
    this.#refusals[socket] = 0;
  }

  limitBursts(socket: number, bytes: number): void {
    this.#burst[socket] = Math.min(MOST_BUFFER, bytes);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(socket: number, offset: number, length: number, addressOffset: number, addressLength: number): void {
    if (this.#count === MOST_QUEUED) this.send();
    const link = linkOfAddress(addressOffset);
    // One address is used from one socket; the scratch address from any, but what it is used for leaves at once.
    const at = this.#count++;
    this.#offset[at] = offset;
    this.#length[at] = length;
    this.#next[at] = NONE;
    const last = this.#last[link]!;
    if (last === NONE) {
      this.#first[link] = at;
      this.#links[this.#linkCount++] = link;
      this.#socketOfLink[link] = socket;
      this.#addressOfLink[link] = addressOffset;
      this.#addressLengthOfLink[link] = addressLength;
    } else this.#next[last] = at;
    this.#last[link] = at;
  }

  /** Sends all that waits. */
  send(): void {
    const links = this.#linkCount;
    for (let at = 0; at < links; at++) {
      const link = this.#links[at]!;
      if (this.#first[link] === NONE) continue;
      const socket = this.#socketOfLink[link]!;
      this.#messages = 0;
      this.#vectors = 0;
      // All links of this socket, so that one call serves them.
      for (let other = at; other < links; other++) {
        const candidate = this.#links[other]!;
        if (this.#first[candidate] === NONE || this.#socketOfLink[candidate] !== socket) continue;
        this.#gather(candidate, socket);
        this.#first[candidate] = NONE;
        this.#last[candidate] = NONE;
      }
      this.#sendMessages(socket);
    }
    this.#linkCount = 0;
    this.#count = 0;
  }

  /** Datagrams that were refused since it was last asked. */
  takeFailed(): number {
    const failed = this.#failed;
    this.#failed = 0;
    return failed;
  }

  /** Makes messages of a link's datagrams. */
  #gather(link: number, socket: number): void {
    const most = this.segments[socket] === 1 ? MOST_SEGMENTS : 1;
    const burst = this.#burst[socket]!;
    let at = this.#first[link]!;
    while (at !== NONE) {
      const length = this.#length[at]!;
      const firstVector = this.#vectors;
      let total = 0;
      let segments = 0;
      let end = NONE;
      this.#messageFirst[this.#messages] = at;
      while (at !== NONE && segments < most) {
        const own = this.#length[at]!;
        // Equal lengths, the last may be shorter (udp(7), UDP_SEGMENT).
        if (own > length || (segments > 0 && total + own > burst)) break;
        const offset = this.#offset[at]!;
        if (offset === end) this.#extendVector(this.#vectors - 1, own);
        else writeVector(this.#view, this.#vectors++, this.#base + offset, own);
        end = offset + own;
        total += own;
        segments += 1;
        at = this.#next[at]!;
        if (own < length) break;
      }
      this.#writeMessage(link, firstVector, segments, length);
    }
  }

  #extendVector(vector: number, by: number): void {
    const at = Layout.sendVectors + vector * IOVEC_LENGTH + 8;
    this.#view.setUint32(at, this.#view.getUint32(at, true) + by, true);
  }

  #writeMessage(link: number, firstVector: number, segments: number, length: number): void {
    const view = this.#view;
    const number = this.#messages++;
    this.#messageSegments[number] = segments;
    const message = Layout.sendMessages + number * MMSGHDR_LENGTH;
    writeAddress(view, message, this.#base + this.#addressOfLink[link]!);
    view.setUint32(message + 8, this.#addressLengthOfLink[link]!, true);
    writeAddress(view, message + 16, this.#base + Layout.sendVectors + firstVector * IOVEC_LENGTH);
    view.setUint32(message + VECTOR_COUNT, this.#vectors - firstVector, true);
    view.setUint32(message + CONTROL_LENGTH, segments > 1 ? SEND_CONTROL_LENGTH : 0, true);
    if (segments > 1) view.setUint16(Layout.sendControls + number * SEND_CONTROL_LENGTH + 16, length, true);
  }

  /** One call for all messages; one that is refused is passed over or sent in pieces, and the rest goes on. */
  #sendMessages(socket: number): void {
    const fd = this.#descriptors[socket]!;
    const count = this.#messages;
    for (let first = 0; first < count; ) {
      const address = this.#base + Layout.sendMessages + first * MMSGHDR_LENGTH;
      const sent = fd === NONE ? -1 : libc.sendmmsg(fd, address, count - first, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) {
        if (this.#refusals[socket]! > 0 && this.#hasSegments(first, first + sent)) this.#refusals[socket] = 0;
        first += sent;
      } else {
        this.#refused(socket, fd, first);
        first += 1;
      }
    }
  }

  #hasSegments(from: number, to: number): boolean {
    for (let at = from; at < to; at++) if (this.#messageSegments[at]! > 1) return true;
    return false;
  }

  #refused(socket: number, fd: number, message: number): void {
    const segments = this.#messageSegments[message]!;
    const code = fd === NONE ? 0 : lastErrorNumber();
    const isRefusal = code === EIO || code === EINVAL || code === EMSGSIZE || code === EOPNOTSUPP;
    if (segments === 1 || !isRefusal) {
      this.#failed += segments;
      // What an ICMP error left on the socket is told once; it must not cost the next message.
      if (fd !== NONE && code !== EAGAIN && code !== ENOBUFS) getOption(fd, SOL_SOCKET, SO_ERROR, 'clear an error');
      return;
    }
    const refusals = Math.min(255, this.#refusals[socket]! + 1);
    this.#refusals[socket] = refusals;
    if (refusals === MOST_REFUSALS) {
      this.segments[socket] = 0;
      this.#onRefused(socket);
    }
    this.#sendSingly(fd, message, segments);
  }

  /** The datagrams of one message, each by itself, with the message's own header. */
  #sendSingly(fd: number, message: number, segments: number): void {
    const view = this.#view;
    const header = Layout.sendMessages + message * MMSGHDR_LENGTH;
    const vector = Layout.sendVectors + MOST_QUEUED * IOVEC_LENGTH;
    writeAddress(view, header + 16, this.#base + vector);
    view.setUint32(header + VECTOR_COUNT, 1, true);
    view.setUint32(header + CONTROL_LENGTH, 0, true);
    let at = this.#messageFirst[message]!;
    for (let sent = 0; sent < segments; sent++) {
      writeVector(view, MOST_QUEUED, this.#base + this.#offset[at]!, this.#length[at]!);
      if (libc.sendmsg(fd, this.#base + header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) this.#failed += 1;
      at = this.#next[at]!;
    }
  }

  #prepare(at: number): void {
    const control = Layout.sendControls + at * SEND_CONTROL_LENGTH;
    writeControlHeader(this.#view, control, udpSegment.level, udpSegment.type, 2);
    writeMessageHeader(this.#view, Layout.sendMessages + at * MMSGHDR_LENGTH, {
      nameAddress: 0,
      nameLength: 0,
      vectorAddress: 0,
      vectorCount: 1,
      controlAddress: this.#base + control,
      controlLength: 0,
    });
  }
}

function writeVector(view: DataView, vector: number, address: number, length: number): void {
  const at = Layout.sendVectors + vector * IOVEC_LENGTH;
  writeAddress(view, at, address);
  view.setUint32(at + 8, length, true);
}
