/**
 * The session with one neighbour: inputs and the time in, effects out (effects.ts). It does no I/O, reads no clock and
 * never throws at what a peer sent.
 *
 *     const session = new Session({ configuration, random });
 *     for (const effect of session.handle({ kind: 'start' }, nowMs)) carryOut(effect);
 *
 * The owner
 * - carries effects out in their order before it hands anything else over; each list is its own. What an UPDATE means may
 *   depend on them, so the session keeps bytes behind such a one, and wants a `tick` at once;
 * - opens what `connect` names with `socketOptions(configuration)`, and says `connected`, or `closed`;
 * - says `accepted` for a connection of the peer's, `bytes` for what arrives, `closed` when it ends;
 * - says `sent` whenever the kernel took bytes, with what still waits: who never says it ends after `sendHoldS`;
 * - says `tick` when `deadline` has come, after it has handed over every byte that waits: a pause of its own process is
 *   not silence of the peer;
 * - gives UPDATEs to send as whole messages (`sendUpdates`), and reads those that come in itself with an
 *   `UpdateReceiver`, or leaves it to the session, which decodes them into `update` effects.
 *
 * There is one machine for each connection (machine.ts, transitions.ts), two at most; which of two lives on is decided
 * here (RFC 4271 §6.8, collision.ts), as is when a session that ended is tried again, and what becomes of the peer's
 * routes meanwhile (staleRoutes.ts).
 */
import { type MessageError, messageError, Notice } from '../codec/errors.ts';
import type { FamilyKey } from '../codec/families.ts';
import { encodeRouteRefresh } from '../codec/routeRefresh.ts';
import { collision, hasToWait, judge } from './collision.ts';
import type { SessionConfiguration } from './configuration.ts';
import type { ConnectionId, DownReason, SessionEffect, SessionInput, UpdateReceiver } from './effects.ts';
import { IdleHold } from './idleHold.ts';
import { Machine, type MachineOwner } from './machine.ts';
import type { NegotiatedSession } from './negotiation.ts';
import { cease, isCollision } from './reasons.ts';
import { RoutesIn } from './routesIn.ts';
import { StaleRoutes } from './staleRoutes.ts';
import { type EventName, rank, type State } from './transitions.ts';

