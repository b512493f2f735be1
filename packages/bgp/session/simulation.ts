/** Two sessions and the connections between them in memory, with a clock of its own: for tests. */
import type { SessionConfiguration } from './configuration.ts';
import type { ConnectionId, SessionEffect, SessionInput } from './effects.ts';
import { Session } from './session.ts';

export type End = 'a' | 'b';
export const other = (end: End): End => (end === 'a' ? 'b' : 'a');

/** Repeatable numbers of 0…1 (xorshift32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

interface Wire {
  readonly id: ConnectionId;
  readonly from: End;
  /** Which ends still hold it. */
  readonly open: Set<End>;
}

interface Event {
  readonly atMs: number;
  readonly end: End;
  readonly input: SessionInput;
}

export interface PairOptions {
  readonly a?: Partial<SessionConfiguration>;
  readonly b?: Partial<SessionConfiguration>;
  readonly delayMs?: number;
  /** What arrives may take so much longer, by chance; of one connection it arrives in order all the same. */
  readonly spreadMs?: number;
  readonly seed?: number;
  /** Chops what is sent into chunks of so many bytes. */
  readonly chunkBytes?: number;
}

/** AS 65001 (identifier 1) and AS 65002 (identifier 2), unless told otherwise. */
export class Pair {
  nowMs = 1_000;
  readonly a: Session;
  readonly b: Session;
  /** All effects, in order. */
  readonly log: { readonly atMs: number; readonly end: End; readonly effect: SessionEffect }[] = [];
  /** While true nothing that is sent arrives. */
  isCut = false;
  readonly #wires = new Map<ConnectionId, Wire>();
  readonly #queue: Event[] = [];
  readonly #delayMs: number;
  readonly #spreadMs: number;
  readonly #random: () => number;
  /** When the last thing of a connection arrives at an end. */
  readonly #lastAtMs: Record<End, Map<ConnectionId, number>> = { a: new Map(), b: new Map() };
  readonly #chunkBytes: number;

  constructor({ a = {}, b = {}, delayMs = 1, spreadMs = 0, seed = 1, chunkBytes = 1 << 20 }: PairOptions = {}) {
    let connections = 0;
    const newConnection = () => ++connections;
    const random = seededRandom(seed);
    this.a = new Session({
      configuration: { localAs: 65_001, peerAs: 65_002, identifier: 1, ...a },
      ...{ random, newConnection },
    });
    this.b = new Session({
      configuration: { localAs: 65_002, peerAs: 65_001, identifier: 2, ...b },
      ...{ random, newConnection },
    });
    this.#delayMs = delayMs;
    this.#spreadMs = spreadMs;
    this.#random = seededRandom(seed);
    this.#chunkBytes = chunkBytes;
  }

  get openConnections(): number {
    return [...this.#wires.values()].filter(({ open }) => open.size === 2).length;
  }

  /** Who made the connections that are open. */
  get connectionsFrom(): End[] {
    return [...this.#wires.values()].filter(({ open }) => open.size === 2).map(({ from }) => from);
  }

  start(): void {
    this.give('a', { kind: 'start' });
    this.give('b', { kind: 'start' });
  }

  states(): readonly [string, string] {
    return [this.a.state, this.b.state];
  }

  /** Effects of one kind that one end had. */
  taken<Kind extends SessionEffect['kind']>(end: End, kind: Kind): Extract<SessionEffect, { kind: Kind }>[] {
    return this.log.flatMap((entry) =>
      entry.end === end && entry.effect.kind === kind ? [entry.effect as Extract<SessionEffect, { kind: Kind }>] : [],
    );
  }

  give(end: End, input: SessionInput): void {
    for (const effect of this[end].handle(input, this.nowMs)) {
      this.log.push({ atMs: this.nowMs, end, effect });
      this.#carryOut(end, effect);
    }
  }

  /** Lets time pass. */
  run(spanMs: number): void {
    const endMs = this.nowMs + spanMs;
    for (;;) {
      const next = this.#queue[0];
      const deadline = Math.min(this.a.deadline, this.b.deadline);
      const atMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, deadline);
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs <= this.nowMs) {
        this.#queue.shift();
        this.give(next.end, next.input);
        continue;
      }
      for (const end of ['a', 'b'] as const) if (this[end].deadline <= this.nowMs) this.give(end, { kind: 'tick' });
    }
    this.nowMs = endMs;
  }

  /** The connection that holds the session breaks, for both ends. */
  breakConnections(): void {
    for (const { id, open } of this.#wires.values()) {
      for (const end of open) this.give(end, { kind: 'closed', connection: id, reason: 'connection reset' });
      open.clear();
    }
  }

  #later(end: End, input: SessionInput & { readonly connection: ConnectionId }): void {
    const last = this.#lastAtMs[end];
    const atMs = Math.max(
      this.nowMs + this.#delayMs + this.#spreadMs * this.#random(),
      last.get(input.connection) ?? 0,
    );
    last.set(input.connection, atMs);
    const event = { atMs, end, input };
    const at = this.#queue.findIndex(({ atMs }) => atMs > event.atMs);
    if (at < 0) this.#queue.push(event);
    else this.#queue.splice(at, 0, event);
  }

  #carryOut(end: End, effect: SessionEffect): void {
    if (effect.kind === 'connect') {
      const { connection } = effect;
      this.#wires.set(connection, { id: connection, from: end, open: new Set(['a', 'b']) });
      if (this.isCut) return;
      this.#later(other(end), { kind: 'accepted', connection });
      this.#later(end, { kind: 'connected', connection });
    } else if (effect.kind === 'close') {
      const wire = this.#wires.get(effect.connection);
      wire?.open.delete(end);
      if (!this.isCut) this.#later(other(end), { kind: 'closed', connection: effect.connection });
    } else if (effect.kind === 'send') this.#send(end, effect.connection, effect.bytes);
  }

  #send(end: End, connection: ConnectionId, bytes: Uint8Array): void {
    this.give(end, { kind: 'sent', connection, waitingBytes: 0 });
    if (this.isCut) return;
    for (let at = 0; at < bytes.length; at += this.#chunkBytes) {
      const chunk = bytes.slice(at, at + this.#chunkBytes);
      this.#later(other(end), { kind: 'bytes', connection, bytes: chunk });
    }
  }
}
