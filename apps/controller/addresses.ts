/** Where the controller can be reached: what the operator says, or every address of this machine. */

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';

/** More than any machine has for long; IPv6 addresses that change every day push the oldest absent ones out. */
const mostRemembered = 16;

/**
 * Names and addresses in the order in which they were first seen; what the operator gave wins over the machine's own.
 *
 * An address that is gone for a moment (an interface that comes later than we do, at a start) stays in the list: taking
 * it out would send every edge a configuration with which it cannot come back. Edges trust no address, only our
 * certificate, and try the next one when one is silent.
 */
export class OwnAddresses {
  readonly #given: readonly string[];
  readonly #file: string;
  #remembered: readonly string[];

  constructor(directory: string, given: readonly string[]) {
    this.#given = given.map((name) => name.toLowerCase());
    this.#file = join(directory, 'addresses.json');
    this.#remembered = readAddresses(this.#file);
  }

  /** Looked up each time: they change. */
  list(): string[] {
    if (this.#given.length > 0) return [...this.#given];
    const present = presentAddresses();
    const next = remember(this.#remembered, present);
    if (next.length !== this.#remembered.length || next.some((address, at) => address !== this.#remembered[at])) {
      this.#remembered = next;
      keepAddresses(this.#file, next);
    }
    return [...next, 'localhost'];
  }
}

/** The earlier ones in their order, then the new; beyond the limit the oldest that are absent now are forgotten. */
export function remember(earlier: readonly string[], present: readonly string[]): string[] {
  const all = [...new Set([...earlier, ...present])];
  const absent = all.filter((address) => !present.includes(address));
  const forgotten = new Set(absent.slice(0, Math.max(0, all.length - mostRemembered)));
  return all.filter((address) => !forgotten.has(address));
}

function presentAddresses(): string[] {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter((one) => !one.internal && !one.address.startsWith('fe80:'));
  const sorted = [...own.filter((one) => one.family === 'IPv4'), ...own.filter((one) => one.family === 'IPv6')];
  return sorted.map((one) => one.address);
}

/** On a full disk they are remembered until the next start alone; nobody's request fails for that. */
function keepAddresses(file: string, addresses: readonly string[]): void {
  try {
    writeFileSync(`${file}.new`, `${JSON.stringify(addresses)}\n`, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

function readAddresses(file: string): string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return [];
  }
}

/** `host:port`, an IPv6 address in brackets. */
export function withPort(host: string, port: number): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An IPv4 client of a dual-stack socket, as people write it (RFC 4291 §2.5.5.2). */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
