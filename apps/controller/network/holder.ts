/** The network as of the last commit. */
import type { Queries } from '../store/tables.ts';
import { type Network, readNetwork } from './network.ts';

export class NetworkHolder {
  readonly #db: Queries;
  readonly #organisation: string;
  readonly #controllers: () => readonly string[];
  #current: Network | undefined;

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

  async reload(): Promise<void> {
    this.#current = await this.read(this.#db);
  }
}
