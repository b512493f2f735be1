/**
 * The sockets of neighbours: up to four that hear (UDP 3784 and 4784 of both families), and one for each session, from whose
 * port it speaks (RFC 5881 §4). Opened by the owner; here they are read, written and closed.
 */
import { LONGEST_CONTROL } from '@patronus/bfd';
import type { IpAddress } from '@patronus/net';
import {
  addressOf,
  boundInterface,
  closeDescriptor,
  IO_VECTOR_SIZE,
  IP_PKTINFO,
  IP_TTL,
  IPPROTO_IP,
  IPPROTO_IPV6,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  libc,
  MESSAGE_HEADER_SIZE,
  type NativeMemory,
  nativeMemory,
  readControlLength,
  readControlMessages,
  readSocketAddress,
  SOCKET_ADDRESS_SIZE,
  setNonBlocking,
  writeIoVector,
  writeMessageHeader,
  writeSocketAddress,
} from '@patronus/system/linux';
import { listeners, speakerOf } from '../neighbours/names.ts';
import type { NeighbourDatagram, NeighbourIo } from '../neighbours/neighbours.ts';

const NONE = -1;
const MSG_DONTWAIT = 0x40;
/** Longer datagrams are cut: what follows a Control packet is none of it (RFC 5880 §4.1). */
const LONGEST = 256;
const CONTROL_ROOM = 128;
const VECTOR = MESSAGE_HEADER_SIZE;
const NAME = VECTOR + IO_VECTOR_SIZE;
const CONTROL = NAME + 32;
const PAYLOAD = CONTROL + CONTROL_ROOM;

export class NeighbourSockets implements NeighbourIo {
  /** By place in `listeners`. */
  readonly descriptors = new Int32Array(listeners.length).fill(NONE);
  readonly outgoing = nativeMemory(LONGEST_CONTROL).bytes;
  readonly datagram: NeighbourDatagram;
  readonly #memory: NativeMemory = nativeMemory(PAYLOAD + LONGEST);
  readonly #speakers = new Map<string, number>();
  readonly #sending = nativeMemory(CONTROL);

  constructor() {
    this.datagram = {
      ...{ bytes: this.#memory.bytes.subarray(PAYLOAD, PAYLOAD + LONGEST), length: 0, isMultihop: false },
      ...{ source: { family: 4, bytes: new Uint8Array(4) }, hopLimit: NONE, interfaceIndex: 0 },
    };
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
    if (fd === undefined) return;
    const { view, address } = this.#sending;
    const nameLength = writeSocketAddress(view, NAME, to, port);
    writeIoVector(view, VECTOR, addressOf(this.outgoing), length);
    writeMessageHeader(view, 0, {
      ...{ nameAddress: address + NAME, nameLength, vectorAddress: address + VECTOR, vectorCount: 1 },
      ...{ controlAddress: 0, controlLength: 0 },
    });
    libc.sendmsg(fd, address, MSG_DONTWAIT);
  }

  /** Puts the next datagram of this listener into `datagram`; false: there is none. */
  receive(place: number): boolean {
    const fd = this.descriptors[place]!;
    if (fd === NONE) return false;
    const { view, address } = this.#memory;
    writeIoVector(view, VECTOR, address + PAYLOAD, LONGEST);
    writeMessageHeader(view, 0, {
      ...{ nameAddress: address + NAME, nameLength: SOCKET_ADDRESS_SIZE },
      ...{ vectorAddress: address + VECTOR, vectorCount: 1 },
      ...{ controlAddress: address + CONTROL, controlLength: CONTROL_ROOM },
    });
    const length = libc.recvmsg(fd, address, MSG_DONTWAIT);
    if (length < 0) return false;
    const { datagram } = this;
    datagram.length = length;
    datagram.isMultihop = listeners[place]!.isMultihop;
    datagram.hopLimit = NONE;
    datagram.interfaceIndex = 0;
    const from = readSocketAddress(view, NAME);
    if (from === undefined) datagram.length = 0;
    else datagram.source = from.address;
    this.#readControl();
    return true;
  }

  /** `struct in_pktinfo` begins with the index of the interface; in `in6_pktinfo` it follows the address. */
  #readControl(): void {
    const { view } = this.#memory;
    const { datagram } = this;
    for (const message of readControlMessages(view, CONTROL, readControlLength(view, 0))) {
      const { level, type, dataOffset, dataLength } = message;
      const isHopLimit =
        (level === IPPROTO_IP && type === IP_TTL) || (level === IPPROTO_IPV6 && type === IPV6_HOPLIMIT);
      if (isHopLimit && dataLength >= 4) datagram.hopLimit = view.getInt32(dataOffset, true);
      else if (level === IPPROTO_IP && type === IP_PKTINFO && dataLength >= 12) {
        datagram.interfaceIndex = view.getInt32(dataOffset, true);
      } else if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && dataLength >= 20) {
        datagram.interfaceIndex = view.getInt32(dataOffset + 16, true);
      }
    }
  }
}
