/** When the kernel is looked at again: at the reconciler's next time, or sooner where there is news of it. */
import { systemClock } from '@patronus/system/linux';
import { messageOf } from '../errors.ts';

export interface WatchOptions {
  /** How long to wait, ms. */
  readonly nextInMs: (nowMs: number, hasNews: boolean) => number;
  readonly look: () => void;
  /** A kernel that cannot be read now is read again with the next word, or the next round. */
  readonly onFailure: (message: string) => void;
}

export class Watch {
  readonly #options: WatchOptions;
  #timer: NodeJS.Timeout | undefined;
  #atMs = Number.POSITIVE_INFINITY;
  #isStopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Sets the time of the next look, unless it is sooner already. */
  soon(hasNews: boolean): void {
    if (this.#isStopped) return;
    const nowMs = systemClock.monotonicMs();
    const waitMs = this.#options.nextInMs(nowMs, hasNews);
    if (nowMs + waitMs >= this.#atMs) return;
    clearTimeout(this.#timer);
    this.#atMs = nowMs + waitMs;
    this.#timer = setTimeout(() => {
      this.#atMs = Number.POSITIVE_INFINITY;
      try {
        this.#options.look();
      } catch (error) {
        this.#options.onFailure(messageOf(error));
      }
      this.soon(false);
    }, waitMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }
}
