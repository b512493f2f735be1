/** One connection of one edge: frames, pings and its end. Messages are handled one after the other. */
import {
  CloseCode,
  type ControllerMessage,
  type EdgeMessage,
  edgeMessageSchema,
  PING_INTERVAL_MS,
  PING_TIMEOUT_MS,
} from '@patronus/protocol';
import type { WebSocket } from 'ws';
import type { Core } from '../core.ts';
import { type Connection, Conversation, type Speakers } from './conversation.ts';

const HELLO_WITHIN_MS = 10_000;
/** An edge that said something of late need not be asked whether it is there. */
const QUIET_MS = 1.2 * PING_INTERVAL_MS;
/** For the other end to answer a close. */
const CLOSE_WITHIN_MS = 1_000;

export class EdgeSession implements Connection {
  readonly edgeId: string;
  readonly remoteAddress: string | null;
  /** Settles when the connection is gone and what it said is written. */
  readonly ended: Promise<void>;
  readonly #core: Core;
  readonly #socket: WebSocket;
  readonly #conversation: Conversation;
  readonly #openedAt = performance.now();
  #lastHeard = performance.now();
  #queue: Promise<void> = Promise.resolve();
  #onHeard: (() => void)[] = [];

  constructor(core: Core, speakers: Speakers, edgeId: string, socket: WebSocket, remoteAddress: string | null) {
    this.#core = core;
    this.edgeId = edgeId;
    this.remoteAddress = remoteAddress;
    this.#socket = socket;
    this.#conversation = new Conversation(core, speakers, this);
    const pings = setInterval(() => this.#watch(), PING_INTERVAL_MS);
    this.ended = new Promise((resolve) => {
      socket.on('close', () => {
        clearInterval(pings);
        this.#heard();
        this.#enqueue(() => this.#conversation.leave());
        void this.#queue.then(resolve);
      });
    });
    socket.on('error', () => socket.terminate());
    socket.on('pong', () => this.#heard());
    socket.on('ping', () => this.#heard());
    socket.on('message', (data, isBinary) => {
      this.#heard();
      const message = isBinary ? 'broken' : parse(data.toString());
      if (message === 'broken') this.end(CloseCode.protocolError, 'a message could not be read');
      else if (message !== undefined) this.#enqueue(() => this.#conversation.handle(message));
    });
  }

  get instanceId(): string | undefined {
    return this.#conversation.instanceId;
  }

  get isOpen(): boolean {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  send(message: ControllerMessage): void {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  end(code: number, reason: string): void {
    if (this.#socket.readyState === this.#socket.CLOSED) return;
    this.#socket.close(code, reason);
    setTimeout(() => this.#socket.terminate(), CLOSE_WITHIN_MS).unref();
  }

  push(): void {
    this.#enqueue(() => this.#conversation.push());
  }

  /** Whether the other end is still there: true as soon as it says anything, false when it is gone or stays silent. */
  async isAlive(): Promise<boolean> {
    if (!this.isOpen) return false;
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), PING_TIMEOUT_MS);
      this.#onHeard.push(() => {
        clearTimeout(timer);
        resolve(this.isOpen);
      });
      this.#socket.ping();
    });
  }

  #watch(): void {
    const now = performance.now();
    if (now - this.#lastHeard > PING_TIMEOUT_MS) this.#socket.terminate();
    else if (this.instanceId === undefined && now - this.#openedAt > HELLO_WITHIN_MS) {
      this.end(CloseCode.protocolError, 'no hello came');
    } else if (this.isOpen && now - this.#lastHeard > QUIET_MS) this.#socket.ping();
  }

  #heard(): void {
    this.#lastHeard = performance.now();
    if (this.instanceId !== undefined) this.#core.live.seen(this.edgeId);
    for (const tell of this.#onHeard.splice(0)) tell();
  }

  #enqueue(step: () => Promise<void>): void {
    this.#queue = this.#queue.then(step).catch((error: unknown) => {
      this.#core.log.error({ err: error, edge: this.edgeId }, 'a message of an edge could not be handled');
      this.end(1011, 'internal error');
    });
  }
}

/** Undefined: a type this release does not know, passed over. */
export function parse(text: string): EdgeMessage | undefined | 'broken' {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'broken';
  }
  const parsed = edgeMessageSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const isUnknownType = parsed.error.issues.some((issue) => issue.path.join() === 'type');
  return isUnknownType && typeof (value as { type?: unknown } | null)?.type === 'string' ? undefined : 'broken';
}
