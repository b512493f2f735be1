/**
 * The router's side of RPKI-to-router with one cache (RFC 8210; version 1, falling back to 0 as §7 allows), as a
 * calculation like the sessions of BGP: inputs and the time in, effects out.
 *
 * The owner opens what `connect` asks for and says `connected` or `closed`, hands over `bytes`, and says `tick` at
 * `deadline`. Payloads go into the `ValidatedPrefixes` given; `changed` says for which prefixes routes have to be judged
 * again.
 */
import {
  checkPduHeader,
  decodePdu,
  encodePdu,
  type Intervals,
  type Pdu,
  type PduError,
  PduErrorCode,
  PduType,
  type PrefixPdu,
  pduErrorNames,
  readPduHeader,
  type Version,
} from './pdu.ts';
import type { ValidatedPrefixes } from './validatedPrefixes.ts';

export type CacheInput =
  | { readonly kind: 'start' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'connected' }
  | { readonly kind: 'closed'; readonly reason?: string }
  /** Valid until `handle` returns. */
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'tick' };

export interface ChangedPrefix {
  readonly address: Uint8Array;
  readonly length: number;
}

export type CacheEffect =
  | { readonly kind: 'connect' }
  | { readonly kind: 'close' }
  | { readonly kind: 'send'; readonly bytes: Uint8Array }
  /** null: too many to tell one by one; judge all routes again. */
  | { readonly kind: 'changed'; readonly prefixes: readonly ChangedPrefix[] | null }
  /** For people: what went wrong, and what to do. */
  | { readonly kind: 'failed'; readonly reason: string };

/** §6. */
const defaultIntervals: Intervals = { refreshS: 3_600, retryS: 600, expireS: 7_200 };
/** An answer that does not come is waited for this long, ms. */
const ANSWER_MS = 60_000;
const MOST_CHANGED = 10_000;
const NEVER = Number.POSITIVE_INFINITY;

/**
 * `idle`: no connection, none wanted now. `asking`: a query has left. `receiving`: between Cache Response and End of
 * Data. `synchronized`: waits for a notice or the refresh interval.
 */
export type CacheState = 'idle' | 'connecting' | 'asking' | 'receiving' | 'synchronized';

export class CacheSession {
  state: CacheState = 'idle';
  /** What is spoken, or tried next. */
  version: Version = 1;
  serial: number | undefined;
  sessionId: number | undefined;
  /** When the data was last complete, ms. */
  synchronizedAtMs: number | undefined;
  /** The first PDU of the connection has settled the version (§7). */
  #isVersionSettled = false;
  readonly #cache: number;
  readonly #table: ValidatedPrefixes;
  #effects: CacheEffect[] = [];
  #intervals: Intervals;
  readonly #firstIntervals: Intervals;
  #isWanted = false;
  /** When to ask or to connect again. */
  #nextAtMs = NEVER;
  #expireAtMs = NEVER;
  #held = new Uint8Array(0);

  /** `cache`: its number in the table, 0…30; `retryS`: until it says how often it wants to be tried. */
  constructor(cache: number, table: ValidatedPrefixes, retryS = defaultIntervals.retryS) {
    this.#firstIntervals = { ...defaultIntervals, retryS };
    this.#intervals = this.#firstIntervals;
    this.#cache = cache;
    this.#table = table;
  }

  get deadline(): number {
    return Math.min(this.#nextAtMs, this.#expireAtMs);
  }

  handle(input: CacheInput, nowMs: number): readonly CacheEffect[] {
    this.#effects = [];
    switch (input.kind) {
      case 'start':
        this.#isWanted = true;
        if (this.state === 'idle') this.#connect(nowMs);
        break;
      case 'stop':
        this.#isWanted = false;
        this.#hangUp();
        this.#nextAtMs = NEVER;
        this.#flush();
        break;
      case 'connected':
        if (this.state === 'connecting') this.#ask(nowMs);
        break;
      case 'closed':
        this.#closed(input.reason, nowMs);
        break;
      case 'bytes':
        this.#receive(input.bytes, nowMs);
        break;
      case 'tick':
        this.#tick(nowMs);
    }
    return this.#effects;
  }

  #connect(nowMs: number): void {
    this.state = 'connecting';
    this.#isVersionSettled = false;
    this.#held = new Uint8Array(0);
    this.#effects.push({ kind: 'connect' });
    this.#nextAtMs = nowMs + ANSWER_MS;
  }

