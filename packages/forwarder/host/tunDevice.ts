/**
 * The TUN as the packet path sees it: packets with a virtio header before them, which may be large (TSO, USO) where the
 * kernel and the owner's way of opening it allow. One opened without the header works too, packet by packet.
 */
import {
  addressOf,
  closeDescriptor,
  hasVirtioHeader,
  libc,
  setNonBlocking,
  TunOffload,
  trySetTunOffloads,
  writeIoVector,
} from '@patronus/system/linux';
import { NO_TUN_OFFLOADS, type TunOffloads, VIRTIO_HEADER_LENGTH } from '../io.ts';
import { IOVEC_LENGTH, LARGEST_PACKET, Layout, MOST_PIECES, type PacketMemory } from '../memory.ts';

const NONE = -1;

const tcp = TunOffload.checksum | TunOffload.tso4 | TunOffload.tso6 | TunOffload.tsoEcn;
const udp = TunOffload.uso4 | TunOffload.uso6;
/** What the kernel is asked for, most first: USO came with Linux 6.2, the rest is older than any we run on. */
const wishes: readonly { readonly flags: number; readonly offloads: TunOffloads; readonly words: string }[] = [
  { flags: tcp | udp, offloads: { tcp4: true, tcp6: true, udp4: true, udp6: true }, words: 'tso4 tso6 uso4 uso6' },
  { flags: tcp, offloads: { tcp4: true, tcp6: true, udp4: false, udp6: false }, words: 'tso4 tso6' },
  { flags: TunOffload.checksum, offloads: NO_TUN_OFFLOADS, words: 'checksum' },
];

export class TunDevice {
  offloads: TunOffloads = NO_TUN_OFFLOADS;
  /** For people. */
  words = 'none';
  /** Times that something was written. */
  writes = 0;
  #fd = NONE;
  #hasHeader = false;
  readonly #view: DataView;
  readonly #base: number;

  constructor({ bytes, view }: PacketMemory) {
    this.#view = view;
    this.#base = addressOf(bytes);
  }

  /** Takes a descriptor over, in place of the one before. */
  replace(fd: number): void {
    setNonBlocking(fd);
    this.drop();
    this.#fd = fd;
    this.#hasHeader = hasVirtioHeader(fd);
    const granted = this.#hasHeader ? wishes.find(({ flags }) => trySetTunOffloads(fd, flags)) : undefined;
    this.offloads = granted?.offloads ?? NO_TUN_OFFLOADS;
    this.words = granted?.words ?? 'none';
  }

  /** The interface behind it is gone: nothing more to read until another one is handed over. */
  drop(): void {
    if (this.#fd !== NONE) closeDescriptor(this.#fd);
    this.#fd = NONE;
  }

  /**
   * Reads one packet of at most LARGEST_PACKET bytes to `offset`, its virtio header right before it (zeros where the TUN
   * has none). Its length; 0 or less when none waits, or the interface is gone or down.
   */
  read(offset: number): number {
    const header = offset - VIRTIO_HEADER_LENGTH;
    if (this.#hasHeader) {
      return libc.read(this.#fd, this.#base + header, LARGEST_PACKET + VIRTIO_HEADER_LENGTH) - VIRTIO_HEADER_LENGTH;
    }
    this.#clearHeader(header);
    return libc.read(this.#fd, this.#base + offset, LARGEST_PACKET);
  }

  write(offset: number, length: number): boolean {
    if (this.#fd === NONE) return false;
    this.writes += 1;
    if (!this.#hasHeader) return libc.write(this.#fd, this.#base + offset, length) === length;
    const header = offset - VIRTIO_HEADER_LENGTH;
    this.#clearHeader(header);
    const total = length + VIRTIO_HEADER_LENGTH;
    return libc.write(this.#fd, this.#base + header, total) === total;
  }

  /** `pieces` as in PacketIo.writeTunPieces. */
  writePieces(pieces: Uint32Array, count: number): boolean {
    if (this.#fd === NONE || !this.#hasHeader || count > MOST_PIECES) return false;
    this.writes += 1;
    let total = 0;
    for (let at = 0; at < count; at++) {
      const length = pieces[at * 2 + 1]!;
      writeIoVector(this.#view, Layout.tunVectors + at * IOVEC_LENGTH, this.#base + pieces[at * 2]!, length);
      total += length;
    }
    return libc.writev(this.#fd, this.#base + Layout.tunVectors, count) === total;
  }

  /** GSO_NONE, and a checksum that is complete: VIRTIO_HEADER_LENGTH zeros. `fill` would leave compiled code for them. */
  #clearHeader(header: number): void {
    this.#view.setFloat64(header, 0);
    this.#view.setUint16(header + 8, 0);
  }
}
