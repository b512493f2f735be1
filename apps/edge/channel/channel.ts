/**
 * Stays connected to the controller: tries every controller over every uplink, says hello, stores the continuation
 * before anything else, and begins anew over the next uplink as soon as a connection dies.
 *
 * Ways are tried in turn without waiting for the silent ones: the next begins 250 ms after the one before, and the
 * first that opens is kept (RFC 8305 §5). So an address that swallows packets costs a moment, not a timeout.
 */
import { CloseCode, type ControllerMessage, type EdgeMessage } from '@patronus/protocol';
import { backoffMs } from './backoff.ts';
import { type Connection, type Credentials, connect } from './connection.ts';
import { hostFirst, startAfter, type Way } from './ways.ts';

export type ChannelState = 'connecting' | 'connected' | 'waiting' | 'stopped';

export interface ChannelStatus {
  readonly state: ChannelState;
  /** `203.0.113.1:8444 over internet`. */
  readonly way: string | null;
  readonly lastError: string | null;
}

type Hello = Extract<EdgeMessage, { type: 'hello' }>;
type Welcome = Extract<ControllerMessage, { type: 'welcome' }>;

export interface ChannelOwner {
  credentials(): Credentials;
  /** The ways as they are now, in order of preference. */
  ways(): readonly Way[];
  hello(): Hello;
  /** Stored durably before it answers; false when it could not be, and then the connection is no use. */
  keepContinuation(continuation: string): boolean;
  /** Of a connection that was begun after the last `reconnect`. */
  onWelcome(welcome: Welcome): void;
  onMessage(message: ControllerMessage): void;
  onDisconnect(reason: string): void;
  onStatus(status: ChannelStatus): void;
}

/** An identity that the controller will not hear at present: asking every 250 ms would be a nuisance. */
const slowCloseCodes: ReadonlySet<number> = new Set([CloseCode.revoked, CloseCode.wrongIdentity, CloseCode.cloned]);
const roundWhenUnwelcome = 7;
const shortLifeMs = 2_000;
const welcomeWithinMs = 5_000;
/** RFC 8305 §8: the recommended Connection Attempt Delay. */
const attemptDelayMs = 250;

export class Channel {
  readonly #owner: ChannelOwner;
  #connection: Connection | undefined;
  /** Begun and not yet open. */
  readonly #attempts = new Set<Connection>();
  #nextAttempt: NodeJS.Timeout | undefined;
  #isWelcome = false;
  #welcomedAt = 0;
  #lastGoodHost: string | undefined;
  #round = 0;
  #left: Way[] = [];
  #last: Way | undefined;
  #timer: NodeJS.Timeout | undefined;
  #status: ChannelStatus = { state: 'stopped', way: null, lastError: null };

  constructor(owner: ChannelOwner) {
    this.#owner = owner;
  }

  get status(): ChannelStatus {
    return this.#status;
  }

  get isConnected(): boolean {
    return this.#isWelcome;
  }

  /** Begins, or drops the present connection and begins a fresh one at once. */
  reconnect(): void {
    this.#drop();
    this.#round = 0;
    this.#beginRound();
  }

  stop(): void {
    this.#drop();
    this.#tell('stopped', null, null);
  }

  #drop(): void {
    clearTimeout(this.#timer);
    const previous = this.#connection;
    this.#connection = undefined;
    this.#isWelcome = false;
    previous?.close();
    this.#endAttempts();
  }

  /** False while there is no welcome from the controller: then the message was not sent. */
  send(message: EdgeMessage): boolean {
    return this.#isWelcome && this.#connection?.send(message) === true;
  }

  /** To be called every PING_INTERVAL_MS. */
  beat(): void {
    this.#connection?.ping();
  }

  #beginRound(): void {
    this.#left = startAfter(hostFirst(this.#owner.ways(), this.#lastGoodHost), this.#last);
    this.#tryNext();
  }

  /** Begins the next way beside those under way; waits a while when none is left and none has opened. */
  #tryNext(): void {
    clearTimeout(this.#nextAttempt);
    const way = this.#left.shift();
    if (way === undefined) {
      if (this.#attempts.size === 0) this.#wait();
      return;
    }
    this.#tell('connecting', way, this.#status.lastError);
    const connection: Connection = connect(way, this.#owner.credentials(), {
      onOpen: () => this.#attempts.has(connection) && this.#keep(connection),
      onMessage: (message) => this.#connection === connection && this.#receive(way, message),
      onEnd: (code, reason) => {
        if (this.#connection === connection) this.#lose(way, code, reason);
        else if (this.#attempts.delete(connection)) this.#fail(way, reason);
      },
    });
    this.#attempts.add(connection);
    this.#nextAttempt = setTimeout(() => this.#tryNext(), attemptDelayMs);
  }

  /** The first to open is the one; the others are dropped before they say a word. */
  #keep(connection: Connection): void {
    this.#attempts.delete(connection);
    this.#endAttempts();
    this.#connection = connection;
    connection.send(this.#owner.hello());
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(connection.way, 'no welcome came'), welcomeWithinMs);
  }

  #giveUp(way: Way, reason: string): void {
    const previous = this.#connection;
    this.#lose(way, null, reason);
    previous?.close();
  }

  #endAttempts(): void {
    clearTimeout(this.#nextAttempt);
    const others = [...this.#attempts];
    this.#attempts.clear();
    for (const other of others) other.close();
  }

  #fail(way: Way, reason: string): void {
    this.#tell('connecting', way, `${describe(way)}: ${reason}`);
    this.#tryNext();
  }

  #receive(way: Way, message: ControllerMessage): void {
    if (message.type === 'welcome') {
      clearTimeout(this.#timer);
      if (!this.#owner.keepContinuation(message.continuation)) {
        this.#giveUp(way, 'the state directory cannot be written');
        return;
      }
      this.#isWelcome = true;
      this.#welcomedAt = performance.now();
      this.#lastGoodHost = way.host;
      this.#tell('connected', way, null);
      this.#owner.onWelcome(message);
    } else {
      this.#owner.onMessage(message);
    }
  }

  #lose(way: Way, code: number | null, reason: string): void {
    const wasWelcome = this.#isWelcome;
    clearTimeout(this.#timer);
    this.#connection = undefined;
    this.#isWelcome = false;
    const failed = `${describe(way)}: ${reason}`;
    this.#tell('connecting', way, failed);
    if (wasWelcome) this.#owner.onDisconnect(failed);
    if (code !== null && slowCloseCodes.has(code)) {
      this.#round = roundWhenUnwelcome;
      this.#left = [];
    } else if (wasWelcome && performance.now() - this.#welcomedAt > shortLifeMs) {
      // At once, but over another way first. A controller that welcomes and hangs up is not rushed at.
      this.#round = 0;
      this.#last = way;
      this.#beginRound();
      return;
    }
    this.#tryNext();
  }

  #wait(): void {
    this.#last = undefined;
    this.#round += 1;
    this.#tell('waiting', null, this.#status.lastError ?? 'no uplink has an address');
    this.#timer = setTimeout(() => this.#beginRound(), backoffMs(this.#round, Math.random()));
  }

  #tell(state: ChannelState, way: Way | null, lastError: string | null): void {
    this.#status = { state, way: way === null ? null : describe(way), lastError };
    this.#owner.onStatus(this.#status);
  }
}

function describe({ host, port, name }: Way): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port} over ${name}`;
}
