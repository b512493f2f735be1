/** What an edge says and what it is answered, from its hello on. */
import {
  CloseCode,
  type ControllerMessage,
  type EdgeMessage,
  formatVersion,
  PROTOCOL_VERSION,
  TELEMETRY_INTERVAL_MS,
} from '@patronus/protocol';
import { acceptRequest } from '../authority/requests.ts';
import type { Core } from '../core.ts';
import { appendAudit } from '../services/audit.ts';
import { ServiceError } from '../services/error.ts';
import { isOtherEdge, issueRenewal } from '../services/renewCertificate.ts';
import { transact } from '../store/transaction.ts';
import * as causes from './causes.ts';
import { type ContinuationVerdict, judgeContinuation, rotateContinuation, settleContinuation } from './continuation.ts';
import { newestConfiguration, noteConfirmed, noteReturned, writeUplinkReports } from './reports.ts';

type Said<T extends EdgeMessage['type']> = Extract<EdgeMessage, { type: T }>;

/** A version that an edge gave up is offered again only so much later, or with the next change. */
const RETRY_RETURNED_MS = 5 * 60_000;

/** An edge gives a version up within 60 s, or keeps it. */
const TRIAL_MS = 65_000;

/** The connection that a conversation is held over. */
export interface Connection {
  readonly edgeId: string;
  readonly remoteAddress: string | null;
  /** The edge's own name for its running program; undefined before its hello was taken. */
  readonly instanceId: string | undefined;
  readonly isOpen: boolean;
  send(message: ControllerMessage): void;
  end(code: number, reason: string): void;
  /** Sends the newest configuration if the edge needs it. */
  push(): void;
  /** Whether the other end still answers. */
  isAlive(): Promise<boolean>;
}

/** Which connection speaks for which edge. */
export interface Speakers {
  speakerFor(edgeId: string): Connection | undefined;
  /** Makes a connection the edge's own; an older one of the same edge ends. */
  adopt(connection: Connection): void;
  /** Returns whether it spoke for its edge until now. */
  release(connection: Connection): boolean;
  /** Other edges have to learn of something: publish once for all that comes together. */
  recompileSoon(): void;
}

export class Conversation {
  readonly #core: Core;
  readonly #speakers: Speakers;
  readonly #connection: Connection;
  #hello: Said<'hello'> | undefined;
  /** The continuation of this connection's welcome, until the edge is known to hold it. */
  #unsettled: string | undefined;
  #greetedAt = 0;
  #isPresumed = false;
  #sentVersion: string | undefined;
  #returned: { readonly version: string; readonly at: number } | undefined;

  constructor(core: Core, speakers: Speakers, connection: Connection) {
    this.#core = core;
    this.#speakers = speakers;
    this.#connection = connection;
  }

  get instanceId(): string | undefined {
    return this.#hello?.instanceId;
  }

