/** The network as of the last commit. */
import type { Queries } from '../store/tables.ts';
import { type Network, readNetwork } from './network.ts';

export class NetworkHolder {
  readonly #db: Queries;
  readonly #organisation: string;
  readonly #controllers: () => readonly string[];
  #current: Network | undefined;
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(db: Queries, organisation: string, controllers: () => readonly string[]) {
    this.#db = db;
    this.#organisation = organisation;
    this.#controllers = controllers;
  }

  get current(): Network {
    if (this.#current === undefined) throw new Error('the network was used before it was read');
    return this.#current;
  }

  /** The network as a transaction sees it, with its own uncommitted changes. */
  async read(db: Queries): Promise<Network> {
    return readNetwork(db, this.#organisation, this.#controllers());
  }

  /** Reads what is committed by now. Calls that come while one reads share the next reading. */
  reload(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#readNow();
      return this.#reading;
    }
    this.#next ??= this.#reading.then(
      () => this.#startNext(),
      () => this.#startNext(),
    );
    return this.#next;
  }

  #startNext(): Promise<void> {
    this.#next = undefined;
    this.#reading = this.#readNow();
    return this.#reading;
  }

  async #readNow(): Promise<void> {
    try {
      this.#current = await this.read(this.#db);
    } finally {
      if (this.#next === undefined) this.#reading = undefined;
    }
  }
}
