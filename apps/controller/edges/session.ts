/** One connection of one edge, from its hello to its end. Messages are handled one after the other. */
import {
  CloseCode,
  type ControllerMessage,
  type EdgeMessage,
  edgeMessageSchema,
  formatVersion,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
  PROTOCOL_VERSION,
  TELEMETRY_INTERVAL_MS,
} from '@patronus/protocol';
import type { WebSocket } from 'ws';
import { acceptRequest } from '../authority/requests.ts';
import type { Core } from '../core.ts';
import { appendAudit } from '../services/audit.ts';
import { ServiceError } from '../services/error.ts';
import { isOtherEdge, issueRenewal } from '../services/renewCertificate.ts';
import { transact } from '../store/transaction.ts';
import type { EdgeChannel } from './channel.ts';
import { type ContinuationVerdict, judgeContinuation, rotateContinuation, settleContinuation } from './continuation.ts';
import { newestConfiguration, noteConfirmed, noteReturned, writeUplinkReports } from './reports.ts';

type Hello = Extract<EdgeMessage, { type: 'hello' }>;

const HELLO_WITHIN_MS = 10_000;
const SKEW_ALARM_MS = 5 * 60_000;
/** A version that an edge gave up is offered again only on a connection this much later. */
const RETRY_RETURNED_MS = 5 * 60_000;

export class EdgeSession {
  readonly edgeId: string;
  /** Settles when the connection is gone and what it said is written. */
  readonly ended: Promise<void>;
  readonly #core: Core;
  readonly #channel: EdgeChannel;
  readonly #socket: WebSocket;
  readonly #remoteAddress: string | null;
  readonly #pings: NodeJS.Timeout;
  #lastHeard: number;
  #queue: Promise<void> = Promise.resolve();
  #hello: Hello | undefined;
  #isContinuationSettled = false;
  #sentVersion: string | undefined;
  #returned: { version: string; at: number } | undefined;
  #onHeard: (() => void)[] = [];

