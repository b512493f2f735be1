/**
 * Datagrams on their way in: up to BATCH buffers filled by one system call (recvmmsg), each holding one datagram or, with
 * UDP_GRO, several of one sender behind each other, all of one length but the last.
 */
import {
  addressOf,
  CONTROL_HEADER_SIZE,
  libc,
  udpGro,
  writeIoVector,
  writeMessageHeader,
} from '@patronus/system/linux';
import {
  BATCH,
  IOVEC_LENGTH,
  Layout,
  MMSGHDR_LENGTH,
  type PacketMemory,
  RECEIVE_CONTROL_LENGTH,
  SOCKADDR_LENGTH,
  UDP_SLOT_ROOM,
  udpSlot,
} from '../memory.ts';

const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;

/** Fields of `struct mmsghdr`. */
const NAME_LENGTH = 8;
const CONTROL_LENGTH = 40;
const FLAGS = 48;
const RECEIVED = 56;

/** So much in one turn, and the next asks for fewer buffers: what was received should still be in the cache when it is opened. */
const MUCH = 256 * 1024;
const FEW = 8;

export class ReceiveBuffers {
  /** Length of the whole buffer last taken, and of each datagram in it but the last. */
  length = 0;
  segmentLength = 0;
  readonly #view: DataView;
  readonly #base: number;
  #wanted = BATCH;

  constructor(memory: PacketMemory) {
    this.#view = memory.view;
    this.#base = addressOf(memory.bytes);
    for (let at = 0; at < BATCH; at++) this.#prepare(at);
  }

  /** Receives into the UDP slots; how many buffers, 0 when none waits or an error was reported. */
  receive(fd: number): number {
    return Math.max(0, libc.recvmmsg(fd, this.#base + Layout.udpMessages, this.#wanted, MSG_DONTWAIT, 0));
  }

  /** How many buffers `receive` asks for now: fewer than this many came means that none is left. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Tells `length` and `segmentLength` of buffer `at`, and makes its slot ready for the next one. Length 0 where it was cut. */
  take(at: number): void {
    const view = this.#view;
    const message = Layout.udpMessages + at * MMSGHDR_LENGTH;
    const wasCut = (view.getUint32(message + FLAGS, true) & MSG_TRUNC) !== 0;
    const length = wasCut ? 0 : Math.min(view.getUint32(message + RECEIVED, true), UDP_SLOT_ROOM);
    this.length = length;
    const segment = this.#segmentLength(at, view.getUint32(message + CONTROL_LENGTH, true));
    this.segmentLength = segment > 0 && segment < length ? segment : length;
    view.setUint32(message + NAME_LENGTH, SOCKADDR_LENGTH, true);
    view.setUint32(message + CONTROL_LENGTH, RECEIVE_CONTROL_LENGTH, true);
  }

  /** After a turn that brought this many bytes. */
  adapt(bytes: number): void {
    this.#wanted = bytes > MUCH ? FEW : BATCH;
  }

  /** The value of the UDP_GRO control message (an int), 0 when there is none. */
  #segmentLength(at: number, controlLength: number): number {
    const view = this.#view;
    let offset = Layout.udpControls + at * RECEIVE_CONTROL_LENGTH;
    const end = offset + Math.min(controlLength, RECEIVE_CONTROL_LENGTH);
    while (offset + CONTROL_HEADER_SIZE + 4 <= end) {
      const length = view.getUint32(offset, true);
      if (length < CONTROL_HEADER_SIZE || offset + length > end) return 0;
      const isGro =
        view.getInt32(offset + 8, true) === udpGro.level && view.getInt32(offset + 12, true) === udpGro.type;
      if (isGro) return view.getInt32(offset + CONTROL_HEADER_SIZE, true);
      offset += (length + 7) & ~7;
    }
    return 0;
  }

  #prepare(at: number): void {
    const vector = Layout.udpVectors + at * IOVEC_LENGTH;
    writeIoVector(this.#view, vector, this.#base + udpSlot(at), UDP_SLOT_ROOM);
    writeMessageHeader(this.#view, Layout.udpMessages + at * MMSGHDR_LENGTH, {
      nameAddress: this.#base + Layout.udpSources + at * SOCKADDR_LENGTH,
      nameLength: SOCKADDR_LENGTH,
      vectorAddress: this.#base + vector,
      vectorCount: 1,
      controlAddress: this.#base + Layout.udpControls + at * RECEIVE_CONTROL_LENGTH,
      controlLength: RECEIVE_CONTROL_LENGTH,
    });
  }
}
