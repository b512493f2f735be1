/** The descriptors that the owner handed over, and the system calls of the packet path. Offsets are in the packet memory. */
import {
  addressOf,
  closeDescriptor,
  getOption,
  libc,
  SOL_SOCKET,
  setNonBlocking,
  writeIoVector,
  writeMessageHeader,
} from '@patronus/system/linux';
import { NO_TUN_OFFLOADS, type PacketIo, Sent } from '../io.ts';
import {
  BATCH,
  Layout,
  MMSGHDR_LENGTH,
  MOST_SOCKETS,
  type PacketMemory,
  SLOT_ROOM,
  SOCKADDR_LENGTH,
  slotPacket,
} from '../memory.ts';

const SO_ERROR = 4;
const MSG_DONTWAIT = 0x40;
const MSG_TRUNC = 0x20;
const MSG_NOSIGNAL = 0x4000;
const NONE = -1;

/** Fields of `struct mmsghdr`. */
const NAME_LENGTH = 8;
const FLAGS = 48;
const RECEIVED = 56;

export class Sockets implements PacketIo {
  readonly descriptors = new Int32Array(MOST_SOCKETS).fill(NONE);
  /** One more than the highest number in use. */
  count = 0;
  tun = NONE;
  readonly #view: DataView;
  readonly #base: number;
  /** Datagrams that wait to be sent together, all from one socket. */
  #waiting = 0;
  #waitingSocket = 0;
  #failed = 0;

  constructor(memory: PacketMemory) {
    this.#view = memory.view;
    this.#base = addressOf(memory.bytes);
    this.#prepareReceiving();
    this.#prepareSending();
  }

  isOpen(socket: number): boolean {
    return this.descriptors[socket] !== NONE;
  }

  closeSocket(socket: number): void {
    const fd = this.descriptors[socket]!;
    if (fd === NONE) return;
    this.flush();
    closeDescriptor(fd);
    this.descriptors[socket] = NONE;
  }

  /** Takes a descriptor over, in place of the one that had this number. */
  replace(number: number, fd: number): void {
    setNonBlocking(fd);
    this.flush();
    const before = this.descriptors[number]!;
    this.descriptors[number] = fd;
    this.count = Math.max(this.count, number + 1);
    if (before !== NONE) closeDescriptor(before);
  }

  replaceTun(fd: number): void {
    setNonBlocking(fd);
    if (this.tun !== NONE) closeDescriptor(this.tun);
    this.tun = fd;
  }

  /** The interface behind it is gone: nothing more to read until another one is handed over. */
  dropTun(): void {
    if (this.tun !== NONE) closeDescriptor(this.tun);
    this.tun = NONE;
  }

  writeTun(offset: number, length: number): boolean {
    return this.tun !== NONE && libc.write(this.tun, this.#base + offset, length) === length;
  }

  readonly tunOffloads = NO_TUN_OFFLOADS;

  writeTunPieces(): boolean {
    return false;
  }

  /** Reads a packet into TUN slot `at`; its length, 0 when none waits, -1 when the interface is gone or down. */
  readTun(at: number): number {
    return libc.read(this.tun, this.#base + slotPacket(Layout.tunSlots, at), SLOT_ROOM);
  }

  sendDatagram(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent {
    if (this.descriptors[socket] === NONE) return Sent.noSocket;
    if (this.#waiting === BATCH || (this.#waiting > 0 && this.#waitingSocket !== socket)) this.#send();
    const view = this.#view;
    const message = Layout.sendMessages + this.#waiting * MMSGHDR_LENGTH;
    const vector = Layout.sendVectors + this.#waiting * 16;
    setAddress(view, message, this.#base + sockaddrOffset);
    view.setUint32(message + NAME_LENGTH, sockaddrLength, true);
    setAddress(view, vector, this.#base + offset);
    view.setUint32(vector + 8, length, true);
    this.#waiting += 1;
    this.#waitingSocket = socket;
    // The scratch slot is used again at once.
    if (offset >= Layout.scratchSlot) this.#send();
    return Sent.ok;
  }

  flush(): number {
    if (this.#waiting > 0) this.#send();
    const failed = this.#failed;
    this.#failed = 0;
    return failed;
  }

  /** One call for all that waits; a datagram that the socket refuses is passed over, and the rest goes on. */
  #send(): void {
    const fd = this.descriptors[this.#waitingSocket]!;
    const count = this.#waiting;
    this.#waiting = 0;
    for (let first = 0; first < count; ) {
      const address = this.#base + Layout.sendMessages + first * MMSGHDR_LENGTH;
      const sent = libc.sendmmsg(fd, address, count - first, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent > 0) first += sent;
      else {
        this.#failed += 1;
        first += 1;
      }
    }
  }

  /** Receives up to BATCH datagrams into the UDP slots; how many, 0 when none waits or an error was reported. */
  receive(socket: number): number {
    const fd = this.descriptors[socket]!;
    if (fd === NONE) return 0;
    return Math.max(0, libc.recvmmsg(fd, this.#base + Layout.udpMessages, BATCH, MSG_DONTWAIT, 0));
  }

  /** Length of the datagram in slot `at`, or -1 when it was longer than a slot. Makes the slot ready for the next one. */
  takeReceived(at: number): number {
    const message = Layout.udpMessages + at * MMSGHDR_LENGTH;
    const length = this.#view.getUint32(message + RECEIVED, true);
    const wasCut = (this.#view.getUint32(message + FLAGS, true) & MSG_TRUNC) !== 0;
    this.#view.setUint32(message + NAME_LENGTH, SOCKADDR_LENGTH, true);
    return wasCut ? -1 : length;
  }

  /** An error waits (ICMP, or the interface went): reading it clears it, so that it does not wake the loop for ever. */
  clearError(socket: number): void {
    const fd = this.descriptors[socket]!;
    if (fd !== NONE) getOption(fd, SOL_SOCKET, SO_ERROR, 'read the error of a socket');
  }

  #prepareSending(): void {
    for (let at = 0; at < BATCH; at++) {
      writeMessageHeader(this.#view, Layout.sendMessages + at * MMSGHDR_LENGTH, {
        nameAddress: 0,
        nameLength: 0,
        vectorAddress: this.#base + Layout.sendVectors + at * 16,
        vectorCount: 1,
        controlAddress: 0,
        controlLength: 0,
      });
    }
  }

  #prepareReceiving(): void {
    for (let at = 0; at < BATCH; at++) {
      const vector = Layout.udpVectors + at * 16;
      writeIoVector(this.#view, vector, this.#base + slotPacket(Layout.udpSlots, at), SLOT_ROOM);
      writeMessageHeader(this.#view, Layout.udpMessages + at * MMSGHDR_LENGTH, {
        nameAddress: this.#base + Layout.udpSources + at * SOCKADDR_LENGTH,
        nameLength: SOCKADDR_LENGTH,
        vectorAddress: this.#base + vector,
        vectorCount: 1,
        controlAddress: 0,
        controlLength: 0,
      });
    }
  }
}

/** A 64-bit address; user space ends below 2^47. */
function setAddress(view: DataView, offset: number, address: number): void {
  view.setUint32(offset, address >>> 0, true);
  view.setUint32(offset + 4, Math.floor(address / 0x1_0000_0000), true);
}
