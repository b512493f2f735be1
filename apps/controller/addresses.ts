/** Where the controller can be reached: what the operator says, or every address of this machine. */

import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

/** Names and addresses in order of use; `given` wins, else the machine's own, IPv4 first. Asked each time: they change. */
export function reachableAt(given: readonly string[]): string[] {
  if (given.length > 0) return given.map((name) => name.toLowerCase());
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((one) => !one.internal && !one.address.startsWith('fe80:'));
  const sorted = [...own.filter((one) => one.family === 'IPv4'), ...own.filter((one) => one.family === 'IPv6')];
  return [...new Set([...sorted.map((one) => one.address), 'localhost'])];
}

/** `host:port`, an IPv6 address in brackets. */
export function withPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An IPv4 client of a dual-stack socket, as people write it (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
