import type { Endpoint } from '@patronus/net';
import { toHex } from '@patronus/wire';

const WINDOW = 1_000;

/**
 * Says when we are under load: more handshake messages within a second than `threshold`. A handshake costs most of a
 * millisecond, so from there on everyone has to show, by a cookie, that it can receive at the address it sends from.
 */
export class LoadGauge {
  readonly #threshold: number;
  #windowStart = Number.NEGATIVE_INFINITY;
  #count = 0;
  #loadedUntil = Number.NEGATIVE_INFINITY;

  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** Counts one message with a good mac1; true while under load, and for a second after it. */
  record(now: number): boolean {
    if (now - this.#windowStart >= WINDOW) {
      this.#windowStart = now;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count > this.#threshold) this.#loadedUntil = now + WINDOW;
    return now < this.#loadedUntil;
  }
}

const PER_SECOND = 20;
const BURST = 5;
const MOST_SOURCES = 4096;

interface Bucket {
  tokens: number;
  filledAt: number;
}

/** Handshakes one source may ask for while we are under load (§5.3): 20 a second, in bursts of 5. Bounded memory. */
export class SourceLimiter {
  readonly #buckets = new Map<string, Bucket>();

  allows({ address }: Endpoint, now: number): boolean {
    // An IPv6 host owns a /64, so that is what counts as one source.
    const source = toHex(address.bytes.subarray(0, 8));
    const bucket = this.#buckets.get(source) ?? this.#add(source, now);
    if (bucket === undefined) return false;
    bucket.tokens = Math.min(BURST, bucket.tokens + ((now - bucket.filledAt) * PER_SECOND) / 1_000);
    bucket.filledAt = now;
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }

  #add(source: string, now: number): Bucket | undefined {
    if (this.#buckets.size >= MOST_SOURCES) this.#forgetFull(now);
    if (this.#buckets.size >= MOST_SOURCES) return undefined;
    const bucket = { tokens: BURST, filledAt: now };
    this.#buckets.set(source, bucket);
    return bucket;
  }

  /** A bucket that has filled up again says no more than none at all. */
  #forgetFull(now: number): void {
    const fillTime = (BURST / PER_SECOND) * 1_000;
    for (const [source, { filledAt }] of this.#buckets) if (now - filledAt > fillTime) this.#buckets.delete(source);
  }
}
