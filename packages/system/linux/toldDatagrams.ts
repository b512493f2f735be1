/**
 * Datagrams one by one with what the kernel tells of each: where from, over which interface, with which hop limit. For
 * protocols that believe only what comes from a neighbour (RFC 5082); their sockets are opened with `tellsHopLimit`.
 */
import type { IpAddress } from '@patronus/net';
import { libc } from './ffi.ts';
import { addressOf, type NativeMemory, nativeMemory } from './memory.ts';
import {
  IO_VECTOR_SIZE,
  MESSAGE_HEADER_SIZE,
  readControlLength,
  readControlMessages,
  writeIoVector,
  writeMessageHeader,
} from './messageHeader.ts';
import { readSocketAddress, SOCKET_ADDRESS_SIZE, writeSocketAddress } from './socketAddress.ts';
import { IP_PKTINFO, IP_TTL, IPPROTO_IP, IPPROTO_IPV6, IPV6_HOPLIMIT, IPV6_PKTINFO } from './udpSocket.ts';

const NONE = -1;
const MSG_DONTWAIT = 0x40;
const CONTROL_ROOM = 128;
const VECTOR = MESSAGE_HEADER_SIZE;
const NAME = VECTOR + IO_VECTOR_SIZE;
const CONTROL = NAME + 32;
const PAYLOAD = CONTROL + CONTROL_ROOM;

/** One that came, reused for each. */
export interface ToldDatagram {
  readonly bytes: Uint8Array;
  length: number;
  source: IpAddress;
  /** −1: the kernel did not say. */
  hopLimit: number;
  interfaceIndex: number;
}

export class ToldDatagrams {
  readonly datagram: ToldDatagram;
  readonly #longest: number;
  readonly #receiving: NativeMemory;
  readonly #sending = nativeMemory(CONTROL);

  /** Longer datagrams are cut. */
  constructor(longest: number) {
    this.#longest = longest;
    this.#receiving = nativeMemory(PAYLOAD + longest);
    this.datagram = {
      ...{ bytes: this.#receiving.bytes.subarray(PAYLOAD, PAYLOAD + longest), length: 0, interfaceIndex: 0 },
      ...{ source: { family: 4, bytes: new Uint8Array(4) }, hopLimit: NONE },
    };
  }

  /** Puts the next datagram of the socket into `datagram`; false: there is none. */
  receive(fd: number): boolean {
    const { view, address } = this.#receiving;
    writeIoVector(view, VECTOR, address + PAYLOAD, this.#longest);
    writeMessageHeader(view, 0, {
      ...{ nameAddress: address + NAME, nameLength: SOCKET_ADDRESS_SIZE },
      ...{ vectorAddress: address + VECTOR, vectorCount: 1 },
      ...{ controlAddress: address + CONTROL, controlLength: CONTROL_ROOM },
    });
    const length = libc.recvmsg(fd, address, MSG_DONTWAIT);
    if (length < 0) return false;
    const { datagram } = this;
    datagram.length = length;
    datagram.hopLimit = NONE;
    datagram.interfaceIndex = 0;
    const from = readSocketAddress(view, NAME);
    if (from === undefined) datagram.length = 0;
    else datagram.source = from.address;
    this.#readControl();
    return true;
  }

  /** What cannot leave is lost. `bytes` lies in native memory. */
  send(fd: number, bytes: Uint8Array, length: number, to: IpAddress, port: number): void {
    const { view, address } = this.#sending;
    const nameLength = writeSocketAddress(view, NAME, to, port);
    writeIoVector(view, VECTOR, addressOf(bytes), length);
    writeMessageHeader(view, 0, {
      ...{ nameAddress: address + NAME, nameLength, vectorAddress: address + VECTOR, vectorCount: 1 },
      ...{ controlAddress: 0, controlLength: 0 },
    });
    libc.sendmsg(fd, address, MSG_DONTWAIT);
  }

  /** `struct in_pktinfo` begins with the index of the interface; in `in6_pktinfo` it follows the address. */
  #readControl(): void {
    const { view } = this.#receiving;
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
