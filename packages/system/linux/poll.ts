/** Waiting for descriptors with a deadline in nanoseconds (ppoll). For threads that own a packet path and may block. */

import { libc } from './ffi.ts';
import { checked, LinuxError, lastErrorName } from './linuxError.ts';
import { addressOf } from './memory.ts';

export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;

const TIMESPEC_SIZE = 16;
const POLL_ENTRY_SIZE = 8;
const PR_SET_TIMERSLACK = 29;

/** Bytes that a PollSet of this many descriptors needs. */
export function pollSetSize(capacity: number): number {
  return TIMESPEC_SIZE + capacity * POLL_ENTRY_SIZE;
}

/** A `struct timespec` and an array of `struct pollfd` in the caller's memory (or its own); waiting allocates nothing. */
export class PollSet {
  readonly capacity: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #address: number;
  #used = 0;

  /** `memory`: `pollSetSize(capacity)` bytes, 8-byte aligned, that never move. */
  constructor(capacity: number, memory: Uint8Array = new Uint8Array(new ArrayBuffer(pollSetSize(capacity)))) {
    if (memory.length < pollSetSize(capacity)) throw new RangeError(`a poll set of ${capacity} needs more memory`);
    this.capacity = capacity;
    this.#bytes = memory;
    this.#view = new DataView(memory.buffer, memory.byteOffset, memory.length);
    this.#address = addressOf(this.#bytes);
  }

  /** How many entries `wait` looks at: one more than the highest index set. */
  get used(): number {
    return this.#used;
  }

  /** Watches `fd` at `index`; a negative `fd` switches the entry off. */
  set(index: number, fd: number, events: number): void {
    if (index < 0 || index >= this.capacity) throw new RangeError(`poll entry ${index} of ${this.capacity}`);
    const at = TIMESPEC_SIZE + index * POLL_ENTRY_SIZE;
    this.#view.setInt32(at, fd, true);
    this.#view.setInt16(at + 4, events, true);
    this.#view.setInt16(at + 6, 0, true);
    if (index >= this.#used) this.#used = index + 1;
  }

  /** What happened at `index` in the last wait: POLLIN, POLLOUT, POLLERR, POLLHUP or-ed; 0 for nothing. */
  happened(index: number): number {
    return this.#view.getInt16(TIMESPEC_SIZE + index * POLL_ENTRY_SIZE + 6, true);
  }

  /**
   * Sleeps until something happens, at most `timeoutNs` (Infinity: for ever, zero or less: only look).
   * How many entries have news; 0 also when a signal came.
   */
  wait(timeoutNs: number): number {
    let timeout = 0;
    if (timeoutNs !== Number.POSITIVE_INFINITY) {
      const bounded = Math.max(0, Math.min(timeoutNs, 1e18));
      const seconds = Math.floor(bounded / 1e9);
      this.#view.setUint32(0, seconds, true);
      this.#view.setUint32(4, 0, true);
      this.#view.setUint32(8, Math.floor(bounded - seconds * 1e9), true);
      this.#view.setUint32(12, 0, true);
      timeout = this.#address;
    }
    const ready = libc.ppoll(this.#address + TIMESPEC_SIZE, this.#used, timeout, 0);
    if (ready >= 0) return ready;
    const code = lastErrorName();
    if (code !== 'EINTR') throw new LinuxError(code, 'ppoll', 'wait for descriptors');
    // The kernel leaves the entries as they were: what happened before must not be read again.
    for (let index = 0; index < this.#used; index++) {
      this.#view.setInt16(TIMESPEC_SIZE + index * POLL_ENTRY_SIZE + 6, 0, true);
    }
    return 0;
  }
}

/** Asks for timers of this thread that are 1 ns late at most, where the default is 50 µs. */
export function sharpenTimers(): void {
  checked(libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0), 'prctl', 'set the timer slack');
}
