/**
 * The names that flows ask for, from the first packets of their clients. Almost every hello fits the first packet, or
 * two; only flows in between take a place here, and there are only so many: the oldest makes room.
 *
 * An owner calls `observe` with each packet from the client until the verdict is not `pending`, and keeps `ticket` with
 * the flow meanwhile.
 */
import { Verdict } from './clientHello.ts';
import type { QuicCrypto } from './quicKeys.ts';
import { QuicStreamReader } from './quicStream.ts';
import { TlsStreamReader } from './tlsRecords.ts';

/** The ticket of a flow that has none yet. */
export const NO_TICKET = 0;
const TCP = 6;
const UDP = 17;
const HANDSHAKE_RECORD = 22;

interface Place<Reader> {
  readonly reader: Reader;
  ticket: number;
  /** TCP only: the sequence number of the next byte. */
  nextSequence: number;
}

export class FlowNames {
  /** Of the last verdict `pending`: what to give with the flow's next packet. */
  ticket = NO_TICKET;
  /** Of the last verdict `found`, in lower case: `name.subarray(0, nameLength)`. Good until the next call. */
  name: Uint8Array = new Uint8Array(0);
  nameLength = 0;
  readonly #tls: Ring<TlsStreamReader>;
  readonly #quic: Ring<QuicStreamReader>;

  constructor({
    crypto,
    tlsFlows = 256,
    quicFlows = 64,
  }: { crypto: QuicCrypto; tlsFlows?: number; quicFlows?: number }) {
    this.#tls = new Ring(tlsFlows, () => new TlsStreamReader());
    this.#quic = new Ring(quicFlows, () => new QuicStreamReader(crypto));
  }

  /** A packet from the client to the server: its transport header and what follows, which lie inside `bytes`. */
  observe(ticket: number, protocol: number, bytes: Uint8Array, offset: number, length: number): Verdict {
    if (offset < 0 || length < 0 || offset + length > bytes.length) return Verdict.none;
    if (protocol === TCP) return this.#observeTcp(ticket, bytes, offset, offset + length);
    return protocol === UDP && length >= 8
      ? this.#observeUdp(ticket, bytes, offset + 8, offset + length)
      : Verdict.none;
  }

  /** The flow is gone, or nobody wants to know any more. */
  forget(protocol: number, ticket: number): void {
    if (protocol === TCP) this.#tls.release(ticket);
    else this.#quic.release(ticket);
  }

  #observeTcp(ticket: number, bytes: Uint8Array, offset: number, end: number): Verdict {
    if (end - offset < 20) return Verdict.none;
    const payload = offset + (bytes[offset + 12]! >>> 4) * 4;
    if (payload < offset + 20 || payload > end) return Verdict.none;
    this.ticket = ticket;
    // Opening, acknowledging: the name is still to come.
    if (payload === end) return Verdict.pending;
    const sequence = sequenceAt(bytes, offset + 4);
    if (ticket === NO_TICKET) {
      if (bytes[payload] !== HANDSHAKE_RECORD) return Verdict.none;
      return this.#settle(this.#tls, this.#tls.next(), sequence, bytes, payload, end);
    }
    const place = this.#tls.find(ticket);
    if (place === undefined) return Verdict.none;
    // What came before is passed over (a retransmission); what is missing is not waited for: it would have to be kept.
    const known = (place.nextSequence - sequence) | 0;
    if (known < 0) return this.#giveUp(this.#tls, place);
    if (known >= end - payload) return Verdict.pending;
    return this.#settle(this.#tls, place, place.nextSequence, bytes, payload + known, end);
  }

  #observeUdp(ticket: number, bytes: Uint8Array, payload: number, end: number): Verdict {
    this.ticket = ticket;
    const place = ticket === NO_TICKET ? this.#quic.next() : this.#quic.find(ticket);
    return place === undefined ? Verdict.none : this.#settle(this.#quic, place, 0, bytes, payload, end);
  }

  #settle<Reader extends TlsStreamReader | QuicStreamReader>(
    ring: Ring<Reader>,
    place: Place<Reader>,
    sequence: number,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): Verdict {
    const { reader } = place;
    const verdict = reader.push(bytes, from, to);
    if (verdict === Verdict.pending) {
      place.nextSequence = (sequence + to - from) | 0;
      this.ticket = ring.hold(place);
      return verdict;
    }
    ring.release(place.ticket);
    this.ticket = NO_TICKET;
    if (verdict === Verdict.found) {
      this.name = reader.hello.name;
      this.nameLength = reader.hello.nameLength;
    }
    return verdict;
  }

  #giveUp<Reader extends TlsStreamReader | QuicStreamReader>(ring: Ring<Reader>, place: Place<Reader>): Verdict {
    ring.release(place.ticket);
    this.ticket = NO_TICKET;
    return Verdict.none;
  }
}

/** Places that are given out in turn. A ticket names a place and the time it was given out, so an old one finds nothing. */
class Ring<Reader extends { reset(): void }> {
  readonly #places: (Place<Reader> | undefined)[];
  readonly #make: () => Reader;
  #spare: Place<Reader> | undefined;
  #at = 0;
  #round = 0;

  constructor(size: number, make: () => Reader) {
    this.#places = new Array(size).fill(undefined);
    this.#make = make;
  }

  /** For a flow that is new. Only `hold` makes it one of the places. */
  next(): Place<Reader> {
    this.#spare ??= { reader: this.#make(), ticket: NO_TICKET, nextSequence: 0 };
    this.#spare.reader.reset();
    return this.#spare;
  }

  /** Its ticket; a new one takes the place of the oldest. */
  hold(place: Place<Reader>): number {
    if (place.ticket !== NO_TICKET) return place.ticket;
    this.#spare = this.#places[this.#at];
    if (this.#spare !== undefined) this.#spare.ticket = NO_TICKET;
    this.#places[this.#at] = place;
    this.#round = (this.#round + 1) % 0x1000;
    place.ticket = 1 + this.#at + this.#places.length * this.#round;
    this.#at = (this.#at + 1) % this.#places.length;
    return place.ticket;
  }

  find(ticket: number): Place<Reader> | undefined {
    if (ticket <= NO_TICKET) return undefined;
    const place = this.#places[(ticket - 1) % this.#places.length];
    return place?.ticket === ticket ? place : undefined;
  }

  release(ticket: number): void {
    const place = this.find(ticket);
    if (place !== undefined) place.ticket = NO_TICKET;
  }
}

function sequenceAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 24) | (bytes[offset + 1]! << 16) | (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
}
