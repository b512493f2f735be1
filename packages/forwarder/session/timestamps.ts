/**
 * Handshake timestamps have to grow over restarts, so the owner stores what was used. It is told a label a minute ahead
 * and only when that is passed: a handshake then waits for no disk, and a minute of them costs one write.
 */
import { compareTimestamps } from '@patronus/wireguard';

const AHEAD_SECONDS = 60n;

export class TimestampReservation {
  #reserved: Uint8Array;

  /** `floor`: the label that was stored last, or what a device says before its first handshake. */
  constructor(floor: Uint8Array) {
    this.#reserved = floor;
  }

  /** The label that is stored: nothing up to it may be used again after a restart. */
  get floor(): Uint8Array {
    return this.#reserved;
  }

  /** `used` is the latest label; answers the one to store before it may be sent, if it is not covered yet. */
  reserve(used: Uint8Array): Uint8Array | undefined {
    if (compareTimestamps(used, this.#reserved) <= 0) return undefined;
    const label = used.slice();
    const view = new DataView(label.buffer);
    view.setBigUint64(0, view.getBigUint64(0) + AHEAD_SECONDS);
    this.#reserved = label;
    return label;
  }
}
