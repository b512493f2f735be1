/** Descriptors have names (`tun`, `uplink:ID:4`); the packet path knows uplink sockets by number. */
import type { Family } from '@patronus/net';
import { MOST_SOCKETS } from './memory.ts';

export const TUN_NAME = 'tun';

export function uplinkSocketName(uplinkId: string, family: Family): string {
  return `uplink:${uplinkId}:${family}`;
}

export class SocketNames {
  readonly #numbers = new Map<string, number>();

  /** The number of an uplink's socket, whether its descriptor came already or not; undefined when there are too many. */
  numberOf(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    if (number >= MOST_SOCKETS) return undefined;
    this.#numbers.set(name, number);
    return number;
  }
}
