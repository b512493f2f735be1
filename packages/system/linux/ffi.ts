/**
 * The functions of the C library that we call, declared in this one place.
 *
 * Addresses go as `size_t` numbers (see memory.ts) and `ssize_t` comes back as `int64_t`. Functions that are variadic
 * in C (ioctl, fcntl, prctl, open) are declared with the arguments we pass: Linux on x86-64 and on arm64 hands those
 * over as if they were fixed. No system call numbers appear, since they differ between the two.
 */

import koffi from 'koffi';

/** Symbols of the running program, which has the C library linked in: the same on glibc and musl. */
const library = koffi.load(null);

type Argument = number | string;

function declare<Arguments extends readonly Argument[]>(
  name: string,
  result: string,
  parameters: string[],
): (...values: Arguments) => number {
  return library.func(name, result, parameters) as unknown as (...values: Arguments) => number;
}

type N = number;

export const libc = {
  open: declare<[path: string, flags: N, mode: N]>('open', 'int', ['str', 'int', 'uint']),
  close: declare<[fd: N]>('close', 'int', ['int']),
  read: declare<[fd: N, address: N, length: N]>('read', 'int64_t', ['int', 'size_t', 'size_t']),
  write: declare<[fd: N, address: N, length: N]>('write', 'int64_t', ['int', 'size_t', 'size_t']),
  /** Gathers an array of `struct iovec`. */
  writev: declare<[fd: N, vectors: N, count: N]>('writev', 'int64_t', ['int', 'size_t', 'int']),
  ioctl: declare<[fd: N, request: N, argument: N]>('ioctl', 'int', ['int', 'ulong', 'size_t']),
  fcntl: declare<[fd: N, command: N, argument: N]>('fcntl', 'int', ['int', 'int', 'size_t']),
  socket: declare<[domain: N, type: N, protocol: N]>('socket', 'int', ['int', 'int', 'int']),
  socketpair: declare<[domain: N, type: N, protocol: N, pair: N]>('socketpair', 'int', ['int', 'int', 'int', 'size_t']),
  bind: declare<[fd: N, address: N, length: N]>('bind', 'int', ['int', 'size_t', 'uint']),
  getsockname: declare<[fd: N, address: N, length: N]>('getsockname', 'int', ['int', 'size_t', 'size_t']),
  setsockopt: declare<[fd: N, level: N, name: N, value: N, length: N]>('setsockopt', 'int', [
    'int',
    'int',
    'int',
    'size_t',
    'uint',
  ]),
  getsockopt: declare<[fd: N, level: N, name: N, value: N, length: N]>('getsockopt', 'int', [
    'int',
    'int',
    'int',
    'size_t',
    'size_t',
  ]),
  send: declare<[fd: N, address: N, length: N, flags: N]>('send', 'int64_t', ['int', 'size_t', 'size_t', 'int']),
  recv: declare<[fd: N, address: N, length: N, flags: N]>('recv', 'int64_t', ['int', 'size_t', 'size_t', 'int']),
  sendmsg: declare<[fd: N, header: N, flags: N]>('sendmsg', 'int64_t', ['int', 'size_t', 'int']),
  recvmsg: declare<[fd: N, header: N, flags: N]>('recvmsg', 'int64_t', ['int', 'size_t', 'int']),
  /** Arrays of 64-byte entries (messageHeader.ts); `timeout` is a timespec's address, 0 for none. */
  sendmmsg: declare<[fd: N, headers: N, count: N, flags: N]>('sendmmsg', 'int', ['int', 'size_t', 'uint', 'int']),
  recvmmsg: declare<[fd: N, headers: N, count: N, flags: N, timeout: N]>('recvmmsg', 'int', [
    'int',
    'size_t',
    'uint',
    'int',
    'size_t',
  ]),
  ppoll: declare<[descriptors: N, count: N, timeout: N, signalMask: N]>('ppoll', 'int', [
    'size_t',
    'ulong',
    'size_t',
    'size_t',
  ]),
  eventfd: declare<[initial: N, flags: N]>('eventfd', 'int', ['uint', 'int']),
  /** Of the calling thread alone; children it starts inherit it. */
  unshare: declare<[flags: N]>('unshare', 'int', ['int']),
  ifNameToIndex: declare<[name: string]>('if_nametoindex', 'uint', ['str']),
  prctl: declare<[option: N, a: N, b: N, c: N, d: N]>('prctl', 'int', ['int', 'ulong', 'ulong', 'ulong', 'ulong']),
  schedSetScheduler: declare<[pid: N, policy: N, parameters: N]>('sched_setscheduler', 'int', ['int', 'int', 'size_t']),
} as const;

/** The error number of the call that just failed. Means nothing after a success, and nothing after another call. */
export function lastErrorNumber(): number {
  return koffi.errno();
}

/**
 * A function of the running program by its C name, taking `count` addresses or sizes; undefined where there is none. For
 * what is no part of the C library and may be missing: see that it does what you think before you rely on it. To be declared
 * once: each declaration takes memory for good.
 */
export function cFunction(
  name: string,
  result: 'void' | 'size_t',
  count: number,
): ((...values: readonly number[]) => number) | undefined {
  try {
    return library.func(name, result, new Array<string>(count).fill('size_t')) as unknown as (
      ...values: readonly number[]
    ) => number;
  } catch {
    return undefined;
  }
}