  /** §8.1: what changed since the serial that we have, or everything. */
  #ask(nowMs: number): void {
    const { serial, sessionId } = this;
    this.state = 'asking';
    if (serial === undefined || sessionId === undefined) this.#send({ type: PduType.resetQuery });
    else this.#send({ type: PduType.serialQuery, sessionId, serial });
    this.#nextAtMs = nowMs + ANSWER_MS;
  }

  #send(pdu: Pdu): void {
    this.#effects.push({ kind: 'send', bytes: encodePdu(this.version, pdu) });
  }

  #tick(nowMs: number): void {
    if (this.#expireAtMs <= nowMs) {
      // §6: data that nobody has confirmed for so long is worth nothing.
      this.#flush();
      this.#effects.push({
        kind: 'failed',
        reason: `no answer for ${this.#intervals.expireS} s: its data has expired`,
      });
    }
    if (this.#nextAtMs > nowMs) return;
    if (this.state === 'synchronized') this.#ask(nowMs);
    else if (this.state === 'idle') this.#connect(nowMs);
    else this.#fail('the cache does not answer: check that it runs and can be reached', nowMs);
  }

  /** Ends the connection and tries again after the retry interval. */
  #fail(reason: string, nowMs: number): void {
    this.#effects.push({ kind: 'failed', reason });
    this.#hangUp();
    this.#nextAtMs = this.#isWanted ? nowMs + 1_000 * this.#intervals.retryS : NEVER;
  }

  #hangUp(): void {
    if (this.state !== 'idle') this.#effects.push({ kind: 'close' });
    this.state = 'idle';
    this.#held = new Uint8Array(0);
  }

  #closed(reason: string | undefined, nowMs: number): void {
    if (this.state === 'idle') return;
    const wasUnanswered = this.state === 'asking' && !this.#isVersionSettled;
    this.state = 'idle';
    this.#fail(`the connection ended${reason === undefined ? '' : `: ${reason}`}`, nowMs);
    // §7: a cache of the other version may hang up without a word.
    if (wasUnanswered) this.#changeVersion(this.version === 1 ? 0 : 1, nowMs);
  }

  /** Serial and session belong to one version (§7). */
  #changeVersion(version: Version, nowMs: number): void {
    this.version = version;
    this.serial = undefined;
    this.sessionId = undefined;
    if (this.#isWanted) this.#nextAtMs = Math.min(this.#nextAtMs, nowMs + 1_000);
  }

  #flush(): void {
    this.serial = undefined;
    this.sessionId = undefined;
    this.synchronizedAtMs = undefined;
    this.#expireAtMs = NEVER;
    this.#tellChanges((visit) => this.#table.forget(this.#cache, visit));
  }

  #tellChanges(change: (visit: (address: Uint8Array, length: number) => void) => void): void {
    const prefixes: ChangedPrefix[] = [];
    let isAll = false;
    change((address, length) => {
      if (prefixes.length < MOST_CHANGED) prefixes.push({ address, length });
      else isAll = true;
    });
    if (prefixes.length > 0) this.#effects.push({ kind: 'changed', prefixes: isAll ? null : prefixes });
  }

  #receive(chunk: Uint8Array, nowMs: number): void {
    if (this.state === 'idle' || this.state === 'connecting') return;
    let bytes = chunk;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held);
      bytes.set(chunk, this.#held.length);
    }
    let at = 0;
    for (;;) {
      const header = readPduHeader(bytes, at, bytes.length);
      if (header === undefined) break;
      const seen = bytes.subarray(at, Math.min(bytes.length, at + 64));
      const refusal = this.#settleVersion(header.version, header.type) ?? checkPduHeader(header);
      if (refusal !== undefined) {
        this.#refuse(refusal, seen, header.type, nowMs);
        return;
      }
      if (at + header.length > bytes.length) break;
      const whole = bytes.subarray(at, at + header.length);
      at += header.length;
      const pdu = decodePdu(whole);
      const error = pdu.ok ? this.#take(pdu.value, nowMs) : pdu.error;
      if (error !== undefined) {
        this.#refuse(error, seen, header.type, nowMs);
        return;
      }
      if (this.#isOver()) return;
    }
    this.#held = bytes.slice(at);
  }

  /** Whether a PDU has ended the connection. */
  #isOver(): boolean {
    return this.state === 'idle';
  }

  /** §7. */
  #settleVersion(version: number, type: number): PduError | undefined {
    const isReport = type === PduType.errorReport;
    if (version > 1) {
      return { code: PduErrorCode.unsupportedVersion, reason: `version ${version} is not known` };
    }
    if (this.#isVersionSettled) {
      if (version === this.version || isReport) return undefined;
      return {
        code: PduErrorCode.unexpectedVersion,
        reason: `version ${version} in the middle of version ${this.version}`,
      };
    }
    // Notices before the first answer say nothing, whatever their version; nor does an error settle one.
    if (type === PduType.serialNotify || isReport) return undefined;
    if (version > this.version) {
      return { code: PduErrorCode.unexpectedVersion, reason: `version ${version} was not asked for` };
    }
    this.#isVersionSettled = true;
    this.version = version as Version;
    return undefined;
  }

  /** Tells the cache, never in answer to an error of its own (§5.11), and hangs up. */
  #refuse({ code, reason }: PduError, pdu: Uint8Array, type: number, nowMs: number): void {
    if (type !== PduType.errorReport) this.#send({ type: PduType.errorReport, code, pdu: pdu.slice(), text: reason });
    // §5.11 and §10: after an error nothing of the half answer counts, and everything is asked for anew.
    this.serial = undefined;
    this.sessionId = undefined;
    this.#fail(reason, nowMs);
  }

  #take(pdu: Pdu, nowMs: number): PduError | undefined {
    switch (pdu.type) {
      case PduType.serialNotify:
        return this.#notified(pdu.sessionId, pdu.serial, nowMs);
      case PduType.cacheResponse:
        return this.#begin(pdu.sessionId);
      case PduType.ipv4Prefix:
      case PduType.ipv6Prefix:
        return this.#prefix(pdu);
      case PduType.routerKey:
        return this.state === 'receiving' ? undefined : unexpected('Router Key');
      case PduType.endOfData:
        return this.#end(pdu, nowMs);
      case PduType.cacheReset:
        if (this.state !== 'asking') return unexpected('Cache Reset');
        this.serial = undefined;
        this.#ask(nowMs);
        return undefined;
      case PduType.errorReport:
        this.#reported(pdu.code, pdu.text, nowMs);
        return undefined;
      default:
        return { code: PduErrorCode.invalidRequest, reason: 'a query from a cache' };
    }
  }

  /** §5.2, §8.2: ignored at the start, and while an answer is on its way. */
  #notified(sessionId: number, serial: number, nowMs: number): PduError | undefined {
    if (!this.#isVersionSettled || this.state !== 'synchronized') return undefined;
    if (sessionId !== this.sessionId) return this.#otherSession();
    if (serial !== this.serial) this.#ask(nowMs);
    return undefined;
  }

  #begin(sessionId: number): PduError | undefined {
    if (this.state !== 'asking') return unexpected('Cache Response');
    const isFromNothing = this.serial === undefined;
    if (!isFromNothing && sessionId !== this.sessionId) return this.#otherSession();
    this.sessionId = sessionId;
    this.state = 'receiving';
    this.#table.begin(this.#cache, isFromNothing);
    return undefined;
  }

  /** §5.1: the cache has started anew; nothing that it said counts. */
  #otherSession(): PduError {
    this.#flush();
    return { code: PduErrorCode.corruptData, reason: 'the session id is another one: the cache has started anew' };
  }

  #prefix(pdu: PrefixPdu): PduError | undefined {
    if (this.state !== 'receiving') return unexpected('Prefix');
    if (pdu.isAnnouncement) {
      if (this.#table.isFull)
        return { code: PduErrorCode.internalError, reason: 'more payloads than there is room for' };
      if (this.#table.announce(this.#cache, pdu)) return undefined;
      return { code: PduErrorCode.duplicateAnnouncement, reason: 'a payload that was announced already' };
    }
    if (this.#table.withdraw(this.#cache, pdu)) return undefined;
    return { code: PduErrorCode.withdrawalOfUnknown, reason: 'the withdrawal of a payload that was not announced' };
  }

  #end({ sessionId, serial, intervals }: Extract<Pdu, { type: 7 }>, nowMs: number): PduError | undefined {
    if (this.state !== 'receiving') return unexpected('End of Data');
    if (sessionId !== this.sessionId) return this.#otherSession();
    this.serial = serial;
    this.state = 'synchronized';
    this.#intervals = intervals ?? this.#firstIntervals;
    this.synchronizedAtMs = nowMs;
    this.#nextAtMs = nowMs + 1_000 * this.#intervals.refreshS;
    this.#expireAtMs = nowMs + 1_000 * this.#intervals.expireS;
    this.#tellChanges((visit) => this.#table.commit(this.#cache, visit));
    return undefined;
  }

  #reported(code: number, text: string, nowMs: number): void {
    const name = pduErrorNames[code] ?? `code ${code}`;
    const wasSettled = this.#isVersionSettled;
    // §12: No Data Available ends nothing for good; the cache has not got its own data yet.
    this.#fail(`the cache says ${name}${text === '' ? '' : `: ${JSON.stringify(text.slice(0, 200))}`}`, nowMs);
    if (code === PduErrorCode.unsupportedVersion && !wasSettled && this.version === 1) this.#changeVersion(0, nowMs);
    else if (code !== PduErrorCode.noDataAvailable) this.serial = undefined;
  }
}

function unexpected(name: string): PduError {
  return { code: PduErrorCode.corruptData, reason: `${name} where none was asked for` };
}
