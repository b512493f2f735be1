/** The descriptors that the owner handed over, and the system calls of the packet path. Offsets are in the packet memory. */
import {
  closeDescriptor,
  enableUdpGro,
  getOption,
  knowsUdpSegment,
  SOL_SOCKET,
  setDontFragment,
  setNonBlocking,
} from '@patronus/system/linux';
import { type PacketIo, Sent, type TunOffloads } from '../io.ts';
import { Layout, MOST_SOCKETS, type PacketMemory } from '../memory.ts';
import { ReceiveBuffers } from './receiveBuffers.ts';
import { SendQueue } from './sendQueue.ts';
import { TunDevice } from './tunDevice.ts';

const SO_ERROR = 4;
const NONE = -1;

export class Sockets implements PacketIo {
  readonly descriptors = new Int32Array(MOST_SOCKETS).fill(NONE);
  /** One more than the highest number in use. */
  count = 0;
  readonly tun: TunDevice;
  readonly buffers: ReceiveBuffers;
  readonly #queue: SendQueue;
  readonly #receivesTogether = new Uint8Array(MOST_SOCKETS);
  /** Failures that `flush` has not told yet. */
  #untold = 0;

  /** `onChanged`: what `capabilities` says is no longer what it said. */
  constructor(memory: PacketMemory, onChanged: () => void) {
    this.tun = new TunDevice(memory);
    this.buffers = new ReceiveBuffers(memory);
    this.#queue = new SendQueue(memory, this.descriptors, onChanged);
  }

  get tunOffloads(): TunOffloads {
    return this.tun.offloads;
  }

  /** What the descriptors can do, in words. */
  get capabilities(): Readonly<Record<string, string>> {
    const all = this.#openSockets();
    const every = (flags: Uint8Array) => all.length > 0 && all.every((socket) => flags[socket] === 1);
    return {
      tun: this.tun.words,
      udpSend: every(this.#queue.segments) ? 'segment' : 'batch',
      udpReceive: every(this.#receivesTogether) ? 'gro' : 'batch',
    };
  }

  isOpen(socket: number): boolean {
    return this.descriptors[socket] !== NONE;
  }

  closeSocket(socket: number): void {
    const fd = this.descriptors[socket]!;
    if (fd === NONE) return;
    this.#queue.send();
    closeDescriptor(fd);
    this.descriptors[socket] = NONE;
  }

  /** Takes a descriptor over, in place of the one that had this number. */
  replace(number: number, fd: number): void {
    setNonBlocking(fd);
    this.#queue.send();
    const before = this.descriptors[number]!;
    this.descriptors[number] = fd;
    this.count = Math.max(this.count, number + 1);
    this.#queue.admit(number, knowsUdpSegment(fd));
    this.#receivesTogether[number] = enableUdpGro(fd) ? 1 : 0;
    if (before !== NONE) closeDescriptor(before);
  }

  limitBursts(socket: number, bytes: number): void {
    this.#queue.limitBursts(socket, bytes);
  }

  writeTun(offset: number, length: number): boolean {
    return this.tun.write(offset, length);
  }

  writeTunPieces(pieces: Uint32Array, count: number): boolean {
    return this.tun.writePieces(pieces, count);
  }

  sendDatagram(socket: number, offset: number, length: number, sockaddrOffset: number, sockaddrLength: number): Sent {
    if (this.descriptors[socket] === NONE) return Sent.noSocket;
    this.#queue.add(socket, offset, length, sockaddrOffset, sockaddrLength);
    // The scratch slot is used again at once.
    if (offset >= Layout.scratchSlot) this.#queue.send();
    return Sent.ok;
  }

  sendUnfragmented(
    socket: number,
    offset: number,
    length: number,
    sockaddrOffset: number,
    sockaddrLength: number,
  ): Sent {
    const fd = this.descriptors[socket]!;
    if (fd === NONE) return Sent.noSocket;
    this.#queue.send();
    this.#untold += this.#queue.takeFailed();
    const family = sockaddrLength === 16 ? 4 : 6;
    setDontFragment(fd, family, true);
    this.#queue.add(socket, offset, length, sockaddrOffset, sockaddrLength);
    this.#queue.send();
    setDontFragment(fd, family, false);
    return this.#queue.takeFailed() > 0 ? Sent.failed : Sent.ok;
  }

  flush(): number {
    if (!this.#queue.isEmpty) this.#queue.send();
    const failed = this.#queue.takeFailed() + this.#untold;
    this.#untold = 0;
    return failed;
  }

  /** Receives into the UDP slots; how many of them. */
  receive(socket: number): number {
    const fd = this.descriptors[socket]!;
    return fd === NONE ? 0 : this.buffers.receive(fd);
  }

  /** An error waits (ICMP, or the interface went): reading it clears it, so that it does not wake the loop for ever. */
  clearError(socket: number): void {
    const fd = this.descriptors[socket]!;
    if (fd !== NONE) getOption(fd, SOL_SOCKET, SO_ERROR, 'read the error of a socket');
  }

  #openSockets(): number[] {
    const open: number[] = [];
    for (let socket = 0; socket < this.count; socket++) if (this.isOpen(socket)) open.push(socket);
    return open;
  }
}
