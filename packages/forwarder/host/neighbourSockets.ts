/**
 * The sockets of neighbours: up to four that hear (UDP 3784 and 4784 of both families), and one for each session, from whose
 * port it speaks (RFC 5881 §4). Opened by the owner; here they are read, written and closed.
 */
import { LONGEST_CONTROL } from '@patronus/bfd';
import type { IpAddress } from '@patronus/net';
import { boundInterface, closeDescriptor, nativeMemory, setNonBlocking, ToldDatagrams } from '@patronus/system/linux';
import { listeners, speakerOf } from '../neighbours/names.ts';
import type { NeighbourDatagram, NeighbourIo } from '../neighbours/neighbours.ts';

const NONE = -1;
/** Longer datagrams are cut: what follows a Control packet is none of it (RFC 5880 §4.1). */
const LONGEST = 256;

export class NeighbourSockets implements NeighbourIo {
  /** By place in `listeners`. */
  readonly descriptors = new Int32Array(listeners.length).fill(NONE);
  readonly outgoing = nativeMemory(LONGEST_CONTROL).bytes;
  readonly datagram: NeighbourDatagram;
  readonly #datagrams = new ToldDatagrams(LONGEST);
  readonly #speakers = new Map<string, number>();

  constructor() {
    this.datagram = Object.assign(this.#datagrams.datagram, { isMultihop: false });
  }

  /** Takes a descriptor over. Answers its place if it hears, −1 if it speaks; undefined: it is none of neighbours. */
  take(name: string, fd: number): number | undefined {
    const place = listeners.findIndex((listener) => listener.name === name);
    const id = speakerOf(name);
    if (place < 0 && id === undefined) return undefined;
    setNonBlocking(fd);
    const before = id === undefined ? this.descriptors[place]! : (this.#speakers.get(id) ?? NONE);
    if (id === undefined) this.descriptors[place] = fd;
    else this.#speakers.set(id, fd);
    if (before !== NONE) closeDescriptor(before);
    return place;
  }

  interfaceOf(id: string): number {
    const fd = this.#speakers.get(id);
    // Asked anew each time: the owner ties the socket to another index when the interface comes back.
    return fd === undefined ? 0 : boundInterface(fd);
  }

  keep(ids: ReadonlySet<string>): void {
    for (const [id, fd] of this.#speakers) {
      if (ids.has(id)) continue;
      closeDescriptor(fd);
      this.#speakers.delete(id);
    }
    if (ids.size > 0) return;
    for (const [place, fd] of this.descriptors.entries()) {
      if (fd !== NONE) closeDescriptor(fd);
      this.descriptors[place] = NONE;
    }
  }

  /** Silence is what tells of a packet that could not leave: nothing is to be done about it here. */
  send(id: string, length: number, to: IpAddress, port: number): void {
    const fd = this.#speakers.get(id);
    if (fd !== undefined) this.#datagrams.send(fd, this.outgoing, length, to, port);
  }

  /** Puts the next datagram of this listener into `datagram`; false: there is none. */
  receive(place: number): boolean {
    const fd = this.descriptors[place]!;
    if (fd === NONE || !this.#datagrams.receive(fd)) return false;
    this.datagram.isMultihop = listeners[place]!.isMultihop;
    return true;
  }
}
