/** The numbered streams of all edges: made when their first packet comes, begun anew when their epoch changes. */
import { Drop, PASSED } from '../drops.ts';
import type { Link } from '../links.ts';
import { Decoder } from './decoder.ts';
import {
  MOST_STREAMS_OF_EDGE,
  NUMBERED_HEADER_LENGTH,
  NumberedFlag,
  PARITY_HEADER_LENGTH,
  readNumberedHeader,
  readParityHeader,
} from './numberedFrame.ts';
import type { Shards } from './shards.ts';
import { Stream, type StreamParts } from './stream.ts';

/** How long what is behind a gap waits: for a copy that comes over another tunnel, and for parity. */
const COPY_WAIT_MS = 10;
const PARITY_WAIT_MS = 30;
/** About 25 kB each. */
const MOST_STREAMS = 512;

interface Received {
  readonly stream: Stream;
  readonly decoder: Decoder;
}

export class Receivers {
  /** When `expire` has to come, ms. */
  deadline = Number.POSITIVE_INFINITY;
  readonly #shards: Shards;
  readonly #parts: StreamParts;
  readonly #streams = new Map<number, Received>();
  readonly #numbered = { stream: 0, epoch: 0, flags: 0, number: 0 };
  readonly #parity = { stream: 0, epoch: 0, index: 0, first: 0, count: 0 };

  constructor(shards: Shards, parts: StreamParts) {
    this.#shards = shards;
    this.#parts = parts;
  }

  /** Takes the numbered packet at `offset`. Answers a verdict, not yet counted. */
  accept(link: Link, offset: number, length: number, now: number): number {
    const header = this.#numbered;
    const { view } = this.#parts.memory;
    const body = readNumberedHeader(view, offset, length, header);
    if (body < 0 || link.tunnel === undefined || header.stream >= MOST_STREAMS_OF_EDGE) return Drop.badFrame;
    const received = this.#received(link.tunnel.edge, header.stream, header.epoch, header.number, now);
    if (received === undefined) return Drop.badFrame;
    const { stream, decoder } = received;
    const hasParity = (header.flags & NumberedFlag.parity) !== 0;
    const waitMs = hasParity ? PARITY_WAIT_MS : (header.flags & NumberedFlag.alone) !== 0 ? 0 : COPY_WAIT_MS;
    const segment = view.getUint16(offset + 1);
    stream.retains = hasParity;
    stream.accept(link, segment, header.number, offset + NUMBERED_HEADER_LENGTH, body, waitMs, now);
    if (decoder.isWaiting) decoder.came(header.number, link, now);
    if (stream.deadline < this.deadline) this.deadline = stream.deadline;
    return PASSED;
  }

  /** Takes the parity at `offset`. Answers a verdict, not yet counted. */
  acceptParity(link: Link, offset: number, length: number, now: number): number {
    const header = this.#parity;
    const body = readParityHeader(this.#parts.memory.view, offset, length, header);
    if (body < 0 || link.tunnel === undefined || header.stream >= MOST_STREAMS_OF_EDGE) return Drop.badFrame;
    const received = this.#streams.get(link.tunnel.edge * MOST_STREAMS_OF_EDGE + header.stream);
    // Of a stream that is not known, or no more: it would repair nothing.
    if (received === undefined || received.stream.epoch !== header.epoch) return PASSED;
    return received.decoder.accept(header, link, offset + PARITY_HEADER_LENGTH, body, now) ? PASSED : Drop.badFrame;
  }

  /** Passes on what has waited long enough. */
  expire(now: number): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const { stream } of this.#streams.values()) {
      if (stream.deadline <= now) stream.expire(now);
      if (stream.deadline < earliest) earliest = stream.deadline;
    }
    this.deadline = earliest;
  }

  /** Ends every stream: their edges are gone. */
  forgetAll(now: number): void {
    for (const { stream, decoder } of this.#streams.values()) {
      stream.begin(0, 0, now);
      decoder.end();
    }
    this.#streams.clear();
    this.deadline = Number.POSITIVE_INFINITY;
  }

  #received(edge: number, number: number, epoch: number, next: number, now: number): Received | undefined {
    const key = edge * MOST_STREAMS_OF_EDGE + number;
    const known = this.#streams.get(key);
    if (known?.stream.epoch === epoch) return known;
    if (known !== undefined) {
      // Its sender began anew: nothing more of what was before is to come.
      known.stream.begin(epoch, next, now);
      known.decoder.end();
      return known;
    }
    if (this.#streams.size >= MOST_STREAMS) return undefined;
    const stream = new Stream(this.#parts, epoch, next);
    const made = { stream, decoder: new Decoder(this.#shards, this.#parts.slots, stream) };
    this.#streams.set(key, made);
    return made;
  }
}
