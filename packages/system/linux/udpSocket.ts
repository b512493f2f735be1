/**
 * The UDP socket of one uplink and family: bound to the uplink's interface, marked, non-blocking, and answering from
 * the address it was asked at. Two sockets instead of a dual-stack one, so that each family has its own path MTU rules
 * and its own source addresses.
 */

import type { Family, IpAddress } from '@patronus/net';
import {
  closeDescriptor,
  getOption,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  setOption,
  setOptionBytes,
  trySetOption,
} from './descriptors.ts';
import { libc } from './ffi.ts';
import { interfaceNameBytes } from './interfaceName.ts';
import { checked } from './linuxError.ts';
import { nativeMemory } from './memory.ts';
import {
  addressFamily,
  readSocketAddress,
  SOCKET_ADDRESS_SIZE,
  unspecifiedAddress,
  writeSocketAddress,
} from './socketAddress.ts';

export const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_BINDTODEVICE = 25;
const SO_SNDBUFFORCE = 32;
const SO_RCVBUFFORCE = 33;
const SO_MARK = 36;
const SO_BINDTOIFINDEX = 62;

export const IPPROTO_IP = 0;
const IP_TOS = 1;
/** Also the type of the control message that tells the TTL of a datagram (an int; ip(7)). */
export const IP_TTL = 2;
export const IP_PKTINFO = 8;
const IP_MTU_DISCOVER = 10;
const IP_RECVTTL = 12;

export const IPPROTO_IPV6 = 41;
const IPV6_UNICAST_HOPS = 16;
const IPV6_MTU_DISCOVER = 23;
const IPV6_V6ONLY = 26;
const IPV6_RECVPKTINFO = 49;
export const IPV6_PKTINFO = 50;
const IPV6_RECVHOPLIMIT = 51;
/** Type of the control message that tells the hop limit of a datagram (an int; RFC 3542 §6.3). */
export const IPV6_HOPLIMIT = 52;
const IPV6_TCLASS = 67;

/** `dont`: fragment freely. `do`: honour the learned path MTU. `probe`: set DF and ignore what was learned. */
const mtuDiscovery = { dont: 0, do: 2, probe: 3 } as const;

export interface UdpSocketOptions {
  readonly family: Family;
  /** The uplink's interface; without it any interface will do. */
  readonly device?: string;
  /** Firewall mark of every packet sent, for the policy rules of the uplink. */
  readonly mark?: number;
  /** Local address; without it any address of the family. */
  readonly address?: IpAddress;
  /** 0: let the system choose. */
  readonly port: number;
  readonly receiveBufferBytes?: number;
  readonly sendBufferBytes?: number;
  /** Default `dont`: the outer packet of a tunnel may be fragmented rather than lost. */
  readonly mtuDiscovery?: keyof typeof mtuDiscovery;
  /** Traffic class of outer packets, 0…255. */
  readonly trafficClass?: number;
  /** TTL or hop limit of what is sent, 1…255; the system's unless given. */
  readonly hopLimit?: number;
  /** Received datagrams come with their TTL or hop limit as a control message. */
  readonly tellsHopLimit?: boolean;
}

export interface OpenedUdpSocket {
  readonly fd: number;
  readonly family: Family;
  readonly port: number;
}