  constructor(core: Core, channel: EdgeChannel, edgeId: string, socket: WebSocket, remoteAddress: string | null) {
    this.#core = core;
    this.#channel = channel;
    this.edgeId = edgeId;
    this.#socket = socket;
    this.#remoteAddress = remoteAddress;
    const openedAt = performance.now();
    this.#lastHeard = openedAt;
    this.#pings = setInterval(() => this.#watch(openedAt), PING_INTERVAL_MS);
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        clearInterval(this.#pings);
        this.#heard();
        this.#enqueue(() => this.#leave());
        void this.#queue.then(resolve);
      });
    });
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => this.#heard());
    socket.on('ping', () => this.#heard());
    socket.on('message', (data, isBinary) => {
      this.#heard();
      if (isBinary) return this.end(CloseCode.protocolError, 'binary frames are not spoken here');
      const message = parse(data.toString());
      if (message === 'broken') return this.end(CloseCode.protocolError, 'a message could not be read');
      if (message !== undefined) this.#enqueue(() => this.#handle(message));
    });
  }

  get instanceId(): string | undefined {
    return this.#hello?.instanceId;
  }

  end(code: number, reason: string): void {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), 1_000).unref();
  }

  /** Whether the other end is still there: true as soon as it says anything, false when it is gone or stays silent. */
  async isAlive(): Promise<boolean> {
    if (this.#socket.readyState !== this.#socket.OPEN) return false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
      this.#onHeard.push(() => {
        clearTimeout(timer);
        resolve(this.#socket.readyState === this.#socket.OPEN);
      });
      this.#socket.ping();
    });
  }

  /** Sends the newest configuration unless the edge has it, or gave it up a short while ago. */
  push(): void {
    if (this.#hello === undefined) return;
    this.#enqueue(async () => {
      const newest = await newestConfiguration(this.#core, this.edgeId);
      if (newest === undefined || newest.version === this.#sentVersion) return;
      if (this.#returned?.version === newest.version && this.#core.now() - this.#returned.at < RETRY_RETURNED_MS)
        return;
      this.#sentVersion = newest.version;
      this.#send({ type: 'configuration', signed: newest.signed });
    });
  }

  #watch(openedAt: number): void {
    const now = performance.now();
    if (now - this.#lastHeard > PING_TIMEOUT_MS) this.#socket.terminate();
    else if (this.#hello === undefined && now - openedAt > HELLO_WITHIN_MS) {
      this.end(CloseCode.protocolError, 'no hello came');
    } else if (this.#socket.readyState === this.#socket.OPEN) this.#socket.ping();
  }

  #heard(): void {
    this.#lastHeard = performance.now();
    if (this.#hello !== undefined) this.#core.live.seen(this.edgeId);
    for (const tell of this.#onHeard.splice(0)) tell();
  }

  #send(message: ControllerMessage): void {
    if (this.#socket.readyState === this.#socket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #enqueue(step: () => Promise<void>): void {
    this.#queue = this.#queue.then(step).catch((error: unknown) => {
      this.#core.log.error({ err: error, edge: this.edgeId }, 'a message of an edge could not be handled');
      this.end(1011, 'internal error');
    });
  }

  async #handle(message: EdgeMessage): Promise<void> {
    if (this.#hello === undefined) {
      if (message.type !== 'hello') return this.end(CloseCode.protocolError, 'the first message has to be hello');
      return this.#welcome(message);
    }
    if (this.#channel.sessionOf(this.edgeId) !== this) return;
    if (!this.#isContinuationSettled) {
      // The edge stores the continuation before anything else, so that any further word means it has it.
      this.#isContinuationSettled = true;
      await settleContinuation(this.#core, this.edgeId);
    }
    switch (message.type) {
      case 'hello':
        return this.end(CloseCode.protocolError, 'hello is said once');
      case 'ping':
        return this.#send({ type: 'pong', id: message.id });
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
        this.#core.live.report(this.edgeId, message);
        return this.#core.changes.announce('telemetry');
      case 'notice':
        return this.#notice(message);
      case 'renew':
        return this.#renew(message.certificateRequest);
    }
  }

  async #welcome(hello: Hello): Promise<void> {
    if (hello.edgeId !== this.edgeId) return this.#refuseIdentity(hello.edgeId);
    const verdict = await this.#judge(hello);
    if (verdict !== 'good') return this.#refuseClone(verdict);
    const continuation = await rotateContinuation(this.#core, this.edgeId, hello.softwareVersion);
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#hello = hello;
    this.#channel.adopt(this);
    this.#core.live.connected(this.edgeId);
    this.#core.alarms.clear(`offline:${this.edgeId}`);
    this.#send({
      type: 'welcome',
      protocol: PROTOCOL_VERSION,
      continuation,
      wallMs: this.#core.now(),
      telemetryIntervalMs: TELEMETRY_INTERVAL_MS,
    });
    this.#checkClock(hello.wallMs);
    if (hello.running !== null) this.#sentVersion = formatVersion(hello.running);
    await this.#takeUplinks(hello.uplinks);
    await this.#core.network.reload();
    this.#core.changes.announce('network');
    this.push();
  }

  /** Two live instances, or one that comes with a secret already replaced: one of them is a copy. */
  async #judge(hello: Hello): Promise<ContinuationVerdict | 'twice'> {
    const verdict = await judgeContinuation(this.#core, this.edgeId, hello.continuation);
    const other = this.#channel.sessionOf(this.edgeId);
    if (other === undefined || other === this || other.instanceId === hello.instanceId) return verdict;
    // A gateway that restarted leaves a dead connection behind; a copy leaves one that answers.
    return (await other.isAlive()) ? 'twice' : verdict;
  }

  async #refuseClone(verdict: 'stale' | 'twice'): Promise<void> {
    const name = this.#name();
    const what = verdict === 'twice' ? 'two gateways are connected as' : 'a gateway came with an outdated secret of';
    this.#core.alarms.raise({
      key: `cloned:${this.edgeId}`,
      code: 'EDGE_CLONED',
      severity: 'CRITICAL',
      message: `${what} ${name} (the one refused calls from ${this.#remoteAddress ?? 'an unknown address'}): its disk was copied or put back from an old copy; revoke this edge and enrol the real gateway again`,
      siteId: this.#siteId(),
    });
    await this.#audit('edge.connect', 'EDGE_CLONED', name);
    this.#send({ type: 'refused', code: 'EDGE_CLONED', reason: `${what} ${name}` });
    this.end(CloseCode.cloned, 'cloned');
  }

  async #refuseIdentity(claimed: string): Promise<void> {
    await this.#audit('edge.connect', 'WRONG_IDENTITY', claimed);
    this.#send({ type: 'refused', code: 'WRONG_IDENTITY', reason: 'the certificate belongs to another edge' });
    this.end(CloseCode.wrongIdentity, 'wrong identity');
  }

  async #takeUplinks(reports: Hello['uplinks']): Promise<void> {
    if (await writeUplinkReports(this.#core, this.edgeId, reports)) this.#channel.recompileSoon();
  }

  async #confirmed(version: string): Promise<void> {
    await noteConfirmed(this.#core, this.edgeId, version);
    this.#core.alarms.clear(`returned:${this.edgeId}`);
    this.#core.changes.announce('network');
  }

  async #gaveUp(message: Extract<EdgeMessage, { type: 'returned' }>): Promise<void> {
    const version = message.version === null ? (this.#sentVersion ?? 'none') : formatVersion(message.version);
    this.#returned = { version, at: this.#core.now() };
    await noteReturned(this.#core, this.edgeId, version, `${message.code}: ${message.reason}`);
    const running = message.running === null ? 'nothing' : formatVersion(message.running);
    this.#core.alarms.raise({
      key: `returned:${this.edgeId}`,
      code: 'CONFIGURATION_RETURNED',
      severity: 'WARNING',
      message: `${this.#name()} gave up configuration ${version} and runs ${running}: ${message.reason.slice(0, 500)}`,
      siteId: this.#siteId(),
    });
    this.#core.changes.announce('network');
  }

  #notice({ code, message }: Extract<EdgeMessage, { type: 'notice' }>): void {
    if (!/^[A-Z][A-Z0-9_]{2,39}$/.test(code)) return;
    const text = `${this.#name()}: ${message.slice(0, 500)}`;
    this.#core.alarms.raise({
      key: `notice:${code}:${this.edgeId}`,
      code,
      severity: 'INFO',
      message: text,
      siteId: this.#siteId(),
    });
  }

  async #renew(request: string): Promise<void> {
    try {
      const publicKey = await acceptRequest(request, (name) => isOtherEdge(this.#core, this.edgeId, name));
      const { certificate } = await issueRenewal(this.#core, this.#core.store.db, this.edgeId, publicKey);
      await this.#audit('certificate.renew', 'OK', this.#name());
      await this.#core.network.reload();
      this.#core.alarms.clear(`certificate:${this.edgeId}`);
      this.#send({ type: 'renewed', certificate });
    } catch (cause) {
      if (!(cause instanceof ServiceError)) throw cause;
      await this.#audit('certificate.renew', cause.code, this.#name());
      this.#send({ type: 'refused', code: cause.code, reason: cause.message });
    }
  }

  #checkClock(wallMs: number): void {
    const skewMs = wallMs - this.#core.now();
    if (Math.abs(skewMs) < SKEW_ALARM_MS) {
      this.#core.alarms.clear(`clock:${this.edgeId}`);
      return;
    }
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    this.#core.alarms.raise({
      key: `clock:${this.edgeId}`,
      code: 'CLOCK_SKEW',
      severity: 'WARNING',
      message: `the clock of ${this.#name()} is ${minutes} minutes ${skewMs < 0 ? 'behind' : 'ahead'}; check its time service`,
      siteId: this.#siteId(),
    });
  }

  async #leave(): Promise<void> {
    if (!this.#channel.release(this)) return;
    this.#core.live.disconnected(this.edgeId);
    const at = this.#core.now();
    await this.#core.store.db.updateTable('edge').set({ last_seen_at: at }).where('id', '=', this.edgeId).execute();
    this.#core.changes.announce('telemetry');
  }

  async #audit(action: string, outcome: string, subject: string): Promise<void> {
    const { store, authority, organisation, now } = this.#core;
    const entry = {
      organisation,
      at: now(),
      actor: `edge ${this.#name()}`,
      action,
      subject,
      outcome,
      source_address: this.#remoteAddress,
    };
    await transact(store.db, (trx) => appendAudit(trx, authority, entry));
    this.#core.changes.announce('audit');
  }

  #name(): string {
    return this.#core.network.current.edges.get(this.edgeId)?.name ?? this.edgeId;
  }

  #siteId(): string | null {
    return this.#core.network.current.edges.get(this.edgeId)?.site_id ?? null;
  }
}

/** Undefined: a type this release does not know, passed over. */
function parse(text: string): EdgeMessage | undefined | 'broken' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'broken';
  }
  const parsed = edgeMessageSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  return parsed.error.issues.some((issue) => issue.code === 'invalid_union' && issue.path.join() === 'type')
    ? undefined
    : 'broken';
}
