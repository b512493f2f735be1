/**
 * Asking hosts for a sign of life: ICMP and ICMPv6 echo (RFC 792, RFC 4443 §4) from a raw socket, tied to an interface
 * and mark, or to a source address. Needs CAP_NET_RAW. Nothing waits here: the owner calls `receive` until there is
 * nothing more.
 */
import { type Family, type IpAddress, internetChecksum } from '@patronus/net';
import { closeDescriptor, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_RAW, setOption, setOptionBytes } from './descriptors.ts';
import { libc } from './ffi.ts';
import { checked, LinuxError, lastErrorName } from './linuxError.ts';
import { nativeMemory } from './memory.ts';
import { IO_VECTOR_SIZE, MESSAGE_HEADER_SIZE, writeIoVector, writeMessageHeader } from './messageHeader.ts';
import { systemRandom } from './random.ts';
import { addressFamily, readSocketAddress, SOCKET_ADDRESS_SIZE, writeSocketAddress } from './socketAddress.ts';
import { bindToDevice, SOL_SOCKET } from './udpSocket.ts';

const SO_MARK = 36;
const SOL_RAW = 255;
const ICMP_FILTER = 1;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const ICMPV6_FILTER = 1;

/** By family: request and reply. */
const types = { 4: { request: 8, reply: 0 }, 6: { request: 128, reply: 129 } } as const;
const ECHO_HEADER = 8;
/** What we send along and want back: so that nobody who has not seen the request can answer it. */
const COOKIE_BYTES = 16;
const RECEIVE_BYTES = 512;
/** One block: message header, vector, address, packet. */
const NAME_AT = MESSAGE_HEADER_SIZE + IO_VECTOR_SIZE;
const BODY_AT = NAME_AT + 32;

export interface EchoSocketOptions {
  readonly family: Family;
  /** Out by this interface, and in by it. */
  readonly device?: string;
  /** For policy rules. */
  readonly mark?: number;
  readonly source?: IpAddress;
  /** Of its requests, 0…65,535; a random one unless given. */
  readonly identifier?: number;
}

export interface EchoReply {
  readonly from: IpAddress;
  /** As it was given to `send`, 0…65,535. */
  readonly sequence: number;
}

export class EchoSocket {
  readonly family: Family;
  readonly #fd: number;
  readonly #cookie = systemRandom.bytes(COOKIE_BYTES);
  readonly #identifier: number;
  readonly #memory = nativeMemory(BODY_AT + RECEIVE_BYTES);

  /** Throws a LinuxError that says what is missing. */
  constructor({ family, device, mark, source, identifier }: EchoSocketOptions) {
    this.family = family;
    const protocol = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    const about = `open an ICMP socket for IPv${family}`;
    const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
    this.#fd = checked(libc.socket(addressFamily(family), type, protocol), 'socket', about);
    this.#identifier = identifier ?? (this.#cookie[0]! << 8) | this.#cookie[1]!;
    try {
      this.#filter(about);
      if (device !== undefined) bindToDevice(this.#fd, device);
      if (mark !== undefined) setOption(this.#fd, SOL_SOCKET, SO_MARK, mark, 'mark the packets of a socket');
      if (source !== undefined) {
        const length = writeSocketAddress(this.#memory.view, 0, source, 0);
        checked(libc.bind(this.#fd, this.#memory.address, length), 'bind', 'send from the address of this edge');
      }
    } catch (error) {
      closeDescriptor(this.#fd);
      throw error;
    }
  }

  /** Only replies: a raw socket would hear everything else as well. A set bit keeps a type out. */
  #filter(about: string): void {
    if (this.family === 4) {
      setOption(this.#fd, SOL_RAW, ICMP_FILTER, ~(1 << types[4].reply), about);
      return;
    }
    const blocked = new Uint8Array(new ArrayBuffer(32)).fill(0xff);
    const words = new DataView(blocked.buffer);
    words.setUint32((types[6].reply >>> 5) * 4, ~(1 << (types[6].reply & 31)) >>> 0, true);
    setOptionBytes(this.#fd, IPPROTO_ICMPV6, ICMPV6_FILTER, blocked, about);
  }

  /** False where it could not leave: no route, no interface, a full queue. */
  send(to: IpAddress, sequence: number): boolean {
    const { bytes, view } = this.#memory;
    const body = BODY_AT;
    const length = ECHO_HEADER + COOKIE_BYTES;
    view.setUint8(body, types[this.family].request);
    view.setUint8(body + 1, 0);
    view.setUint16(body + 2, 0);
    view.setUint16(body + 4, this.#identifier);
    view.setUint16(body + 6, sequence & 0xffff);
    bytes.set(this.#cookie, body + ECHO_HEADER);
    // The kernel sums ICMPv6 itself (RFC 3542 §3.1), ICMP not.
    if (this.family === 4) view.setUint16(body + 2, internetChecksum(bytes, body, length));
    this.#point(length, writeSocketAddress(view, NAME_AT, to, 0));
    return libc.sendmsg(this.#fd, this.#memory.address, 0) === length;
  }

  /** The next reply to a request of ours; undefined when there is none. */
  receive(): EchoReply | undefined {
    for (;;) {
      this.#point(RECEIVE_BYTES, SOCKET_ADDRESS_SIZE);
      const length = libc.recvmsg(this.#fd, this.#memory.address, 0);
      if (length < 0) {
        const code = lastErrorName();
        if (code === 'EINTR') continue;
        // The interface going, a host saying that it is unreachable: what does not come back tells as much.
        if (['EAGAIN', 'ENETDOWN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENODEV'].includes(code)) return undefined;
        throw new LinuxError(code, 'recvmsg', 'hear answers to echo requests');
      }
      const reply = this.#read(length);
      if (reply !== undefined) return reply;
    }
  }

  close(): void {
    closeDescriptor(this.#fd);
  }

  #read(length: number): EchoReply | undefined {
    const { bytes, view } = this.#memory;
    const packet = BODY_AT;
    // A raw IPv4 socket gets the IP header as well.
    const body = packet + (this.family === 4 ? (view.getUint8(packet) & 0x0f) * 4 : 0);
    if (body + ECHO_HEADER + COOKIE_BYTES > packet + length) return undefined;
    if (view.getUint8(body) !== types[this.family].reply || view.getUint16(body + 4) !== this.#identifier) {
      return undefined;
    }
    for (let at = 0; at < COOKIE_BYTES; at++) if (bytes[body + ECHO_HEADER + at] !== this.#cookie[at]) return undefined;
    const from = readSocketAddress(view, NAME_AT)?.address;
    return from === undefined ? undefined : { from, sequence: view.getUint16(body + 6) };
  }

  #point(length: number, nameLength: number): void {
    const { address, view } = this.#memory;
    writeIoVector(view, MESSAGE_HEADER_SIZE, address + BODY_AT, length);
    writeMessageHeader(view, 0, {
      ...{ nameAddress: address + NAME_AT, nameLength },
      ...{ vectorAddress: address + MESSAGE_HEADER_SIZE, vectorCount: 1, controlAddress: 0, controlLength: 0 },
    });
  }
}
