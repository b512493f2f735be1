/**
 * The state machine of one TCP connection (RFC 4271 §8.2.1.1: there is one for each). `transitions.ts` says what
 * happens; this file knows how. The session above it decides between two of them (§6.8).
 */
import { type MessageError, messageError, Notice } from '../codec/errors.ts';
import { frame, KEEPALIVE, MessageType } from '../codec/header.ts';
import { decodeNotification, encodeNotification, type Notification } from '../codec/notification.ts';
import { decodeOpen, encodeOpen, type Open } from '../codec/open.ts';
import { MOST_WAIT_MS } from './collision.ts';
import { capabilitiesOf, defaults, type SessionConfiguration } from './configuration.ts';
import type { ConnectionId, DownReason, SessionEffect } from './effects.ts';
import { type NegotiatedSession, negotiate } from './negotiation.ts';
import { asHardReset, downReason, isCease, isHard, isHardReset, stateMachineError } from './reasons.ts';
import { MessageStream } from './stream.ts';
import { jittered, Timers } from './timers.ts';
import { type Action, type EventName, type State, transitions } from './transitions.ts';

/** What a machine needs of the session it belongs to. */
export interface MachineOwner {
  readonly configuration: SessionConfiguration;
  readonly random: () => number;
  emit(effect: SessionEffect): void;
  newConnection(): ConnectionId;
  /**
   * An OPEN was read and agreed with. `lost`: another connection stays and this one is gone (§6.8); `wait`: which of
   * them stays is not known yet, and `confirm` is said later.
   */
  judge(machine: Machine, nowMs: number): 'confirm' | 'wait' | 'lost';
  /** Its state is another one, or in Connect nobody answered and it tries again. */
  changed(machine: Machine, from: State, event: EventName, nowMs: number): void;
  receiveUpdate(body: Uint8Array, negotiated: NegotiatedSession): MessageError | undefined;
  receiveRefresh(body: Uint8Array, negotiated: NegotiatedSession): MessageError | undefined;
  countConnectRetry(): void;
  zeroConnectRetryCounter(): void;
  damp(): void;
}

const LARGE_HOLD_MS = 240_000;
const LEAST_KEEPALIVE_MS = 1_000;
const NEVER = Number.POSITIVE_INFINITY;
/** Bytes behind pauses: many times what one turn brings. */
const MOST_WAITING = 1_048_576;
const nothing = new Uint8Array(0);
const noError = messageError(Notice.administrativeShutdown, '');

export class Machine {
  state: State = 'Idle';
  connection: ConnectionId | null = null;
  /** Who made the connection. */
  isIncoming = false;
  /** The peer's OPEN, once it was read; and both OPENs as whole messages. */
  open: Open | undefined;
  sentOpen: Uint8Array = nothing;
  receivedOpen: Uint8Array = nothing;
  negotiated: NegotiatedSession | undefined;
  /** While it has to wait before it confirms the peer's OPEN: until when at most; else Infinity. */
  waitsUntilMs = NEVER;
  /** Why it last came back to Idle, or lost its connection before it had an OPEN. */
  reason: DownReason | undefined;
  /** Whether the last end was a Hard Reset, or our own that was told as one. */
  wasHard = false;
  readonly #owner: MachineOwner;
  readonly #timers = new Timers();
  readonly #stream = new MessageStream();
  #error: MessageError = noError;
  #received: Notification | undefined;
  #body: Uint8Array = nothing;
  /** What both OPENs say, until it is confirmed. */
  #agreed: NegotiatedSession | undefined;
  #detail = '';
  #isGone = false;

  constructor(owner: MachineOwner) {
    this.#owner = owner;
  }

