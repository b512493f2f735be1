/** A system call that failed, told so that a person can act on it. */

import { constants } from 'node:os';
import { lastErrorNumber } from './ffi.ts';

/** Second names of numbers that Linux has one of. */
const aliases = new Set(['EWOULDBLOCK', 'ENOTSUP']);

const names = new Map<number, string>(
  Object.entries(constants.errno)
    .filter(([name]) => !aliases.has(name))
    .map(([name, number]) => [number, name]),
);

const advice: Readonly<Record<string, string>> = {
  EPERM: 'run as root, or grant CAP_NET_ADMIN and CAP_NET_RAW',
  EACCES: 'run as root, or grant CAP_NET_ADMIN and CAP_NET_RAW',
  EADDRINUSE: 'another program has this address and port: choose another port or stop that program',
  EADDRNOTAVAIL: 'no interface has this address: check `ip address`',
  EBUSY: 'another program holds it: stop that program or choose another name',
  EMFILE: 'too many open files: raise LimitNOFILE',
  ENETDOWN: 'the interface is down: switch it on with `ip link set NAME up`',
  ENETUNREACH: 'no route leads there: check `ip route` and the gateway',
  ENODEV: 'no such interface: check `ip link`',
  ENOENT: 'it does not exist',
  ESRCH: 'it does not exist',
  EEXIST: 'it exists already',
  EOPNOTSUPP: 'this kernel does not support it',
  EINVAL: 'the kernel does not accept these values together',
  ETIMEDOUT: 'the kernel did not answer in time: try again',
};

/** `code` is the error's C name (`EPERM`), `call` the system call or netlink request. */
export class LinuxError extends Error {
  readonly code: string;
  readonly call: string;

  /** `about` says what was to be done, e.g. `create the interface patronus0`; `hint` replaces the general advice. */
  constructor(code: string, call: string, about: string, hint?: string) {
    const remedy = hint ?? advice[code];
    super(`cannot ${about}: ${call} answered ${code}${remedy === undefined ? '' : `; ${remedy}`}`);
    this.name = 'LinuxError';
    this.code = code;
    this.call = call;
  }
}

/** `ENODEV` for 19; `E<number>` for one without a name. */
export function errorName(errorNumber: number): string {
  return names.get(errorNumber) ?? `E${errorNumber}`;
}

/** The C name of the error of the call that just failed. */
export function lastErrorName(): string {
  return errorName(lastErrorNumber());
}

/** Passes a result through, or throws for the call that just failed (a result below zero). */
export function checked(result: number, call: string, about: string, hint?: string): number {
  if (result >= 0) return result;
  throw new LinuxError(lastErrorName(), call, about, hint);
}
