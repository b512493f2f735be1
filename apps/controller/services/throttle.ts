/**
 * Slows down password guessing by (source address, account): a person at another address still gets in while
 * someone guesses, and one address that tries many accounts is slowed down as a whole. In memory, bounded.
 */
import { formatPrefix, parseAddress, prefixOf } from '@patronus/net';

const FREE_ATTEMPTS = 5;
const FREE_ATTEMPTS_OF_ADDRESS = 50;
const FIRST_WAIT_MS = 30_000;
const LONGEST_WAIT_MS = 15 * 60_000;
const FORGOTTEN_AFTER_MS = 30 * 60_000;
const KEPT = 10_000;

/** An IPv6 host chooses freely within its /64 (RFC 4291 §2.5.4): that is one source. */
function networkOf(source: string): string {
  const parsed = parseAddress(source);
  return parsed?.family === 6 ? formatPrefix(prefixOf(parsed, 64)) : source;
}

interface Tries {
  failures: number;
  lastAt: number;
  blockedUntil: number;
}

export class Throttle {
  readonly #tries = new Map<string, Tries>();

  /** How long this pair has to wait, ms; 0 when it may try now. */
  waitMs(address: string, account: string, now: number): number {
    const until = keysOf(address, account).map(({ key }) => this.#tries.get(key)?.blockedUntil ?? 0);
    return Math.max(0, ...until.map((at) => at - now));
  }

  /** Counts an attempt before its outcome is known, so that many at once do not slip through. */
  begin(address: string, account: string, now: number): void {
    for (const { key, free } of keysOf(address, account)) {
      const known = this.#tries.get(key);
      const tries =
        known === undefined || now - known.lastAt > FORGOTTEN_AFTER_MS
          ? { failures: 0, lastAt: now, blockedUntil: 0 }
          : known;
      tries.failures++;
      tries.lastAt = now;
      const excess = tries.failures - free;
      if (excess >= 0) tries.blockedUntil = now + Math.min(FIRST_WAIT_MS * 2 ** excess, LONGEST_WAIT_MS);
      this.#tries.delete(key);
      this.#tries.set(key, tries);
    }
    while (this.#tries.size > KEPT) this.#tries.delete(this.#tries.keys().next().value as string);
  }

  /** The attempt was the account's owner. */
  succeed(address: string, account: string): void {
    for (const { key } of keysOf(address, account)) this.#tries.delete(key);
  }
}

function keysOf(source: string, account: string) {
  const address = networkOf(source);
  return [
    { key: `${address} ${account.toLowerCase()}`, free: FREE_ATTEMPTS },
    { key: address, free: FREE_ATTEMPTS_OF_ADDRESS },
  ];
}
