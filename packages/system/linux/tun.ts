/** The TUN interface: layer 3, no packet information header, non-blocking. It lives as long as its descriptor is open. */

import type { Tun } from '../index.ts';
import { closeDescriptor } from './descriptors.ts';
import { libc } from './ffi.ts';
import { interfaceNameBytes } from './interfaceName.ts';
import { LinuxError, lastErrorName } from './linuxError.ts';
import { addressOf, nativeMemory } from './memory.ts';

const O_RDWR = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

const TUNSETIFF = 0x4004_54ca;
const TUNSETOFFLOAD = 0x4004_54d0;
const TUNGETIFF = 0x8004_54d2;
const IFF_TUN = 0x0001;
const IFF_NO_PI = 0x1000;
const IFF_VNET_HDR = 0x4000;
/** `struct ifreq`: a name of 16 bytes, then a union whose first two bytes are the flags here. */
const INTERFACE_REQUEST_SIZE = 40;

/** Offloads for TUNSETOFFLOAD; the others need `checksum`. */
export const TunOffload = { checksum: 0x01, tso4: 0x02, tso6: 0x04, tsoEcn: 0x08, uso4: 0x20, uso6: 0x40 } as const;

export interface TunOptions {
  /** Packets carry a 10-byte virtio_net_hdr in front, so that segmentation can be offloaded. */
  readonly virtioHeader?: boolean;
}

export interface OpenedTun extends Tun {
  readonly fd: number;
}

/**
 * Makes (or takes over, if nobody holds it) the TUN interface `name`. It is down and has no address yet.
 * Throws a LinuxError that says what is missing: root, the tun module, or a free name.
 */
export function openTun(name: string, options: TunOptions = {}): OpenedTun {
  const request = nativeMemory(INTERFACE_REQUEST_SIZE);
  request.bytes.set(interfaceNameBytes(name), 0);
  const flags = IFF_TUN | IFF_NO_PI | (options.virtioHeader === true ? IFF_VNET_HDR : 0);
  request.view.setUint16(16, flags, true);
  const fd = libc.open('/dev/net/tun', O_RDWR | O_NONBLOCK | O_CLOEXEC, 0);
  if (fd < 0) throw missingDevice(lastErrorName());
  if (libc.ioctl(fd, TUNSETIFF, request.address) < 0) {
    const code = lastErrorName();
    closeDescriptor(fd);
    throw refusedInterface(code, name);
  }
  const interfaceIndex = libc.ifNameToIndex(name);
  return new LinuxTun(fd, name, interfaceIndex);
}

function missingDevice(code: string): LinuxError {
  const hint =
    code === 'EACCES' || code === 'EPERM'
      ? 'run as root, or let the container use /dev/net/tun'
      : 'load the module with `modprobe tun`, or make it with `mkdir -p /dev/net && mknod /dev/net/tun c 10 200`';
  return new LinuxError(code, 'open', 'open /dev/net/tun', hint);
}

function refusedInterface(code: string, name: string): LinuxError {
  const hints: Readonly<Record<string, string>> = {
    EPERM: 'run as root, or grant CAP_NET_ADMIN',
    EBUSY: `another program holds an interface of this name: stop it (is an edge running already?) or choose another name`,
    EINVAL: `an interface of this name and another kind exists: remove it with \`ip link del ${name}\` or choose another name`,
  };
  return new LinuxError(code, 'ioctl TUNSETIFF', `create the interface ${name}`, hints[code]);
}

class LinuxTun implements OpenedTun {
  readonly fd: number;
  readonly name: string;
  readonly interfaceIndex: number;

  constructor(fd: number, name: string, interfaceIndex: number) {
    this.fd = fd;
    this.name = name;
    this.interfaceIndex = interfaceIndex;
  }

  read(into: Uint8Array): number {
    return Math.max(0, libc.read(this.fd, addressOf(into), into.length));
  }

  write(packet: Uint8Array): boolean {
    return libc.write(this.fd, addressOf(packet), packet.length) === packet.length;
  }

  close(): void {
    closeDescriptor(this.fd);
  }
}

/** Switches segmentation offloads (TunOffload values or-ed) of a TUN with a virtio header; false where it has none of them. */
export function trySetTunOffloads(fd: number, offloads: number): boolean {
  return libc.ioctl(fd, TUNSETOFFLOAD, offloads) === 0;
}

/** Whether packets of this TUN carry a virtio header. Also false for a descriptor that is not a TUN. */
export function hasVirtioHeader(fd: number): boolean {
  const request = nativeMemory(INTERFACE_REQUEST_SIZE);
  if (libc.ioctl(fd, TUNGETIFF, request.address) < 0) return false;
  return (request.view.getUint16(16, true) & IFF_VNET_HDR) !== 0;
}