export interface SessionOptions {
  readonly configuration: SessionConfiguration;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Without it UPDATEs are decoded, and come out as effects. */
  readonly updates?: UpdateReceiver;
  /** Names for connections that the session asks for; counts from 1 unless given. */
  readonly newConnection?: () => ConnectionId;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Session {
  /** Takes effect with the next connection; the owner says `reset` where it has to be now. */
  configuration: SessionConfiguration;
  /** RFC 4271 §8. */
  connectRetryCounter = 0;
  /** Why it last went down, or could not come up; that one of two connections was given up is no reason. */
  lastReason: DownReason | undefined;
  /** Why it last went down from Established. */
  lastDown: DownReason | undefined;
  establishedAtMs: number | undefined;
  /** Times it was Established, and times it went down from there. */
  establishedCount = 0;
  downCount = 0;
  readonly #random: () => number;
  readonly #owner: MachineOwner;
  readonly #stale = new StaleRoutes();
  readonly #routesIn: RoutesIn;
  readonly #idleHold = new IdleHold();
  readonly #newConnection: () => ConnectionId;
  #primary: Machine;
  /** A second connection, until one of them has won. */
  #second: Machine | undefined;
  #effects: SessionEffect[] = [];
  #isWanted = false;
  #told: State = 'Idle';
  #negotiated: NegotiatedSession | undefined;

  constructor({ configuration, random, updates, newConnection }: SessionOptions) {
    this.configuration = configuration;
    this.#random = random;
    let connections = 0;
    this.#newConnection = newConnection ?? (() => ++connections);
    this.#owner = this.#asOwner();
    this.#routesIn = new RoutesIn(updates, this.#owner.emit);
    this.#primary = new Machine(this.#owner);
  }

  /** That of the connection which has come furthest. */
  get state(): State {
    const second = this.#second?.state ?? 'Idle';
    return rank(second) > rank(this.#primary.state) ? second : this.#primary.state;
  }

  /** UPDATEs of this session. */
  get receivedUpdates(): number {
    return this.#routesIn.count;
  }

  /** What holds while Established. */
  get negotiated(): NegotiatedSession | undefined {
    return this.#negotiated;
  }

  /** The connection that is Established, if one is. */
  get connection(): ConnectionId | null {
    return this.#established()?.connection ?? null;
  }

  /** When `tick` is due, ms; Infinity: never; −Infinity: at once, after the effects. */
  get deadline(): number {
    return Math.min(
      this.#primary.deadline,
      this.#second?.deadline ?? NEVER,
      this.#idleHold.startAtMs,
      this.#stale.deadline,
    );
  }

  /** Families with routes of the last session that are still kept. */
  get staleFamilies(): readonly FamilyKey[] {
    return this.#stale.families;
  }

  handle(input: SessionInput, nowMs: number): readonly SessionEffect[] {
    this.#effects = [];
    this.#handle(input, nowMs);
    this.#endWait(nowMs);
    return this.#effects;
  }

  #handle(input: SessionInput, nowMs: number): void {
    switch (input.kind) {
      case 'start':
        this.#start(input.isAutomatic === true, nowMs);
        return;
      case 'stop':
        this.#isWanted = false;
        this.#idleHold.forget();
        this.#stop(
          'ManualStop',
          cease(input.isDeconfigured === true ? Notice.peerDeconfigured : Notice.administrativeShutdown, input.reason),
          nowMs,
        );
        return;
      case 'reset':
        this.#stop(
          'AutomaticStop',
          cease(
            input.isConfigurationChange === true ? Notice.otherConfigurationChange : Notice.administrativeReset,
            input.isConfigurationChange === true ? undefined : input.reason,
          ),
          nowMs,
        );
        return;
      case 'bfdDown':
        this.#bfdDown(nowMs);
        return;
      case 'connected':
        this.#machineOf(input.connection)?.apply('Tcp_CR_Acked', nowMs);
        return;
      case 'accepted':
        this.#accept(input.connection, nowMs);
        return;
      case 'closed':
        this.#machineOf(input.connection)?.closed(input.reason ?? '', nowMs);
        return;
      case 'bytes':
        this.#machineOf(input.connection)?.receive(input.bytes, nowMs);
        return;
      case 'sent':
        this.#machineOf(input.connection)?.sent(input.waitingBytes, nowMs);
        return;
      case 'sendUpdates':
        this.#established()?.send(input.bytes, nowMs);
        return;
      case 'sendRefresh':
        this.#sendRefresh(input.family, input.refresh, nowMs);
        return;
      case 'tick':
        this.#tick(nowMs);
        return;
    }
  }

  #start(isAutomatic: boolean, nowMs: number): void {
    this.#isWanted = true;
    if (this.#primary.state !== 'Idle') return;
    this.#idleHold.forget();
    this.#begin(isAutomatic ? 'AutomaticStart' : 'ManualStart', nowMs);
  }

  #begin(event: 'AutomaticStart' | 'ManualStart' | 'AutomaticStart_with_DampPeerOscillations', nowMs: number): void {
    const isPassive = this.configuration.isPassive === true;
    if (!isPassive) this.#primary.apply(event, nowMs);
    else if (event === 'AutomaticStart_with_DampPeerOscillations')
      this.#primary.apply('AutomaticStart_with_DampPeerOscillations_and_PassiveTcpEstablishment', nowMs);
    else this.#primary.apply(`${event}_with_PassiveTcpEstablishment`, nowMs);
  }

  #stop(event: 'ManualStop' | 'AutomaticStop', error: MessageError, nowMs: number): void {
    this.#second?.end(event, error, nowMs);
    this.#primary.end(event, error, nowMs);
    if (event === 'ManualStop') this.#stale.abandon(this.#owner.emit);
  }

  /** RFC 9384 §3: only what BFD watches over is ended by it. */
  #bfdDown(nowMs: number): void {
    this.#established()?.end('AutomaticStop', messageError(Notice.bfdDown, 'BFD says that the peer is gone'), nowMs);
  }

  /** RFC 4271 §8.2.2: Idle refuses; a second connection is another machine's until it can be judged (§6.8). */
  #accept(connection: ConnectionId, nowMs: number): void {
    const primary = this.#primary;
    if (this.#machineOf(connection) !== undefined) return;
    if (primary.state === 'Idle') {
      this.#owner.emit({ kind: 'close', connection });
      return;
    }
    if (primary.state === 'Active' && primary.connection === null) {
      primary.accept(connection, nowMs);
      return;
    }
    const second = this.#second;
    if (second !== undefined) {
      // A peer that connects once more has given the last attempt up, as long as it has not spoken on it.
      const isReplaced = second.isIncoming && second.open === undefined;
      if (!isReplaced) {
        this.#owner.emit({ kind: 'close', connection });
        return;
      }
      second.end('OpenCollisionDump', collision, nowMs);
    }
    const machine = new Machine(this.#owner);
    machine.state = 'Active';
    this.#second = machine;
    machine.accept(connection, nowMs);
    this.#tell('TcpConnectionConfirmed');
  }

  #sendRefresh(family: FamilyKey, refresh: 'request' | 'begin' | 'end', nowMs: number): void {
    const negotiated = this.#negotiated;
    if (negotiated === undefined || !negotiated.families.has(family)) return;
    const may = refresh === 'request' ? negotiated.hasRouteRefresh : negotiated.hasEnhancedRefresh;
    if (may) this.#established()?.send(encodeRouteRefresh(family, refresh), nowMs);
  }

  #tick(nowMs: number): void {
    this.#second?.tick(nowMs);
    this.#primary.tick(nowMs);
    this.#stale.tick(nowMs, this.#owner.emit);
    if (this.#idleHold.startAtMs > nowMs) return;
    this.#idleHold.stop();
    if (!this.#isWanted || this.#primary.state !== 'Idle') return;
    this.#primary.apply('IdleHoldTimer_Expires', nowMs);
    this.#begin(
      this.#idleHold.isDamping(this.configuration) ? 'AutomaticStart_with_DampPeerOscillations' : 'AutomaticStart',
      nowMs,
    );
  }

  #machineOf(connection: ConnectionId): Machine | undefined {
    if (this.#primary.connection === connection) return this.#primary;
    return this.#second?.connection === connection ? this.#second : undefined;
  }

  #established(): Machine | undefined {
    if (this.#primary.state === 'Established') return this.#primary;
    return this.#second?.state === 'Established' ? this.#second : undefined;
  }

  #asOwner(): MachineOwner {
    const session = this;
    const endOfRib = (family: FamilyKey) => this.#stale.endOfRib(family, this.#owner.emit);
    return {
      get configuration() {
        return session.configuration;
      },
      random: this.#random,
      emit: (effect) => {
        this.#effects.push(effect);
      },
      newConnection: () => this.#newConnection(),
      judge: (machine, nowMs) => this.#judge(machine, nowMs),
      changed: (machine, from, event, nowMs) => this.#changed(machine, from, event, nowMs),
      receiveUpdate: (body, negotiated) =>
        this.#routesIn.update(body, negotiated, this.configuration.prefixLimits, endOfRib),
      receiveRefresh: (body, negotiated) => this.#routesIn.refresh(body, negotiated),
      countConnectRetry: () => {
        this.connectRetryCounter += 1;
      },
      zeroConnectRetryCounter: () => {
        this.connectRetryCounter = 0;
      },
      damp: () => this.#idleHold.damp(),
    };
  }

  #otherThan(machine: Machine): Machine | undefined {
    return machine === this.#primary ? this.#second : this.#primary;
  }

  /** RFC 4271 §6.8, when an OPEN has come on one of two connections. */
  #judge(machine: Machine, nowMs: number): 'confirm' | 'wait' | 'lost' {
    const other = this.#otherThan(machine);
    if (other === undefined) return 'confirm';
    const verdict = judge(this.configuration, machine, other, this.#negotiated?.gracefulRestart !== undefined);
    if (verdict === 'lost') machine.end('OpenCollisionDump', collision, nowMs);
    else if (verdict === 'won') other.end('OpenCollisionDump', collision, nowMs);
    else if (verdict === 'restarted') other.giveUp('the peer has opened a new one: it has restarted', nowMs);
    return verdict === 'wait' || verdict === 'lost' ? verdict : 'confirm';
  }

  /** Nothing more is to be expected of the connection that one has waited for. */
  #endWait(nowMs: number): void {
    const machine = [this.#primary, this.#second].find((one) => one?.isWaiting);
    if (machine === undefined) return;
    const other = this.#otherThan(machine);
    if (other === undefined || machine.waitsUntilMs <= nowMs || !hasToWait(this.configuration, machine, other))
      machine.confirm(nowMs);
  }

  #changed(machine: Machine, from: State, event: EventName, nowMs: number): void {
    if (machine.state === 'Established') this.#entered(machine, event, nowMs);
    if (machine.state === 'OpenConfirm') this.#giveUpAttempt(machine, nowMs);
    const isUnanswered = from === 'Connect' && event === 'ConnectRetryTimer_Expires';
    if (isUnanswered || (machine.state === 'Active' && event === 'TcpConnectionFails')) {
      this.#attemptFailed(machine.reason!);
    }
    // A second connection that broke before its OPEN leaves nothing to try again: that is the first one's business.
    if (machine === this.#second && machine.state === 'Active' && machine.connection === null) this.#second = undefined;
    if (machine.state === 'Idle') this.#ended(machine, from, event, nowMs);
    else this.#tell(event);
  }

  /** Whoever has confirmed a connection begins no other one, and waits for none. */
  #giveUpAttempt(confirmed: Machine, nowMs: number): void {
    const other = this.#otherThan(confirmed);
    if (other === undefined || rank(other.state) >= rank('OpenConfirm')) return;
    if (other.connection === null || !other.isIncoming) other.end('OpenCollisionDump', collision, nowMs);
  }

  /** It goes on by itself, from Active; people want to know why it is not up yet. */
  #attemptFailed(reason: DownReason): void {
    this.lastReason = reason;
    this.#owner.emit({ kind: 'failed', reason });
  }

  #entered(machine: Machine, event: EventName, nowMs: number): void {
    const other = this.#otherThan(machine);
    this.#primary = machine;
    this.#second = other;
    const negotiated = machine.negotiated!;
    this.#negotiated = negotiated;
    this.establishedAtMs = nowMs;
    this.establishedCount += 1;
    this.#routesIn.reset();
    this.#tell(event);
    const { sentOpen, receivedOpen } = machine;
    this.#owner.emit({ kind: 'established', negotiated, connection: machine.connection!, sentOpen, receivedOpen });
    this.#stale.resumed(negotiated, this.configuration.gracefulRestart, nowMs, this.#owner.emit);
    other?.end('OpenCollisionDump', collision, nowMs);
  }

  #ended(machine: Machine, from: State, event: EventName, nowMs: number): void {
    const reason = machine.reason!;
    if (machine === this.#second) this.#second = undefined;
    else if (this.#second !== undefined) {
      this.#primary = this.#second;
      this.#second = undefined;
    }
    if (from === 'Established') this.#down(machine, reason, nowMs);
    else this.#owner.emit({ kind: 'failed', reason });
    if (from === 'Established' || (event !== 'OpenCollisionDump' && !isCollision(reason))) this.lastReason = reason;
    this.#tell(event);
    if (this.#primary.state !== 'Idle' || !this.#isWanted) return;
    this.#idleHold.plan(this.configuration, this.#routesIn.exceeded, nowMs, this.#random);
    this.#routesIn.exceeded = undefined;
  }

  #down(machine: Machine, reason: DownReason, nowMs: number): void {
    const negotiated = this.#negotiated!;
    this.#idleHold.ended(this.configuration, nowMs - (this.establishedAtMs ?? nowMs));
    this.#negotiated = undefined;
    this.establishedAtMs = undefined;
    this.downCount += 1;
    this.lastDown = reason;
    // What was stale already goes (RFC 4724 §4.2).
    this.#stale.abandon(this.#owner.emit);
    const retained = this.#stale.keep(machine, negotiated, nowMs);
    this.#owner.emit({ kind: 'down', reason, retained });
  }

  #tell(event: EventName): void {
    const { state } = this;
    if (state === this.#told) return;
    this.#owner.emit({ kind: 'state', from: this.#told, to: state, event });
    this.#told = state;
  }
}
