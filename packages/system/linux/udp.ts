/** The Udp contract over a socket of udpSocket.ts: one datagram a call, with the local address in both directions. */

import type { Endpoint, Family, IpAddress } from '@patronus/net';
import type { Datagram, SendOutcome, Udp } from '../index.ts';
import { closeDescriptor } from './descriptors.ts';
import { libc } from './ffi.ts';
import { LinuxError, lastErrorName } from './linuxError.ts';
import { addressOf, type NativeMemory, nativeMemory } from './memory.ts';
import {
  CONTROL_HEADER_SIZE,
  controlSpace,
  IO_VECTOR_SIZE,
  MESSAGE_HEADER_SIZE,
  readControlLength,
  readControlMessages,
  writeControlHeader,
  writeIoVector,
  writeMessageHeader,
} from './messageHeader.ts';
import { readSocketAddress, SOCKET_ADDRESS_SIZE, writeSocketAddress } from './socketAddress.ts';
import { IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO, type OpenedUdpSocket } from './udpSocket.ts';

const MOST_UDP_BYTES = 65_535;

// Offsets in the one piece of memory that a socket's calls use.
const VECTOR = MESSAGE_HEADER_SIZE;
const NAME = VECTOR + IO_VECTOR_SIZE;
const CONTROL = NAME + 32;
const CONTROL_ROOM = 64;
const PAYLOAD = CONTROL + CONTROL_ROOM;

/** What the kernel says when a packet can't leave now: an ordinary outcome of a network. */
const outcomes: Readonly<Record<string, SendOutcome>> = {
  EAGAIN: 'full',
  ENOBUFS: 'full',
  EMSGSIZE: 'tooBig',
  ENETUNREACH: 'unreachable',
  EHOSTUNREACH: 'unreachable',
  ENETDOWN: 'unreachable',
  ENODEV: 'unreachable',
  ENXIO: 'unreachable',
  EADDRNOTAVAIL: 'unreachable',
  // A source address that is no longer ours.
  EINVAL: 'unreachable',
  // A firewall that rejects.
  EPERM: 'unreachable',
  EACCES: 'unreachable',
  ECONNREFUSED: 'unreachable',
};

/** Takes the socket over: closing this closes it. */
export function udpOver(socket: OpenedUdpSocket): Udp & { readonly fd: number } {
  return new LinuxUdp(socket);
}

class LinuxUdp implements Udp {
  readonly fd: number;
  readonly family: Family;
  readonly port: number;
  readonly #memory: NativeMemory = nativeMemory(PAYLOAD + MOST_UDP_BYTES);

  constructor({ fd, family, port }: OpenedUdpSocket) {
    this.fd = fd;
    this.family = family;
    this.port = port;
  }

  send(bytes: Uint8Array, to: Endpoint, from?: IpAddress): SendOutcome {
    if (to.address.family !== this.family || (from !== undefined && from.family !== this.family)) return 'unreachable';
    const { view, address } = this.#memory;
    const nameLength = writeSocketAddress(view, NAME, to.address, to.port);
    // An empty array has no address; nothing is read through it either.
    writeIoVector(view, VECTOR, bytes.length === 0 ? address : addressOf(bytes), bytes.length);
    writeMessageHeader(view, 0, {
      nameAddress: address + NAME,
      nameLength,
      vectorAddress: address + VECTOR,
      vectorCount: 1,
      controlAddress: from === undefined ? 0 : address + CONTROL,
      controlLength: from === undefined ? 0 : this.#writeSource(from),
    });
    if (libc.sendmsg(this.fd, address, 0) >= 0) return 'sent';
    const code = lastErrorName();
    const outcome = outcomes[code];
    if (outcome === undefined) throw new LinuxError(code, 'sendmsg', 'send a UDP datagram');
    return outcome;
  }

  receive(): Datagram | undefined {
    const { view, address, bytes } = this.#memory;
    writeIoVector(view, VECTOR, address + PAYLOAD, MOST_UDP_BYTES);
    writeMessageHeader(view, 0, {
      nameAddress: address + NAME,
      nameLength: SOCKET_ADDRESS_SIZE,
      vectorAddress: address + VECTOR,
      vectorCount: 1,
      controlAddress: address + CONTROL,
      controlLength: CONTROL_ROOM,
    });
    const length = libc.recvmsg(this.fd, address, 0);
    if (length < 0) {
      const code = lastErrorName();
      // Errors of earlier sends may be reported here; they say nothing about this call.
      if (outcomes[code] !== undefined || code === 'EINTR') return undefined;
      throw new LinuxError(code, 'recvmsg', 'receive a UDP datagram');
    }
    const from = readSocketAddress(view, NAME);
    if (from === undefined) return undefined;
    return { bytes: bytes.subarray(PAYLOAD, PAYLOAD + length), from, to: this.#readDestination() };
  }

  close(): void {
    closeDescriptor(this.fd);
  }

  /** `struct in_pktinfo` is index, source, destination; `in6_pktinfo` address, index. Answers the control length. */
  #writeSource(from: IpAddress): number {
    const { view, bytes } = this.#memory;
    const data = CONTROL + CONTROL_HEADER_SIZE;
    const length = this.family === 4 ? 12 : 20;
    bytes.fill(0, data, data + 24);
    if (this.family === 4) writeControlHeader(view, CONTROL, IPPROTO_IP, IP_PKTINFO, length);
    else writeControlHeader(view, CONTROL, IPPROTO_IPV6, IPV6_PKTINFO, length);
    bytes.set(from.bytes, this.family === 4 ? data + 4 : data);
    return controlSpace(length);
  }

  #readDestination(): IpAddress | undefined {
    const { view, bytes } = this.#memory;
    for (const { level, type, dataOffset, dataLength } of readControlMessages(
      view,
      CONTROL,
      readControlLength(view, 0),
    )) {
      if (level === IPPROTO_IP && type === IP_PKTINFO && dataLength >= 12) {
        // The second field is the local address that answers should come from, also for a broadcast.
        return { family: 4, bytes: bytes.slice(dataOffset + 4, dataOffset + 8) };
      }
      if (level === IPPROTO_IPV6 && type === IPV6_PKTINFO && dataLength >= 20) {
        return { family: 6, bytes: bytes.slice(dataOffset, dataOffset + 16) };
      }
    }
    return undefined;
  }
}
