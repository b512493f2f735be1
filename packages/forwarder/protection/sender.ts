/** What goes out numbered: one stream for each path group that protects its packets. */
import type { GroupMode } from '../control.ts';
import type { ShapedPolicy } from '../shaping/shaper.ts';
import type { Encoder } from './encoder.ts';
import { MOST_STREAMS_OF_EDGE } from './numberedFrame.ts';

/** A stream on its way out. */
export class Sender {
  readonly edge: number;
  readonly treatment: number;
  readonly epoch: number;
  readonly encoder: Encoder;
  mode: GroupMode = 'duplicate';
  number = 0;
  /** Of its last packet: what asks for its turn at a shaped uplink. */
  policy: ShapedPolicy | undefined;
  flow = 0;
  /** Loss towards the edge, 0…1, when it was last looked at; null: not known. */
  loss: number | null = null;
  lossAtMs = Number.NEGATIVE_INFINITY;

  constructor(edge: number, treatment: number, epoch: number, encoder: Encoder) {
    this.edge = edge;
    this.treatment = treatment;
    this.epoch = epoch;
    this.encoder = encoder;
  }

  /** The number of the next packet. */
  take(): number {
    const number = this.number;
    this.number = (number + 1) >>> 0;
    return number;
  }
}

export class Senders {
  /** Those that may have parity to send. */
  readonly all: Sender[] = [];
  readonly #senders = new Map<number, Sender>();
  readonly #encoder: () => Encoder;
  #dice: number;

  /** `seed` is random: what was numbered before a restart should not look like what is numbered after it. */
  constructor(seed: number, encoder: () => Encoder) {
    this.#dice = seed >>> 0 || 1;
    this.#encoder = encoder;
  }

  /** The stream of this treatment's packets to this edge; undefined where they cannot have one. */
  of(edge: number, treatment: number, mode: GroupMode): Sender | undefined {
    if ((mode !== 'duplicate' && mode !== 'fec') || treatment >= MOST_STREAMS_OF_EDGE) return undefined;
    const key = edge * MOST_STREAMS_OF_EDGE + treatment;
    let sender = this.#senders.get(key);
    if (sender === undefined) {
      sender = new Sender(edge, treatment, this.#roll() & 0xffff, this.#encoder());
      this.#senders.set(key, sender);
      this.all.push(sender);
    }
    sender.mode = mode;
    return sender;
  }

  /** When a block has to be ended, ms. */
  get deadline(): number {
    let earliest = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.all.length; at++) earliest = Math.min(earliest, this.all[at]!.encoder.deadline);
    return earliest;
  }

  /** Marsaglia's xorshift32. */
  #roll(): number {
    let state = this.#dice;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#dice = state >>> 0;
    return this.#dice;
  }
}
