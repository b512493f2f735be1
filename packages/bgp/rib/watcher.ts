/** Hears which best routes have changed, for who installs them; the Loc-RIB's side of a forwarder. */
import { Consumer } from './consumer.ts';
import type { FamilyRib } from './familyRib.ts';

export class Watcher {
  readonly #consumer: Consumer;

  constructor(rib: FamilyRib, wantsEqual: boolean) {
    this.#consumer = new Consumer(rib, wantsEqual);
    this.#consumer.tellAgain();
  }

  get hasMore(): boolean {
    return this.#consumer.length > 0;
  }

  /**
   * Visits at most so many prefixes that have changed, those without a route first, each with its best route (0: none).
   * While `visit` answers true the slot stays the prefix's own, even without a route: it is in use. True: there is more.
   */
  drain(most: number, visit: (prefix: number, best: number) => boolean): boolean {
    const consumer = this.#consumer;
    for (let count = 0; count < most; count++) {
      const prefix = consumer.take();
      if (prefix === 0) return false;
      consumer.done(prefix, visit(prefix, consumer.rib.bestOf(prefix)));
    }
    return this.hasMore;
  }

  close(): void {
    this.#consumer.close();
  }
}
