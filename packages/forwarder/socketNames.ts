/** The packet path knows uplink sockets by number, their owner by name (descriptorNames.ts). */
import { uplinkOfSocket } from './descriptorNames.ts';
import { MOST_SOCKETS } from './memory.ts';

export class SocketNames {
  readonly #numbers = new Map<string, number>();
  readonly #free: number[] = Array.from({ length: MOST_SOCKETS }, (_, at) => MOST_SOCKETS - 1 - at);

  /** The number of an uplink's socket, whether its descriptor came already or not; undefined when there are too many. */
  numberOf(name: string): number | undefined {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const number = this.#free.pop();
    if (number !== undefined) this.#numbers.set(name, number);
    return number;
  }

  /** Forgets the sockets of all uplinks but these; answers their numbers. */
  keepUplinks(uplinkIds: ReadonlySet<string>): number[] {
    const released: number[] = [];
    for (const [name, number] of this.#numbers) {
      if (uplinkIds.has(uplinkOfSocket(name))) continue;
      this.#numbers.delete(name);
      this.#free.push(number);
      released.push(number);
    }
    return released;
  }
}
