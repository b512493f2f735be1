/** Who may talk to the HTTPS server at all: by Host, by Origin, by content type, by CSRF header. */
import { hostname } from 'node:os';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { plainAddress } from '../addresses.ts';
import type { Core } from '../core.ts';
import { localAdministrator, nobody } from '../services/actor.ts';
import { ServiceError } from '../services/error.ts';
import { actorOf } from '../services/sessions.ts';
import type { Caller } from '../services/verb.ts';
import { secretInAuthorization, secretInCookie } from './cookie.ts';

/** The machine's addresses change seldom, and asking for them costs more than the rest of a request's checks. */
const ASKED_AGAIN_MS = 1_000;

/** The names this controller answers to; anything else may be another site's name bent to our address. */
export class KnownHosts {
  readonly #names: () => readonly string[];

  #asked: { readonly at: number; readonly names: readonly string[] } | undefined;

  constructor(names: () => readonly string[]) {
    this.#names = names;
  }

  knows(header: string | undefined): boolean {
    const host = hostOf(header);
    if (host === undefined) return false;
    return ['localhost', '127.0.0.1', '::1', hostname().toLowerCase()].includes(host) || this.#own().includes(host);
  }

  #own(): readonly string[] {
    const now = performance.now();
    if (this.#asked === undefined || now - this.#asked.at > ASKED_AGAIN_MS)
      this.#asked = { at: now, names: this.#names() };
    return this.#asked.names;
  }

  /** Whether a page of this origin is ours; requests of programs have no origin. */
  isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
    if (origin === undefined) return true;
    try {
      const url = new URL(origin);
      return url.protocol === 'https:' && url.host === new URL(`https://${host}`).host;
    } catch {
      return false;
    }
  }
}

function hostOf(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  try {
    return new URL(`https://${header}`).hostname.replace(/^\[|\]$/g, '').toLowerCase();
  } catch {
    return undefined;
  }
}

/** Refuses before any body is read. */
export function guard(app: FastifyInstance, hosts: KnownHosts): void {
  app.addHook('onRequest', async (request) => {
    // A load balancer's probe knows only an address, and learns nothing but up or down.
    if (!request.url.startsWith('/health') && !hosts.knows(request.headers.host)) {
      throw new ServiceError(
        'UNKNOWN_HOST',
        'this controller does not go by that name; start it with --address for each name it has',
        { status: 421 },
      );
    }
    if (!hosts.isOwnOrigin(request.headers.origin, request.headers.host)) {
      throw new ServiceError('FOREIGN_ORIGIN', 'a page of another origin may not call this controller');
    }
  });
}

/** Who sends this request: by Bearer secret, or by cookie, which then needs the CSRF header. */
export async function callerOf(core: Core, request: FastifyRequest): Promise<Caller> {
  const sourceAddress = plainAddress(request.ip);
  const bearer = secretInAuthorization(request.headers.authorization);
  if (bearer !== undefined) return { actor: await actorOf(core, bearer), sourceAddress };
  const cookie = secretInCookie(request.headers.cookie);
  if (cookie === undefined) return { actor: nobody, sourceAddress };
  if (request.headers['x-patronus-csrf'] === undefined) {
    throw new ServiceError('CSRF_HEADER_MISSING', 'send the header x-patronus-csrf along with the cookie');
  }
  return { actor: await actorOf(core, cookie), sourceAddress };
}

export async function localCaller(): Promise<Caller> {
  return { actor: localAdministrator, sourceAddress: null };
}
