/** Which session a packet belongs to (RFC 5880 §6.3, RFC 5881 §3, RFC 5883 §3). */
import type { ControlPacket } from '../codec/control.ts';
import type { Session } from './session.ts';

/** Half of the range is plenty, and numbers in it fit a machine word. */
const LARGEST_DISCRIMINATOR = 0x7fff_ffff;

export class Demultiplexer {
  readonly #byDiscriminator = new Map<number, Session>();
  readonly #byPlace = new Map<string, Session>();
  readonly #random32: () => number;

  constructor(random32: () => number) {
    this.#random32 = random32;
  }

  get size(): number {
    return this.#byDiscriminator.size;
  }

  /** A discriminator that no session has: random, so that it cannot be guessed (RFC 5880 §6.3). */
  freeDiscriminator(): number {
    for (;;) {
      const candidate = this.#random32() & LARGEST_DISCRIMINATOR;
      if (candidate !== 0 && !this.#byDiscriminator.has(candidate)) return candidate;
    }
  }

  /**
   * `place`: where its first packets come from, before the other end knows our discriminator: on a single hop the interface
   * and the other end's address, over several both addresses (RFC 5883 §3).
   */
  add(session: Session, place: string): void {
    this.#byDiscriminator.set(session.localDiscriminator, session);
    this.#byPlace.set(place, session);
  }

  remove(session: Session, place: string): void {
    this.#byDiscriminator.delete(session.localDiscriminator);
    if (this.#byPlace.get(place) === session) this.#byPlace.delete(place);
  }

  /** By Your Discriminator alone, wherever it came from; only without one by `place` (§6.3). */
  find(packet: ControlPacket, place: string): Session | undefined {
    return packet.yourDiscriminator === 0
      ? this.#byPlace.get(place)
      : this.#byDiscriminator.get(packet.yourDiscriminator);
  }

  /** For an echo packet that came back. */
  byDiscriminator(discriminator: number): Session | undefined {
    return this.#byDiscriminator.get(discriminator);
  }
}
