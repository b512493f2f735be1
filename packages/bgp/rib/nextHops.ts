/** Next hops, each once, with what it costs to get there (RFC 4271 §9.1.2.1 and §9.1.2.2 e). */

export const UNREACHABLE = 0xffff_ffff;

/** Cost within our own network of reaching a next hop, 0…2³²−2; `UNREACHABLE`: it cannot be reached. */
export type InteriorCost = (nextHop: Uint8Array) => number;

export class NextHops {
  readonly #interiorCost: InteriorCost;
  readonly #ids = new Map<string, number>();
  readonly #keys: string[] = [''];
  readonly #addresses: Uint8Array[] = [new Uint8Array(0)];
  readonly #references: number[] = [0];
  readonly #costs: number[] = [0];
  readonly #free: number[] = [];

  constructor(interiorCost: InteriorCost) {
    // A route of our own has no next hop yet: it is reached by definition.
    this.#interiorCost = (address) => (address.every((byte) => byte === 0) ? 0 : interiorCost(address));
  }

  get count(): number {
    return this.#ids.size;
  }

  costOf(id: number): number {
    return this.#costs[id]!;
  }

  addressOf(id: number): Uint8Array {
    return this.#addresses[id]!;
  }

  /** Of an address with a link-local one behind it the first counts (RFC 2545 §3). */
  acquire(bytes: Uint8Array, offset: number, length: number): number {
    const address = bytes.subarray(offset, offset + Math.min(length, 16));
    const key = keyOf(address);
    const known = this.#ids.get(key);
    if (known !== undefined) {
      this.#references[known]! += 1;
      return known;
    }
    const id = this.#free.pop() ?? this.#costs.length;
    this.#ids.set(key, id);
    this.#keys[id] = key;
    this.#addresses[id] = address.slice();
    this.#references[id] = 1;
    this.#costs[id] = this.#interiorCost(this.#addresses[id]!);
    return id;
  }

  release(id: number): void {
    this.#references[id]! -= 1;
    if (this.#references[id]! > 0) return;
    this.#ids.delete(this.#keys[id]!);
    this.#free.push(id);
  }

  /** Asks again for every next hop; answers those whose cost has changed. */
  refresh(): ReadonlySet<number> {
    const changed = new Set<number>();
    for (const id of this.#ids.values()) {
      const cost = this.#interiorCost(this.#addresses[id]!);
      if (cost === this.#costs[id]) continue;
      this.#costs[id] = cost;
      changed.add(id);
    }
    return changed;
  }
}

function keyOf(address: Uint8Array): string {
  let key = '';
  for (const byte of address) key += String.fromCharCode(byte);
  return key;
}
