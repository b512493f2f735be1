/**
 * RPKI caches over TCP (RFC 8210 §9): the sessions of packages/bgp/rpki bound to sockets and a clock, and one table of what
 * all of them say. Routes are judged again a moment after it has changed, however many changes there were.
 */
import { connect, type Socket } from 'node:net';
import { type CacheEffect, CacheSession, type CacheState, MOST_CACHES, ValidatedPrefixes } from '@patronus/bgp';
import { formatAddress } from '@patronus/net';
import type { RpkiCacheConfiguration } from '../../configuration/configuration.ts';

/** Changes of several caches, or in quick succession, are one. */
const TOGETHER_MS = 500;
const MOST_TIMEOUT_MS = 0x7fff_ffff;

export interface CacheReport {
  readonly address: string;
  readonly port: number;
  readonly state: CacheState;
  readonly version: number;
  readonly serial: number | null;
  /** ms since its data was last complete; null: it has never been, or has expired. */
  readonly ageMs: number | null;
  /** In words; null: nothing has gone wrong. */
  readonly lastError: string | null;
}

export interface RpkiReport {
  /** Payloads that count, of all caches. */
  readonly payloads: number;
  readonly caches: readonly CacheReport[];
}

export interface RpkiEvents {
  /** What caches say is something else now: routes are to be judged again. */
  readonly changed: () => void;
  readonly log: (line: string) => void;
}

export class RpkiCaches {
  readonly table = new ValidatedPrefixes();
  readonly #events: RpkiEvents;
  readonly #now: () => number;
  readonly #caches = new Map<string, Cache>();
  #changing: NodeJS.Timeout | undefined;

  constructor(events: RpkiEvents, now: () => number) {
    this.#events = events;
    this.#now = now;
  }

  /** Listens to these and no others; what is known of those that stay stays. */
  follow(configurations: readonly RpkiCacheConfiguration[]): void {
    const wanted = new Map(configurations.map((one) => [`${formatAddress(one.address)} ${one.port}`, one]));
    for (const [place, cache] of this.#caches) {
      if (wanted.has(place)) continue;
      cache.stop();
      this.#caches.delete(place);
    }
    const numbers = new Set([...this.#caches.values()].map(({ number }) => number));
    for (const [place, configuration] of wanted) {
      if (this.#caches.has(place)) continue;
      let number = 0;
      while (numbers.has(number)) number += 1;
      if (number >= MOST_CACHES) throw new RangeError(`more than ${MOST_CACHES} RPKI caches`);
      numbers.add(number);
      const cache = new Cache(number, configuration, this.table, this.#now, {
        changed: () => this.#changed(),
        log: (line) => this.#events.log(`RPKI cache ${formatAddress(configuration.address)}: ${line}`),
      });
      this.#caches.set(place, cache);
      cache.start();
    }
  }

  report(): RpkiReport {
    return { payloads: this.table.size, caches: [...this.#caches.values()].map((cache) => cache.report()) };
  }

  stop(): void {
    clearTimeout(this.#changing);
    for (const cache of this.#caches.values()) cache.stop();
    this.#caches.clear();
    clearTimeout(this.#changing);
  }

  #changed(): void {
    this.#changing ??= setTimeout(() => {
      this.#changing = undefined;
      this.#events.changed();
    }, TOGETHER_MS).unref();
  }
}

class Cache {
  readonly number: number;
  readonly #configuration: RpkiCacheConfiguration;
  readonly #session: CacheSession;
  readonly #now: () => number;
  readonly #events: RpkiEvents;
  #socket: Socket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastError: string | null = null;

  constructor(
    number: number,
    configuration: RpkiCacheConfiguration,
    table: ValidatedPrefixes,
    now: () => number,
    events: RpkiEvents,
  ) {
    this.number = number;
    this.#configuration = configuration;
    this.#session = new CacheSession(number, table, configuration.retryS);
    this.#now = now;
    this.#events = events;
  }

  start(): void {
    this.#handle({ kind: 'start' });
  }

  stop(): void {
    this.#handle({ kind: 'stop' });
  }

  report(): CacheReport {
    const { address, port } = this.#configuration;
    const { state, version, serial, synchronizedAtMs } = this.#session;
    return {
      ...{ address: formatAddress(address), port, state, version, serial: serial ?? null },
      ageMs: synchronizedAtMs === undefined ? null : Math.round(this.#now() - synchronizedAtMs),
      lastError: this.#lastError,
    };
  }

  #handle(input: Parameters<CacheSession['handle']>[0]): void {
    const before = this.#session.state;
    for (const effect of this.#session.handle(input, this.#now())) this.#carryOut(effect);
    const { state, serial, deadline } = this.#session;
    if (state === 'synchronized' && before !== 'synchronized') this.#events.log(`synchronized at serial ${serial}`);
    clearTimeout(this.#timer);
    if (deadline === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.min(Math.max(0, Math.ceil(deadline - this.#now())), MOST_TIMEOUT_MS);
    this.#timer = setTimeout(() => this.#handle({ kind: 'tick' }), delayMs).unref();
  }

  #carryOut(effect: CacheEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#connect();
        return;
      case 'close':
        // An error report that was just sent still leaves.
        this.#socket?.destroySoon();
        this.#socket = undefined;
        return;
      case 'send':
        this.#socket?.write(effect.bytes);
        return;
      case 'changed':
        this.#events.changed();
        return;
      case 'failed':
        this.#lastError = effect.reason;
        this.#events.log(effect.reason);
        return;
    }
  }

  #connect(): void {
    const { address, port } = this.#configuration;
    const socket = connect({ host: formatAddress(address), port, keepAlive: true, noDelay: true });
    this.#socket = socket;
    // What an earlier connection still says is nobody's.
    const ifCurrent = (act: () => void) => {
      if (this.#socket === socket) act();
    };
    let reason = '';
    socket.on('connect', () => ifCurrent(() => this.#handle({ kind: 'connected' })));
    socket.on('data', (bytes) => ifCurrent(() => this.#handle({ kind: 'bytes', bytes })));
    socket.on('error', (error) => {
      reason = error.message;
    });
    socket.on('close', () =>
      ifCurrent(() => {
        this.#socket = undefined;
        this.#handle({ kind: 'closed', ...(reason === '' ? {} : { reason }) });
      }),
    );
  }
}
