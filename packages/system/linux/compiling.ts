/**
 * When what a process does is compiled by V8's optimising compiler, TurboFan: soon where all of it is the path of packets, only
 * in a flood where memory counts for more (docs/decisions/0041, 0044).
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Has TurboFan compile what was called 200 times, where it waits for 3,000. For a process whose work is short and always the
 * same: at twenty packets a second those take minutes, and until then each takes about twice as long. What is compiled costs
 * a second of processor time, once.
 */
export function compileSoon(): void {
  setFlagsFromString('--invocation-count-for-turbofan=200');
}

/** Leaves what runs as baseline code from here on. */
export function compileNothing(): void {
  setFlagsFromString('--no-turbofan');
}

/** Parts of a core, from one look to the next: from the one on there is work worth compiling for, below the other there is not. */
const BUSY = 0.25;
const CALM = 0.05;
const CALM_FOR_MS = 60_000;

/** What a process has used of processor time so far, and the time, in ms. */
export interface Effort {
  readonly usedMs: number;
  readonly nowMs: number;
}

function effort(): Effort {
  const { user, system } = process.cpuUsage();
  return { usedMs: (user + system) / 1_000, nowMs: performance.now() };
}

/**
 * Has TurboFan at work only while the process has much to do. For one that does a great many things some times a second or once
 * in a while: each gets to V8's 3,000 calls at another time of the hour, so that compiled code grows all the while, and nothing
 * that anybody would notice is faster for it. Baseline code does until then. What comes in a flood, as a table of a million
 * routes, is compiled as V8 does by itself from the second look on.
 */
export class CompilingWhenBusy {
  readonly #measure: () => Effort;
  #last: Effort;
  #wasBusy = false;
  #busyAtMs = Number.NEGATIVE_INFINITY;
  #isOn = false;

  constructor(measure = effort) {
    this.#measure = measure;
    this.#last = measure();
    compileNothing();
  }

  /** To be called about once a second. Whether it compiles from here on. */
  look(): boolean {
    const now = this.#measure();
    const share = (now.usedMs - this.#last.usedMs) / (now.nowMs - this.#last.nowMs);
    this.#last = now;
    const isBusy = share >= (this.#isOn ? CALM : BUSY);
    // One look alone is a start, or a collection.
    if (isBusy && this.#wasBusy) this.#busyAtMs = now.nowMs;
    this.#wasBusy = isBusy;
    const isOn = now.nowMs - this.#busyAtMs < CALM_FOR_MS;
    if (isOn && !this.#isOn) setFlagsFromString('--turbofan');
    else if (!isOn && this.#isOn) compileNothing();
    this.#isOn = isOn;
    return isOn;
  }
}
