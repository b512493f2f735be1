/** Bytes of a TAI64N label: 8 of seconds, 4 of nanoseconds, big-endian, so that bytes compare like times. */
export const TIMESTAMP_LENGTH = 12;

/** TAI64's label of 1970 with the ten leap seconds of that day, as every WireGuard writes it. */
const EPOCH_SECONDS = 0x400000000000000an;
const SECOND = 1_000_000_000n;

/**
 * Labels are whitened to steps of 2^24 ns (17 ms): finer ones would tell the network how this machine's clock and its
 * load behave (paper §5.1 asks for no more than "greater than before").
 */
const STEP = 1n << 24n;

/**
 * Gives out TAI64N timestamps that only ever grow, whatever the wall clock does: a peer refuses every initiation that is
 * not greater than the last one it saw, so a clock that went back would cut us off until it caught up.
 *
 * The owner keeps `last` across restarts and gives it back as `floor`. Storing a value ahead of `last` (an hour, say)
 * and only when it is passed is as good and costs fewer writes.
 */
export class TimestampSource {
  #last: bigint;

  constructor(floor?: Uint8Array) {
    this.#last = floor === undefined ? 0n : toNanoseconds(floor);
  }

  /** The greatest timestamp given out so far, or the floor. */
  get last(): Uint8Array {
    return toBytes(this.#last);
  }

  /** A timestamp greater than all before; `wallClock` in milliseconds since 1970. */
  next(wallClock: number): Uint8Array {
    const whitened = whiten(BigInt(Math.max(0, Math.trunc(wallClock))) * 1_000_000n);
    const following = whiten(this.#last) + STEP;
    this.#last = whitened > following ? whitened : following;
    return toBytes(this.#last);
  }
}

/** Negative, zero or positive, as for sorting. */
export function compareTimestamps(left: Uint8Array, right: Uint8Array): number {
  for (let index = 0; index < TIMESTAMP_LENGTH; index++) {
    const difference = left[index]! - right[index]!;
    if (difference !== 0) return difference;
  }
  return 0;
}

function whiten(nanoseconds: bigint): bigint {
  return (nanoseconds / STEP) * STEP;
}

function toBytes(nanoseconds: bigint): Uint8Array {
  const bytes = new Uint8Array(TIMESTAMP_LENGTH);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, EPOCH_SECONDS + nanoseconds / SECOND);
  view.setUint32(8, Number(nanoseconds % SECOND));
  return bytes;
}

function toNanoseconds(bytes: Uint8Array): bigint {
  if (bytes.length !== TIMESTAMP_LENGTH) throw new RangeError('timestamp floor: expected 12 bytes of TAI64N');
  const view = new DataView(bytes.buffer, bytes.byteOffset, TIMESTAMP_LENGTH);
  const seconds = view.getBigUint64(0) - EPOCH_SECONDS;
  return seconds < 0n ? 0n : seconds * SECOND + BigInt(view.getUint32(8));
}
