/** Adj-RIB-Out of one peer: all its families, and the UPDATEs that take it from what it has to what it should have. */
import type { FamilyKey } from '../codec/families.ts';
import type { AdjOutFamily } from './adjOutFamily.ts';
import type { ByteSets } from './byteSets.ts';
import type { MessageBuffer } from './updatePacker.ts';

const nothing = new Uint8Array(0);

export class AdjOut {
  readonly #families: ReadonlyMap<FamilyKey, AdjOutFamily>;
  readonly #out: MessageBuffer;
  readonly #wires: ByteSets;
  /** Which family comes first in the next call, so that none starves. */
  #turn = 0;

  /** Made by `Rib.openAdjOut`. */
  constructor(families: ReadonlyMap<FamilyKey, AdjOutFamily>, out: MessageBuffer, wires: ByteSets) {
    this.#families = families;
    this.#out = out;
    this.#wires = wires;
  }

  /** There is something to send: ask `nextUpdates` until there is not. */
  get hasMore(): boolean {
    for (const family of this.#families.values()) if (family.hasMore) return true;
    return false;
  }

  get bytes(): number {
    let bytes = this.#out.bytes.length;
    for (const family of this.#families.values()) bytes += family.bytes;
    return bytes;
  }

  /** Routes that the peer was told of this family, or of all. */
  told(family?: FamilyKey): number {
    if (family !== undefined) return this.#families.get(family)?.count ?? 0;
    let count = 0;
    for (const one of this.#families.values()) count += one.count;
    return count;
  }

  family(family: FamilyKey): AdjOutFamily | undefined {
    return this.#families.get(family);
  }

  families(): Iterable<[FamilyKey, AdjOutFamily]> {
    return this.#families;
  }

  /** The peer has asked for everything again (RFC 2918 §4, 7313 §4). */
  refresh(family: FamilyKey): void {
    this.#families.get(family)?.refresh();
  }

  /**
   * Whole messages to send next, withdrawals before announcements: about `budgetBytes`, one message more at most, and of
   * bounded work, so that it may come to nothing although there is more. The caller owns the bytes. What it takes counts
   * as told: call it when the connection has room, and changes that undo each other meanwhile are never sent.
   */
  nextUpdates(budgetBytes: number): Uint8Array {
    const out = this.#out;
    out.length = 0;
    const families = [...this.#families.values()];
    for (let at = 0; at < families.length && out.length < budgetBytes; at++) {
      const family = families[(this.#turn + at) % families.length]!;
      if (family.hasMore) family.write(budgetBytes);
    }
    this.#turn += 1;
    this.#wires.collect();
    return out.length === 0 ? nothing : out.bytes.slice(0, out.length);
  }

  close(): void {
    for (const family of this.#families.values()) {
      family.close();
      family.rules.users -= 1;
    }
    this.#wires.collect();
  }
}
