/** Keeps the certificate young: asks over the channel when it is due, and on 8443 with proof when it has expired. */
import type { EdgeMessage } from '@patronus/protocol';
import type { Logger } from 'pino';
import { messageOf } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import { type Identity, writeIdentity } from './identity.ts';
import { certificateAge, renewExpired, withCertificate } from './renew.ts';

const askAgainMs = 5 * 60_000;

export class Renewal {
  readonly #paths: StatePaths;
  readonly #log: Logger;
  #identity: Identity;
  #isBusy = false;
  #askedAt = Number.NEGATIVE_INFINITY;

  constructor(paths: StatePaths, identity: Identity, log: Logger) {
    this.#paths = paths;
    this.#identity = identity;
    this.#log = log;
  }

  /** With the newest certificate. */
  get identity(): Identity {
    return this.#identity;
  }

  /** Called now and then; `ask` sends over the channel and says whether it could. Rejects when a renewal was refused. */
  async check(
    wallMs: number,
    ask: (message: EdgeMessage) => boolean,
    localAddresses: readonly (string | null)[],
  ): Promise<void> {
    const age = certificateAge(this.#identity.certificate, wallMs);
    const now = performance.now();
    if (age === 'fresh' || this.#isBusy || now - this.#askedAt < askAgainMs) return;
    this.#isBusy = true;
    try {
      const { makeCertificateRequest } = await import('./request.ts');
      if (age === 'expired') this.#take(await renewExpired(this.#identity, wallMs, localAddresses));
      else {
        const certificateRequest = await makeCertificateRequest(this.#identity.privateKey);
        if (ask({ type: 'renew', certificateRequest })) this.#askedAt = now;
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Whatever was asked over the connection before is not answered any more. */
  connected(): void {
    this.#askedAt = Number.NEGATIVE_INFINITY;
  }

  /** The controller's answer over the channel. */
  accept(certificate: string): void {
    try {
      this.#take(withCertificate(this.#identity, certificate));
    } catch (error) {
      this.#log.error(messageOf(error));
    }
  }

  #take(identity: Identity): void {
    writeIdentity(this.#paths, identity);
    this.#identity = identity;
    this.#log.info('certificate renewed');
  }
}
