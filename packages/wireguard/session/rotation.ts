import type { Keypair } from './keypair.ts';

/**
 * The sessions a peer may have at one time (paper §6.3): `current` to send with, `previous` for packets still under way,
 * and `next`, which a responder has made but may not send with until the initiator proved, by using it, that it has it too.
 * Each change answers with the keypairs that fell out.
 */
export class Rotation {
  previous: Keypair | undefined;
  current: Keypair | undefined;
  next: Keypair | undefined;

  /** A session we initiated: it is confirmed by the response, so it becomes current at once. */
  installInitiated(keypair: Keypair): readonly Keypair[] {
    // An unconfirmed `next` is younger than `current`, and its initiator may already send with it: that one is kept.
    const out = this.next === undefined ? [this.previous] : [this.previous, this.current];
    this.previous = this.next ?? this.current;
    this.next = undefined;
    this.current = keypair;
    return out.filter((fallen) => fallen !== undefined);
  }

  /** A session we answered: it waits for its confirmation, and takes the place of an earlier one that waited. */
  installAnswered(keypair: Keypair): readonly Keypair[] {
    const out = [this.next, this.previous];
    this.previous = undefined;
    this.next = keypair;
    return out.filter((fallen) => fallen !== undefined);
  }

  /** The first packet on `next` came in. */
  confirmNext(): readonly Keypair[] {
    const out = this.previous;
    this.previous = this.current;
    this.current = this.next;
    this.next = undefined;
    return out === undefined ? [] : [out];
  }

  clear(): readonly Keypair[] {
    const out = [this.previous, this.current, this.next];
    this.previous = this.current = this.next = undefined;
    return out.filter((fallen) => fallen !== undefined);
  }
}
