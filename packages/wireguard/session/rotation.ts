import type { Keypair } from './keypair.ts';

/** Of those that packets may still come for: who starts handshakes over and over may not make us keep every key. */
const MOST_LATE = 2;

/**
 * The sessions a peer may have at one time (paper §6.3): `current` to send with, `previous` for packets still under way,
 * and `next`, which a responder has made but may not send with until the initiator proved, by using it, that it has it too.
 *
 * Where both ends began the handshake at the same moment, each sends with the session that it began, and the other end's is
 * `previous` to it while in full use. So one that falls out goes on receiving for a while, as `late`. Each change answers
 * with the keypairs that are not even that any more.
 */
export class Rotation {
  previous: Keypair | undefined;
  current: Keypair | undefined;
  next: Keypair | undefined;
  #late: readonly Keypair[] = [];

  get hasLate(): boolean {
    return this.#late.length > 0;
  }

  /** A session we initiated: it is confirmed by the response, so it becomes current at once. */
  installInitiated(keypair: Keypair): readonly Keypair[] {
    // An unconfirmed `next` is younger than `current`, and its initiator may already send with it: that one is kept.
    const out = this.next === undefined ? [this.previous] : [this.previous, this.current];
    this.previous = this.next ?? this.current;
    this.next = undefined;
    this.current = keypair;
    return this.#fall(out);
  }

  /** A session we answered: it waits for its confirmation, and takes the place of an earlier one that waited. */
  installAnswered(keypair: Keypair): readonly Keypair[] {
    const out = [this.next, this.previous];
    this.previous = undefined;
    this.next = keypair;
    return this.#fall(out);
  }

  /** The first packet on `next` came in. */
  confirmNext(): readonly Keypair[] {
    const out = this.previous;
    this.previous = this.current;
    this.current = this.next;
    this.next = undefined;
    return this.#fall([out]);
  }

  /** Nothing comes for the late ones any more. */
  dismissLate(): readonly Keypair[] {
    const out = this.#late;
    this.#late = [];
    return out;
  }

  clear(): readonly Keypair[] {
    const out = [...this.#late, this.previous, this.current, this.next];
    this.previous = this.current = this.next = undefined;
    this.#late = [];
    return out.filter((fallen) => fallen !== undefined);
  }

  #fall(fallen: readonly (Keypair | undefined)[]): readonly Keypair[] {
    const late = [...this.#late, ...fallen.filter((each) => each !== undefined)];
    this.#late = late.slice(-MOST_LATE);
    return late.slice(0, -MOST_LATE);
  }
}