  async handle(message: EdgeMessage): Promise<void> {
    if (this.#hello === undefined) {
      if (message.type === 'hello') await this.#greet(message);
      else this.#connection.end(CloseCode.protocolError, 'the first message has to be hello');
      return;
    }
    if (this.#unsettled !== undefined) {
      // The edge stores the continuation before anything else, so that any further word means it has it.
      await settleContinuation(this.#core, this.#connection.edgeId, this.#unsettled);
      this.#unsettled = undefined;
    }
    // A word said just before the edge moved to another connection counts, and so does telemetry, each at its own time;
    // the state of uplinks said there is older than the new one.
    const isReplaced = this.#speakers.speakerFor(this.#connection.edgeId) !== this.#connection;
    if (isReplaced && message.type === 'uplinks') return;
    await this.#answer(message);
  }

  async push(): Promise<void> {
    if (this.#hello === undefined) return;
    const newest = await newestConfiguration(this.#core, this.#connection.edgeId);
    if (newest === undefined || newest.version === this.#sentVersion) return;
    const gaveUpAt = this.#returned?.version === newest.version ? this.#returned.at : undefined;
    if (gaveUpAt !== undefined && this.#core.now() - gaveUpAt < RETRY_RETURNED_MS) return;
    this.#sentVersion = newest.version;
    this.#connection.send({ type: 'configuration', signed: newest.signed });
  }

  async leave(): Promise<void> {
    if (!this.#speakers.release(this.#connection)) return;
    const { live, store, now, changes } = this.#core;
    live.disconnected(this.#connection.edgeId);
    await store.db.updateTable('edge').set({ last_seen_at: now() }).where('id', '=', this.#connection.edgeId).execute();
    changes.announce('telemetry');
  }

  async #answer(message: EdgeMessage): Promise<void> {
    switch (message.type) {
      case 'hello':
        this.#connection.end(CloseCode.protocolError, 'hello is said once');
        return;
      case 'ping':
        this.#connection.send({ type: 'pong', id: message.id });
        return;
      case 'pong':
      case 'applied':
        return;
      case 'uplinks':
        return this.#takeUplinks(message.uplinks);
      case 'confirmed':
        return this.#confirmed(formatVersion(message.version));
      case 'returned':
        return this.#gaveUp(message);
      case 'telemetry':
        this.#takeTelemetry(message);
        return this.#presume();
      case 'decisions':
        return this.#takeDecisions(message);
      case 'notice':
        if (causes.isNoticeCode(message.code)) this.#core.alarms.raise(causes.notice(this.#edge(), message));
        return;
      case 'renew':
        return this.#renew(message.certificateRequest);
    }
  }

  async #greet(hello: Said<'hello'>): Promise<void> {
    const { edgeId } = this.#connection;
    if (hello.edgeId !== edgeId) return this.#refuse('WRONG_IDENTITY', CloseCode.wrongIdentity, hello.edgeId);
    const verdict = await this.#judge(hello);
    if (verdict !== 'good') {
      this.#core.alarms.raise(causes.cloned(this.#edge(), verdict, this.#connection.remoteAddress));
      return this.#refuse('EDGE_CLONED', CloseCode.cloned, this.#edge().name);
    }
    const continuation = await rotateContinuation(this.#core, edgeId, hello.softwareVersion);
    if (!this.#connection.isOpen) return;
    this.#hello = hello;
    this.#unsettled = continuation;
    this.#greetedAt = this.#core.now();
    this.#speakers.adopt(this.#connection);
    this.#core.live.connected(edgeId, hello.wallMs);
    this.#core.alarms.clear(causes.keyOf('offline', edgeId));
    this.#connection.send({
      type: 'welcome',
      protocol: PROTOCOL_VERSION,
      continuation,
      wallMs: this.#core.now(),
      telemetryIntervalMs: TELEMETRY_INTERVAL_MS,
      decisionNumber: this.#core.telemetry.decisions.latestNumber(edgeId),
    });
    this.#checkClock(hello.wallMs);
    this.#recall(hello.running === null ? undefined : formatVersion(hello.running));
    await this.#takeUplinks(hello.uplinks);
    await this.#core.network.reload();
    this.#core.changes.announce('network');
    await this.push();
  }

  /** What it runs need not be sent; what it gave up on an earlier connection is not pressed upon it at once. */
  #recall(running: string | undefined): void {
    this.#sentVersion = running;
    const edge = this.#core.network.current.edges.get(this.#connection.edgeId);
    const returned = edge?.returned_version ?? null;
    const at = edge?.returned_at ?? null;
    if (returned !== null && at !== null && returned !== running) this.#returned = { version: returned, at };
  }

  /** Two live instances, or one that comes with a secret already replaced: one of them is a copy. */
  async #judge(hello: Said<'hello'>): Promise<ContinuationVerdict | 'twice'> {
    const verdict = await judgeContinuation(this.#core, this.#connection.edgeId, hello.continuation);
    const other = this.#speakers.speakerFor(this.#connection.edgeId);
    if (other === undefined || other === this.#connection || other.instanceId === hello.instanceId) return verdict;
    // A gateway that restarted leaves a dead connection behind; a copy leaves one that answers.
    return (await other.isAlive()) ? 'twice' : verdict;
  }

  async #refuse(code: 'EDGE_CLONED' | 'WRONG_IDENTITY', close: number, subject: string): Promise<void> {
    const reasons = {
      EDGE_CLONED: `another gateway speaks as ${subject}, or this one came with an outdated secret`,
      WRONG_IDENTITY: 'the certificate belongs to another edge',
    };
    this.#core.refusals.count(code);
    await this.#audit('edge.connect', code, subject);
    this.#connection.send({ type: 'refused', code, reason: reasons[code] });
    this.#connection.end(close, code);
  }

  async #takeUplinks(reports: Said<'uplinks'>['uplinks']): Promise<void> {
    if (await writeUplinkReports(this.#core, this.#connection.edgeId, reports)) this.#speakers.recompileSoon();
  }

  #takeTelemetry(message: Said<'telemetry'>): void {
    const { live, telemetry, network, changes, now } = this.#core;
    const late = live.report(this.#connection.edgeId, message, network.current.tunnels);
    if (late === undefined) changes.announce('telemetry');
    // Charts show it with the next report that is of now, which follows.
    else telemetry.fill(late.at, late.tick, now());
  }

  #takeDecisions({ decisions, lost }: Said<'decisions'>): void {
    const { live, telemetry, changes, now } = this.#core;
    const { edgeId } = this.#connection;
    const dated = decisions.map((decision) => ({ at: live.ownTime(edgeId, decision.wallMs), decision }));
    live.lostDecisions(edgeId, lost);
    const instanceId = this.#hello?.instanceId ?? '';
    if (telemetry.decisions.add(edgeId, instanceId, dated, now()) > 0) changes.announce('decisions');
  }

  async #confirmed(version: string): Promise<void> {
    this.#returned = undefined;
    await noteConfirmed(this.#core, this.#connection.edgeId, version);
    this.#core.alarms.clear(causes.keyOf('returned', this.#connection.edgeId));
    this.#core.changes.announce('network');
  }

  /** `confirmed` may get lost with its connection: who came running a version and outlasts its trial has confirmed it. */
  async #presume(): Promise<void> {
    const running = this.#hello?.running ?? null;
    if (running === null || this.#isPresumed || this.#core.now() - this.#greetedAt < TRIAL_MS) return;
    this.#isPresumed = true;
    const version = formatVersion(running);
    const { newestVersions, edges } = this.#core.network.current;
    const { edgeId } = this.#connection;
    if (newestVersions.get(edgeId) !== version || edges.get(edgeId)?.confirmed_version === version) return;
    if (this.#returned?.version !== version) await this.#confirmed(version);
  }

  async #gaveUp(message: Said<'returned'>): Promise<void> {
    const version = message.version === null ? (this.#sentVersion ?? 'none') : formatVersion(message.version);
    this.#returned = { version, at: this.#core.now() };
    await noteReturned(this.#core, this.#connection.edgeId, version, `${message.code}: ${message.reason}`);
    this.#core.alarms.raise(causes.configurationReturned(this.#edge(), version, message));
    this.#core.changes.announce('network');
  }

  async #renew(request: string): Promise<void> {
    const { edgeId } = this.#connection;
    try {
      const publicKey = await acceptRequest(request, (name) => isOtherEdge(this.#core, edgeId, name));
      const { certificate } = await issueRenewal(this.#core, this.#core.store.db, edgeId, publicKey);
      await this.#audit('certificate.renew', 'OK', this.#edge().name);
      await this.#core.network.reload();
      this.#core.alarms.clear(causes.keyOf('certificate', edgeId));
      this.#connection.send({ type: 'renewed', certificate });
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      this.#core.refusals.count(cause.code);
      await this.#audit('certificate.renew', cause.code, this.#edge().name);
      this.#connection.send({ type: 'refused', code: cause.code, reason: cause.message });
    }
  }

  #checkClock(wallMs: number): void {
    const skewMs = wallMs - this.#core.now();
    if (Math.abs(skewMs) < causes.SKEW_MS) this.#core.alarms.clear(causes.keyOf('clock', this.#connection.edgeId));
    else this.#core.alarms.raise(causes.clockSkew(this.#edge(), skewMs));
  }

  async #audit(action: string, outcome: string, subject: string): Promise<void> {
    const { store, authority, organisation, now, changes } = this.#core;
    const actor = `edge ${this.#edge().name}`;
    const source_address = this.#connection.remoteAddress;
    const entry = { organisation, at: now(), actor, action, subject, outcome, source_address };
    await transact(store.db, (trx) => appendAudit(trx, authority, entry));
    changes.announce('audit');
  }

  #edge(): causes.NamedEdge {
    const { edgeId } = this.#connection;
    const edge = this.#core.network.current.edges.get(edgeId);
    return { id: edgeId, name: edge?.name ?? edgeId, siteId: edge?.site_id ?? null };
  }
}
