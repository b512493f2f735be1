/**
 * TCP sockets for routing protocols: made and bound here, with what has to be set before a connection is made or listened
 * for (TCP MD5, TTL and the least TTL that is taken, interface, source address); then Node's `net` takes the descriptor.
 */

import type { Family, IpAddress, Prefix } from '@patronus/net';
import { hostPrefix } from '@patronus/net';
import { closeDescriptor, SOCK_CLOEXEC, SOCK_NONBLOCK, SOCK_STREAM, setOption, setOptionBytes } from './descriptors.ts';
import { libc } from './ffi.ts';
import { checked } from './linuxError.ts';
import { nativeMemory } from './memory.ts';
import { addressFamily, SOCKET_ADDRESS_SIZE, unspecifiedAddress, writeSocketAddress } from './socketAddress.ts';
import { bindToDevice, IP_TTL, IPPROTO_IP, IPPROTO_IPV6, SOL_SOCKET } from './udpSocket.ts';

const SO_REUSEADDR = 2;
const IPPROTO_TCP = 6;
/** tcp(7); `struct tcp_md5sig` in linux/tcp.h. */
const TCP_MD5SIG = 14;
/** Linux 4.13: the same with flags, for keys of whole prefixes. */
const TCP_MD5SIG_EXT = 32;
const MD5_FLAG_PREFIX = 1;
const MD5_ADDRESS_ROOM = 128;
const MD5_KEY = 136;
/** Bytes that the kernel takes as a key. */
export const LONGEST_MD5_KEY = 80;
const MD5_SIZE = MD5_KEY + LONGEST_MD5_KEY;

const IP_TOS = 1;
/** ip(7), Linux 2.6.34: packets with less are dropped before TCP sees them. */
const IP_MINTTL = 21;
const IPV6_UNICAST_HOPS = 16;
const IPV6_V6ONLY = 26;
const IPV6_TCLASS = 67;
const IPV6_MINHOPCOUNT = 73;
/** Internetwork control (RFC 4594 §3.2): CS6. */
const NETWORK_CONTROL = 0xc0;

export interface TcpSocketOptions {
  readonly family: Family;
  /** Local address; without it any address of the family. */
  readonly address?: IpAddress;
  /** Local port; 0: the system chooses. */
  readonly port?: number;
  /** Only over this interface. */
  readonly device?: string;
  readonly hops?: HopLimits;
}

export interface HopLimits {
  /** TTL or hop limit of what is sent, 1…255. */
  readonly ttl: number;
  /** What arrives with less is dropped (RFC 5082); 0: nothing is asked. */
  readonly leastTtl: number;
}

/** A bound socket, neither connected nor listening; the caller owns the descriptor. Throws a LinuxError. */
export function openTcpSocket({ family, address, port = 0, device, hops }: TcpSocketOptions): number {
  const about = `open a TCP socket for IPv${family}`;
  const fd = checked(
    libc.socket(addressFamily(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
    'socket',
    about,
  );
  try {
    if (family === 6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1, about);
    // After a restart the port is free at once, though old connections are still being taken down.
    setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1, about);
    if (family === 4) setOption(fd, IPPROTO_IP, IP_TOS, NETWORK_CONTROL, about);
    else setOption(fd, IPPROTO_IPV6, IPV6_TCLASS, NETWORK_CONTROL, about);
    if (device !== undefined) bindToDevice(fd, device);
    if (hops !== undefined) setHopLimits(fd, family, hops);
    if (address !== undefined || port !== 0) bindTcp(fd, address ?? unspecifiedAddress(family), port);
    return fd;
  } catch (error) {
    closeDescriptor(fd);
    throw error;
  }
}

/** Also on a connection that was accepted: what it inherits is the listener's. */
export function setHopLimits(fd: number, family: Family, { ttl, leastTtl }: HopLimits): void {
  const about = `send with TTL ${ttl} and take no less than ${leastTtl}`;
  if (family === 4) {
    setOption(fd, IPPROTO_IP, IP_TTL, ttl, about);
    setOption(fd, IPPROTO_IP, IP_MINTTL, leastTtl, about);
  } else {
    setOption(fd, IPPROTO_IPV6, IPV6_UNICAST_HOPS, ttl, about);
    setOption(fd, IPPROTO_IPV6, IPV6_MINHOPCOUNT, leastTtl, about);
  }
}

/**
 * Signs and checks segments with a peer's key (RFC 2385); null takes the key away. With a prefix all peers in it share
 * the key, as far as a longer prefix does not say otherwise. On a listener it holds for connections to come.
 */
export function setMd5Key(fd: number, peer: IpAddress | Prefix, key: Uint8Array | null): void {
  const prefix = 'length' in peer ? peer : hostPrefix(peer);
  const isHost = prefix.length === prefix.bytes.length * 8;
  if (key !== null && (key.length === 0 || key.length > LONGEST_MD5_KEY)) {
    throw new RangeError(`a TCP MD5 key has 1…${LONGEST_MD5_KEY} bytes, this one has ${key.length}`);
  }
  const value = new Uint8Array(new ArrayBuffer(MD5_SIZE));
  const view = new DataView(value.buffer);
  writeSocketAddress(view, 0, prefix, 0);
  if (!isHost) {
    view.setUint8(MD5_ADDRESS_ROOM, MD5_FLAG_PREFIX);
    view.setUint8(MD5_ADDRESS_ROOM + 1, prefix.length);
  }
  view.setUint16(MD5_ADDRESS_ROOM + 2, key?.length ?? 0, true);
  if (key !== null) value.set(key, MD5_KEY);
  const about = 'set a TCP MD5 key';
  setOptionBytes(fd, IPPROTO_TCP, isHost ? TCP_MD5SIG : TCP_MD5SIG_EXT, value, about);
  value.fill(0);
}

function bindTcp(fd: number, address: IpAddress, port: number): void {
  const memory = nativeMemory(SOCKET_ADDRESS_SIZE);
  const length = writeSocketAddress(memory.view, 0, address, port);
  checked(libc.bind(fd, memory.address, length), 'bind', `bind TCP port ${port} (IPv${address.family})`);
}