  /** −Infinity: bytes wait behind an effect that had to be carried out first. */
  get deadline(): number {
    if (this.isWaiting) return Math.min(this.waitsUntilMs, this.#timers.deadline);
    return this.#stream.waitingBytes > 0 ? Number.NEGATIVE_INFINITY : this.#timers.deadline;
  }

  /** It has read the peer's OPEN, and nothing behind it, until it is to confirm. */
  get isWaiting(): boolean {
    return this.waitsUntilMs !== NEVER;
  }

  /** Takes up a connection that the peer has made. */
  accept(connection: ConnectionId, nowMs: number): void {
    this.connection = connection;
    this.isIncoming = true;
    this.apply('TcpConnectionConfirmed', nowMs);
  }

  /** An event that ends it, with what is to be told. */
  end(event: EventName, error: MessageError, nowMs: number): void {
    this.#error = error;
    this.apply(event, nowMs);
  }

  /** The connection has ended. */
  closed(detail: string, nowMs: number): void {
    this.#isGone = true;
    this.giveUp(detail, nowMs);
  }

  /** As if the connection had ended: it is dropped without a word. */
  giveUp(detail: string, nowMs: number): void {
    this.#detail = detail;
    this.apply('TcpConnectionFails', nowMs);
  }

  tick(nowMs: number): void {
    if (this.#stream.waitingBytes > 0 && !this.isWaiting) this.receive(nothing, nowMs);
    for (;;) {
      const event = this.#timers.expired(nowMs);
      if (event === undefined) return;
      if (event === 'HoldTimer_Expires') {
        this.#error = messageError(Notice.holdTimerExpired, this.#silenceInWords());
      }
      if (event === 'ConnectRetryTimer_Expires') this.#detail = this.#unansweredInWords();
      if (event === 'SendHoldTimer_Expires') {
        this.#error = messageError(Notice.sendHoldTimerExpired, 'the peer takes nothing of what is sent to it');
      }
      this.apply(event, nowMs);
    }
  }

  /** Bytes of the connection, chopped anyhow. */
  receive(bytes: Uint8Array, nowMs: number): void {
    if (this.isWaiting) this.#stream.keep(bytes);
    else this.#read(bytes, nowMs);
    if (this.#stream.waitingBytes > MOST_WAITING) {
      const reason = 'the peer sends more than can be taken in behind an OPEN or borders of route refreshes';
      this.end('AutomaticStop', messageError(Notice.outOfResources, reason), nowMs);
    }
  }

  /** Confirms the peer's OPEN. */
  confirm(nowMs: number): void {
    const negotiated = this.#agreed!;
    this.waitsUntilMs = NEVER;
    this.negotiated = negotiated;
    this.#stream.isExtended = negotiated.mostMessageLength > 4_096;
    const isDelayed = this.#timers.isRunning('delayOpen');
    this.apply(isDelayed ? 'BGPOpen_with_DelayOpenTimer_running' : 'BGPOpen', nowMs);
  }

  #read(bytes: Uint8Array, nowMs: number): void {
    const { connection } = this;
    const error = this.#stream.read(bytes, (type, body) => {
      const { state } = this;
      this.#message(type, body, nowMs);
      if (this.connection !== connection) return 'stop';
      if (this.isWaiting) return 'pause';
      return this.#mustBeCarriedOut(state, type) ? 'pause' : 'go on';
    });
    if (error !== undefined) this.end('BGPHeaderErr', error, nowMs);
  }

  /** An UPDATE behind it means something else before the owner has carried this out (RFC 7313 §4, and the first of all). */
  #mustBeCarriedOut(before: State, type: MessageType): boolean {
    if (this.state !== 'Established') return false;
    return before !== 'Established' || (type === MessageType.routeRefresh && this.#body[2] !== 0);
  }

  /** Messages of the owner's; they count as signs of life like a KEEPALIVE (§8.2.2, Established). */
  send(bytes: Uint8Array, nowMs: number): void {
    if (this.state !== 'Established') return;
    this.#write(bytes, nowMs);
    this.#startKeepalive(nowMs);
  }

  sent(waitingBytes: number, nowMs: number): void {
    if (waitingBytes === 0) this.#timers.stop('sendHold');
    else if (this.state === 'Established') this.#startSendHold(nowMs);
  }

  /** Looks the event up in the table and does what stands there. */
  apply(event: EventName, nowMs: number): void {
    const { configuration } = this.#owner;
    const from = this.state;
    const plain = transitions[from][event];
    const isDelayed = plain.whenOpenIsDelayed !== undefined && (configuration.delayOpenS ?? defaults.delayOpenS) > 0;
    const found = isDelayed ? plain.whenOpenIsDelayed! : plain;
    const isUnanswered = from === 'Connect' && event === 'ConnectRetryTimer_Expires';
    const isEnd = found.to === 'Idle' ? from !== 'Idle' : event === 'TcpConnectionFails' || isUnanswered;
    if (isEnd) this.#remember(event, found.do);
    for (const action of found.do) this.#do(action, event, nowMs);
    this.state = found.to;
    this.#received = undefined;
    this.#detail = '';
    if (found.to !== from || isUnanswered) this.#owner.changed(this, from, event, nowMs);
    if (event === 'UpdateMsg' || event === 'RouteRefreshMsg') this.#deliver(found.do, nowMs);
  }

  /** Last of all, because what the owner makes of it may be the session's end. */
  #deliver(actions: readonly Action[], nowMs: number): void {
    if (actions.includes('deliverUpdate')) {
      const error = this.#owner.receiveUpdate(this.#body, this.negotiated!);
      if (error !== undefined) this.end(isCease(error) ? 'AutomaticStop' : 'UpdateMsgErr', error, nowMs);
    } else if (actions.includes('deliverRefresh')) {
      const error = this.#owner.receiveRefresh(this.#body, this.negotiated!);
      if (error !== undefined) this.end('RouteRefreshMsgErr', error, nowMs);
    }
  }

  #message(type: MessageType, body: Uint8Array, nowMs: number): void {
    this.#body = body;
    if (type === MessageType.open) this.#readOpen(body, nowMs);
    else if (type === MessageType.notification) this.#readNotification(body, nowMs);
    else if (type === MessageType.keepalive) this.apply('KeepAliveMsg', nowMs);
    else if (type === MessageType.update) this.apply('UpdateMsg', nowMs);
    else this.apply('RouteRefreshMsg', nowMs);
  }

  #readOpen(body: Uint8Array, nowMs: number): void {
    const isDelayed = this.#timers.isRunning('delayOpen');
    if (this.state !== 'OpenSent' && !isDelayed) {
      this.apply('BGPOpen', nowMs);
      return;
    }
    const open = decodeOpen(body);
    const negotiated = open.ok ? negotiate(this.#owner.configuration, open.value) : open;
    if (!open.ok || !negotiated.ok) {
      this.end('BGPOpenMsgErr', negotiated.ok ? noError : negotiated.error, nowMs);
      return;
    }
    this.open = open.value;
    this.receivedOpen = frame(MessageType.open, body);
    const verdict = this.#owner.judge(this, nowMs);
    if (verdict === 'lost') return;
    this.#agreed = negotiated.value;
    if (verdict === 'wait') this.waitsUntilMs = nowMs + MOST_WAIT_MS;
    else this.confirm(nowMs);
  }

  #readNotification(body: Uint8Array, nowMs: number): void {
    const notification = decodeNotification(body);
    this.#received = notification;
    const [code, subcode] = Notice.unsupportedVersion;
    const isVersion = notification.code === code && notification.subcode === subcode;
    this.apply(isVersion ? 'NotifMsgVerErr' : 'NotifMsg', nowMs);
  }

  #do(action: Action, event: EventName, nowMs: number): void {
    const timers = this.#timers;
    const { configuration, random } = this.#owner;
    switch (action) {
      case 'connect':
        this.connection = this.#owner.newConnection();
        this.isIncoming = false;
        this.#owner.emit({ kind: 'connect', connection: this.connection });
        return;
      case 'sendOpen':
        this.sentOpen = this.#openMessage();
        this.#write(this.sentOpen, nowMs);
        return;
      case 'sendKeepalive':
        this.#write(KEEPALIVE, nowMs);
        this.#startKeepalive(nowMs);
        return;
      case 'notify':
        this.#notify(this.#error, nowMs);
        return;
      case 'notifyWithoutOpen':
        if (configuration.notifiesWithoutOpen !== false) this.#notify(this.#error, nowMs);
        return;
      case 'notifyStateMachine':
        this.#notify(stateMachineError(this.state, event), nowMs);
        return;
      case 'drop':
        this.#drop();
        return;
      case 'zeroConnectRetryCounter':
        this.#owner.zeroConnectRetryCounter();
        return;
      case 'countConnectRetry':
        this.#owner.countConnectRetry();
        return;
      case 'damp':
        this.#owner.damp();
        return;
      case 'startConnectRetryTimer':
        // A passive end has no attempt of its own to repeat.
        if (configuration.isPassive === true) return;
        timers.start(
          'connectRetry',
          nowMs + jittered(1_000 * (configuration.connectRetryS ?? defaults.connectRetryS), random),
        );
        return;
      case 'stopConnectRetryTimer':
        timers.stop('connectRetry');
        return;
      case 'startDelayOpenTimer':
        timers.start('delayOpen', nowMs + 1_000 * (configuration.delayOpenS ?? defaults.delayOpenS));
        return;
      case 'stopDelayOpenTimer':
        timers.stop('delayOpen');
        return;
      case 'startLargeHoldTimer':
        timers.start('hold', nowMs + LARGE_HOLD_MS);
        return;
      case 'startNegotiatedTimers':
        this.#startKeepalive(nowMs);
        this.#startHold(nowMs);
        return;
      case 'restartHoldTimer':
        this.#startHold(nowMs);
        return;
      case 'deliverUpdate':
      case 'deliverRefresh':
        return;
    }
  }

  /** Keeps why it ends, before what is known about it is dropped. */
  #remember(event: EventName, actions: readonly Action[]): void {
    const isTold = actions.some((action) => action.startsWith('notify'));
    const error = actions.includes('notifyStateMachine') ? stateMachineError(this.state, event) : this.#error;
    this.wasHard = isHardReset(this.#received);
    this.reason = downReason(event, this.#received, isTold ? error : undefined, this.#detail);
  }

  #silenceInWords(): string {
    const holdTimeS = this.negotiated?.holdTimeS ?? LARGE_HOLD_MS / 1_000;
    return `nothing was heard of the peer for ${holdTimeS} s: check that it still runs and that TCP 179 is open`;
  }

  /** Segments with a wrong signature, or without one that is asked for, get no answer at all (RFC 2385 §4.1). */
  #unansweredInWords(): string {
    const { connectRetryS = defaults.connectRetryS, md5Key } = this.#owner.configuration;
    const key = md5Key === undefined ? 'that it asks for no password' : 'that both have the same password';
    return `the peer does not answer within ${connectRetryS} s: check that it can be reached, that TCP 179 is open, and ${key}`;
  }

  #openMessage(): Uint8Array {
    const { configuration } = this.#owner;
    return encodeOpen({
      as: configuration.localAs,
      holdTime: configuration.holdTimeS ?? defaults.holdTimeS,
      identifier: configuration.identifier,
      capabilities: capabilitiesOf(configuration),
    });
  }

  /** RFC 8538 §3: what is to be no graceful restart is told as Hard Reset to a peer that knows it. */
  #notify(error: MessageError, nowMs: number): void {
    this.wasHard = isHard(error);
    const isWrapped = this.wasHard && this.negotiated?.isGracefulForNotification === true;
    this.#write(encodeNotification(isWrapped ? asHardReset(error) : error), nowMs);
  }

  #drop(): void {
    if (this.connection !== null && !this.#isGone) this.#owner.emit({ kind: 'close', connection: this.connection });
    this.#isGone = false;
    this.connection = null;
    this.open = undefined;
    this.negotiated = undefined;
    this.#agreed = undefined;
    this.waitsUntilMs = NEVER;
    this.#timers.stopAll();
    this.#stream.forget();
  }

  #write(bytes: Uint8Array, nowMs: number): void {
    if (this.connection === null) return;
    this.#owner.emit({ kind: 'send', connection: this.connection, bytes });
    if (this.state === 'Established' && !this.#timers.isRunning('sendHold')) this.#startSendHold(nowMs);
  }

  /** RFC 9687 §4: eight minutes, or twice the hold time where that is more; nothing without a hold time. */
  #startSendHold(nowMs: number): void {
    const holdTimeS = this.negotiated?.holdTimeS ?? 0;
    const { sendHoldS = Math.max(defaults.sendHoldS, 2 * holdTimeS) } = this.#owner.configuration;
    if (sendHoldS === 0 || holdTimeS === 0) this.#timers.stop('sendHold');
    else this.#timers.start('sendHold', nowMs + 1_000 * sendHoldS);
  }

  /** As configured, a third of the hold time at most (§4.4), with jitter (§10), and never more often than each second. */
  #startKeepalive(nowMs: number): void {
    const holdTimeS = this.negotiated?.holdTimeS ?? 0;
    const { keepaliveS = holdTimeS / 3 } = this.#owner.configuration;
    const spanMs = 1_000 * Math.min(keepaliveS, holdTimeS / 3);
    if (holdTimeS === 0) this.#timers.stop('keepalive');
    else this.#timers.start('keepalive', nowMs + Math.max(LEAST_KEEPALIVE_MS, jittered(spanMs, this.#owner.random)));
  }

  #startHold(nowMs: number): void {
    const holdTimeS = this.negotiated?.holdTimeS ?? 0;
    if (holdTimeS === 0) this.#timers.stop('hold');
    else this.#timers.start('hold', nowMs + 1_000 * holdTimeS);
  }
}
