/** What is done every hour while the controller runs: a backup when the last one is a day old, certificates in time. */
import type { TlsIdentity } from './authority/authority.ts';
import type { Core } from './core.ts';
import { backUpDaily } from './store/backup.ts';

const CHORES_MS = 3_600_000;

/** The two listeners whose certificates are our own. */
export interface Listeners {
  renewEdgesTls(tls: TlsIdentity): void;
  renewPeopleTls(tls: TlsIdentity): void;
}

export class Chores {
  readonly #core: Core;
  readonly #listeners: Listeners;
  readonly #timer: NodeJS.Timeout;

  constructor(core: Core, listeners: Listeners) {
    this.#core = core;
    this.#listeners = listeners;
    this.#timer = setInterval(() => void this.run(), CHORES_MS);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** One chore that fails, as on a full disk, does not keep the others from being done. */
  async run(): Promise<void> {
    const { authority, store, now } = this.#core;
    await this.#attempt('the daily backup', () => backUpDaily(store.raw, store.directory, now()));
    await this.#attempt("the renewal of the certificate for people's port", async () =>
      this.#listeners.renewPeopleTls(await authority.peopleTls()),
    );
    await this.#attempt("the renewal of the certificate for edges' port", async () =>
      this.#listeners.renewEdgesTls(await authority.edgesTls()),
    );
  }

  async #attempt(what: string, chore: () => Promise<void> | void): Promise<void> {
    try {
      await chore();
    } catch (error) {
      this.#core.log.error({ err: error }, `${what} failed; it is tried again in an hour`);
    }
  }
}