/** Opens the socket; the caller owns the descriptor. Throws a LinuxError that names the interface or port at fault. */
export function openUdpSocket(options: UdpSocketOptions): OpenedUdpSocket {
  const { family } = options;
  const about = `open a UDP socket for IPv${family}`;
  const fd = checked(libc.socket(addressFamily(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket', about);
  try {
    if (family === 6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, about);
    if (options.device !== undefined) bindToDevice(fd, options.device);
    if (options.mark !== undefined) setOption(fd, SOL_SOCKET, SO_MARK, options.mark, 'mark the packets of a socket');
    setBuffers(fd, options);
    setIpOptions(fd, options, about);
    return { fd, family, port: bindSocket(fd, options) };
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/**
 * Ties a socket to an interface by name. Again after the interface came back with another index: the kernel remembers
 * the index, and a socket bound to one that is gone stays silent.
 */
export function bindToDevice(fd: number, device: string): void {
  const name = interfaceNameBytes(device);
  setOptionBytes(fd, SOL_SOCKET, SO_BINDTODEVICE, name, `bind a socket to the interface ${device}`);
}

/** Index of the interface that a socket is tied to (Linux 5.1), 0: none. */
export function boundInterface(fd: number): number {
  return getOption(fd, SOL_SOCKET, SO_BINDTOIFINDEX, 'read the interface of a socket');
}

function setBuffers(fd: number, { receiveBufferBytes, sendBufferBytes }: UdpSocketOptions): void {
  // The forced options pass net.core.rmem_max, but need CAP_NET_ADMIN; the plain ones are capped silently.
  const set = (bytes: number | undefined, forced: number, plain: number) => {
    if (bytes !== undefined && !trySetOption(fd, SOL_SOCKET, forced, bytes)) trySetOption(fd, SOL_SOCKET, plain, bytes);
  };
  set(receiveBufferBytes, SO_RCVBUFFORCE, SO_RCVBUF);
  set(sendBufferBytes, SO_SNDBUFFORCE, SO_SNDBUF);
}

function setIpOptions(fd: number, options: UdpSocketOptions, about: string): void {
  const discovery = mtuDiscovery[options.mtuDiscovery ?? 'dont'];
  if (options.family === 4) {
    setOption(fd, IPPROTO_IP, IP_PKTINFO, 1, about);
    setOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, discovery, about);
    if (options.trafficClass !== undefined) setOption(fd, IPPROTO_IP, IP_TOS, options.trafficClass, about);
    if (options.hopLimit !== undefined) setOption(fd, IPPROTO_IP, IP_TTL, options.hopLimit, about);
    if (options.tellsHopLimit === true) setOption(fd, IPPROTO_IP, IP_RECVTTL, 1, about);
  } else {
    setOption(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1, about);
    setOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, discovery, about);
    if (options.trafficClass !== undefined) setOption(fd, IPPROTO_IPV6, IPV6_TCLASS, options.trafficClass, about);
    if (options.hopLimit !== undefined) setOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, options.hopLimit, about);
    if (options.tellsHopLimit === true) setOption(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, 1, about);
  }
}

/** Binds and answers the port. */
function bindSocket(fd: number, { family, address, port }: UdpSocketOptions): number {
  const memory = nativeMemory(SOCKET_ADDRESS_SIZE + 4);
  const length = writeSocketAddress(memory.view, 0, address ?? unspecifiedAddress(family), port);
  checked(libc.bind(fd, memory.address, length), 'bind', `bind UDP port ${port} (IPv${family})`);
  memory.view.setUint32(SOCKET_ADDRESS_SIZE, SOCKET_ADDRESS_SIZE, true);
  const lengthAddress = memory.address + SOCKET_ADDRESS_SIZE;
  checked(libc.getsockname(fd, memory.address, lengthAddress), 'getsockname', 'read the port of a socket');
  return readSocketAddress(memory.view, 0)?.port ?? port;
}

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const UDP_GRO = 104;

/** The control message of `sendmsg` that cuts one buffer into datagrams of a given length (a u16; Linux 4.18, udp(7)). */
export const udpSegment = { level: SOL_UDP, type: UDP_SEGMENT } as const;
/** The control message of `recvmsg` that tells the length of the datagrams in one buffer (an int; Linux 5.0, udp(7)). */
export const udpGro = { level: SOL_UDP, type: UDP_GRO } as const;

/** Whether this kernel knows UDP_SEGMENT. A device may still refuse it for one datagram. */
export function knowsUdpSegment(fd: number): boolean {
  return trySetOption(fd, SOL_UDP, UDP_SEGMENT, 0);
}

/** Lets the socket receive datagrams of one sender together, `udpGro` telling where each ends; false where it cannot. */
export function enableUdpGro(fd: number): boolean {
  return trySetOption(fd, SOL_UDP, UDP_GRO, 1);
}

/** Sets the don't-fragment bit on what this socket sends, whatever was learned of the path; false where it cannot. */
export function setDontFragment(fd: number, family: Family, on: boolean): boolean {
  const mode = on ? mtuDiscovery.probe : mtuDiscovery.dont;
  return family === 4
    ? trySetOption(fd, IPPROTO_IP, IP_MTU_DISCOVER, mode)
    : trySetOption(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, mode);
}
