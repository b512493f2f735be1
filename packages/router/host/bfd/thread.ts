/** BFD for neighbours, from the router's side: it says whom to watch, and hears what became of them. */
import { Worker } from 'node:worker_threads';
import type { BfdNews, BfdOrder, BfdPeer } from './peer.ts';

export class BfdThread {
  readonly #onNews: (news: BfdNews) => void;
  readonly #states = new Map<string, string>();
  #worker: Worker | undefined;
  #told = '';

  constructor(onNews: (news: BfdNews) => void) {
    this.#onNews = onNews;
  }

  /** `down`, `init`, `up` or `adminDown`; undefined: the neighbour is not watched. */
  stateOf(id: string): string | undefined {
    return this.#states.get(id);
  }

  /** Watches these and no others. */
  follow(peers: readonly BfdPeer[]): void {
    const told = JSON.stringify(peers.map((peer) => ({ ...peer, address: [...peer.address.bytes] })));
    if (told === this.#told) return;
    this.#told = told;
    const ids = new Set(peers.map(({ id }) => id));
    for (const id of this.#states.keys()) if (!ids.has(id)) this.#states.delete(id);
    for (const id of ids) if (!this.#states.has(id)) this.#states.set(id, 'down');
    if (peers.length > 0) this.#worker ??= this.#start();
    this.#order({ peers });
  }

  /** Tells all peers, and ends. */
  async stop(): Promise<void> {
    const worker = this.#worker;
    if (worker === undefined) return;
    const gone = new Promise((resolve) => worker.once('exit', resolve));
    this.#worker = undefined;
    worker.postMessage('end' satisfies BfdOrder);
    await gone;
  }

  #start(): Worker {
    const worker = new Worker(new URL('./loop.ts', import.meta.url));
    worker.on('message', (news: BfdNews) => {
      if (!this.#states.has(news.id)) return;
      if (news.kind === 'state') this.#states.set(news.id, news.state);
      this.#onNews(news);
    });
    worker.on('error', (error) => {
      this.#worker = undefined;
      const reason = `BFD has stopped: ${error.message}`;
      for (const id of this.#states.keys()) this.#onNews({ kind: 'complaint', id, reason });
    });
    return worker;
  }

  #order(order: BfdOrder): void {
    this.#worker?.postMessage(order);
  }
}
