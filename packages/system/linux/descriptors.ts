/** What every descriptor needs: socket options, non-blocking mode, closing. */

import { libc } from './ffi.ts';
import { checked } from './linuxError.ts';
import { addressOf, nativeMemory } from './memory.ts';

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;

const F_GETFL = 3;
const F_SETFL = 4;
const O_NONBLOCK = 0o4000;

const four = nativeMemory(8);

/** Sets an int option. */
export function setOption(fd: number, level: number, name: number, value: number, about: string): void {
  four.view.setInt32(0, value, true);
  checked(libc.setsockopt(fd, level, name, four.address, 4), 'setsockopt', about);
}

/** Sets an int option where the kernel lets us; false where it does not. */
export function trySetOption(fd: number, level: number, name: number, value: number): boolean {
  four.view.setInt32(0, value, true);
  return libc.setsockopt(fd, level, name, four.address, 4) === 0;
}

export function setOptionBytes(fd: number, level: number, name: number, value: Uint8Array, about: string): void {
  checked(libc.setsockopt(fd, level, name, addressOf(value), value.length), 'setsockopt', about);
}

export function getOption(fd: number, level: number, name: number, about: string): number {
  four.view.setInt32(4, 4, true);
  checked(libc.getsockopt(fd, level, name, four.address, four.address + 4), 'getsockopt', about);
  return four.view.getInt32(0, true);
}

export function setNonBlocking(fd: number): void {
  const flags = checked(libc.fcntl(fd, F_GETFL, 0), 'fcntl', `read the flags of descriptor ${fd}`);
  checked(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl', `make descriptor ${fd} non-blocking`);
}

/** Closes a descriptor; harmless when it is closed already, but never call it twice: numbers are used again. */
export function closeDescriptor(fd: number): void {
  libc.close(fd);
}
