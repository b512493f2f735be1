import { type Endpoint, endpointsEqual } from '@patronus/net';

/**
 * Where a peer may be: the address its last authenticated packet came from, and the configured candidates, which
 * handshakes walk through while nobody answers.
 */
export class EndpointChoice {
  #candidates: readonly Endpoint[] = [];
  #authenticated: Endpoint | undefined;
  #step = 0;

  /** Where data goes. */
  get endpoint(): Endpoint | undefined {
    return this.#authenticated ?? this.target;
  }

  /** Where the next initiation goes: the known address first, then each candidate in turn. */
  get target(): Endpoint | undefined {
    const known = this.#authenticated;
    const others = known ? this.#candidates.filter((candidate) => !endpointsEqual(candidate, known)) : this.#candidates;
    const all = known ? [known, ...others] : others;
    return all[this.#step % all.length];
  }

  /** The last initiation was not answered. */
  walk(): void {
    this.#step += 1;
  }

  /** An authenticated packet came from there; true if that is news. */
  confirm(source: Endpoint): boolean {
    this.#step = 0;
    if (this.#authenticated && endpointsEqual(this.#authenticated, source)) return false;
    this.#authenticated = source;
    return true;
  }

  /** Whether the authenticated address is these `length` bytes of `memory` and this port. Allocates nothing. */
  isConfirmedAt(memory: Uint8Array, offset: number, length: number, port: number): boolean {
    const known = this.#authenticated;
    if (known === undefined || known.port !== port || known.address.bytes.length !== length) return false;
    for (let index = 0; index < length; index++) {
      if (known.address.bytes[index] !== memory[offset + index]) return false;
    }
    return true;
  }

  /** True if the list is not the one we had. */
  replace(candidates: readonly Endpoint[]): boolean {
    const before = this.#candidates;
    this.#candidates = candidates;
    this.#step = 0;
    return (
      before.length !== candidates.length || !before.every((old, index) => endpointsEqual(old, candidates[index]!))
    );
  }
}
