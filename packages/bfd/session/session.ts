/**
 * One BFD session (RFC 5880 §6.8): events and the time in, effects out. The names of its variables are the RFC's, without
 * "bfd." before them.
 *
 * Effects are valid until the next call; a packet that changes nothing costs no allocation. The owner hands over every
 * packet that has arrived before it says `tick`, or a pause of its own would look like silence of the other end.
 */
import type { Authentication } from '../authentication/authentication.ts';
import { ControlPacket, encodeControl, MANDATORY_LENGTH, type State } from '../codec/control.ts';
import { ECHO_LENGTH, type EchoPacket, encodeEcho } from '../codec/echo.ts';
import { Diagnostic } from '../diagnostics.ts';
import { type DiscardReason, zeroDiscards } from '../discards.ts';
import { Advertisement } from './advertisement.ts';
import { EchoFunction } from './echo.ts';
import {
  DISCARDED,
  type Dice,
  SEND,
  SEND_ECHO,
  SEND_FINAL,
  type SessionEffect,
  type SessionEvent,
  type SessionParameters,
  type StateChange,
} from './events.ts';
import { Intervals } from './intervals.ts';
import { PollSequence } from './poll.ts';
import { transitions } from './transitions.ts';
import { TransmitTimer } from './transmitTimer.ts';

export interface SessionOptions {
  /** Not zero, and no other session's (bfd.LocalDiscr). */
  readonly localDiscriminator: number;
  readonly parameters: SessionParameters;
  /** A passive one is silent until it hears the other end (§6.1). `active` unless given. */
  readonly role?: 'active' | 'passive';
  readonly authentication?: Authentication;
  /** Goes on when the control plane restarts: the C bit (§4.1). */
  readonly isControlPlaneIndependent?: boolean;
  readonly dice: Dice;
}

const NEVER = Number.POSITIVE_INFINITY;

export class Session {
  readonly localDiscriminator: number;
  readonly discards = zeroDiscards();
  state: State = 'down';
  remoteState: State = 'down';
  localDiagnostic = 0;
  remoteDiagnostic = 0;
  remoteDiscriminator = 0;
  remoteDemandMode = false;
  sentPackets = 0;
  receivedPackets = 0;
  /** Times it left Up. */
  downs = 0;
  readonly #role: 'active' | 'passive';
  readonly #authentication: Authentication | undefined;
  readonly #intervals = new Intervals();
  readonly #poll = new PollSequence();
  readonly #echo: EchoFunction;
  readonly #packet = new ControlPacket();
  readonly #echoPacket: EchoPacket = { discriminator: 0, sequence: 0, tokenHigh: 0, tokenLow: 0 };
  readonly #effects: SessionEffect[] = [];
  readonly #advertisement: Advertisement;
  readonly #timer: TransmitTimer;
  #lastReceivedMs = Number.NEGATIVE_INFINITY;
  #isSendDue = false;

  /** Throws a RangeError for parameters outside of their ranges. */
  constructor({
    localDiscriminator,
    parameters,
    role,
    authentication,
    isControlPlaneIndependent,
    dice,
  }: SessionOptions) {
    if (!(localDiscriminator > 0 && localDiscriminator <= 0xffff_ffff)) {
      throw new RangeError(`BFD discriminator ${localDiscriminator}: use 1 to 4294967295`);
    }
    this.localDiscriminator = localDiscriminator;
    this.#role = role ?? 'active';
    this.#authentication = authentication;
    this.#echo = new EchoFunction(localDiscriminator, dice);
    this.#packet.myDiscriminator = localDiscriminator;
    this.#packet.controlPlaneIndependent = isControlPlaneIndependent ?? false;
    this.#packet.authenticationPresent = authentication !== undefined;
    this.#packet.length = MANDATORY_LENGTH + (authentication?.sectionLength ?? 0);
    this.#timer = new TransmitTimer(dice);
    this.#advertisement = new Advertisement(parameters, this.#packet);
    this.#intervals.advertise(this.#packet, false);
  }

  /** When `tick` is due, ms; −Infinity before the first. */
  get deadline(): number {
    return Math.min(
      this.#timer.dueMs,
      this.#echo.transmitAtMs,
      this.#echo.failsAtMs(this.#intervals.detectMultiplier),
      this.silenceEndsMs,
      this.#isBehind() ? this.#poll.freeAtMs : NEVER,
    );
  }

  /** Between our periodic packets before jitter, µs. */
  get transmitIntervalUs(): number {
    return this.#intervals.transmit;
  }

  /** Silence after which it goes down, µs. */
  get detectionTimeUs(): number {
    return this.#demandIsActive() ? this.#intervals.demandDetection : this.#intervals.detection;
  }

  get isPolling(): boolean {
    return this.#poll.isActive;
  }

  get echoIsActive(): boolean {
    return this.#echo.isActive;
  }

  /** Takes an event; what is to be done, in this order. The list is reused by the next call. */
  handle(event: SessionEvent, nowMs: number): readonly SessionEffect[] {
    this.#effects.length = 0;
    if (event.kind === 'packet') return this.#receive(event.packet, event.bytes, event.offset, nowMs);
    if (event.kind === 'echo') {
      if (!this.#echo.returned(event.packet, nowMs)) this.#discard('strayEcho');
      return this.#effects;
    }
    if (event.kind === 'tick') this.#tick(nowMs);
    else if (event.kind === 'resend') this.#isSendDue = this.state !== 'adminDown';
    else if (event.kind === 'configure') this.#advertisement.wanted = event.parameters;
    else if (event.kind === 'verify') this.#verify();
    else if (event.kind === 'concatenatedPath') this.#concatenatedPath(event.diagnostic);
    else this.#administer(event, nowMs);
    return this.#finish(false, nowMs);
  }

  /** Writes the packet of a `send` effect, at most LONGEST_CONTROL bytes; its length. */
  write(bytes: Uint8Array, offset: number, isFinal: boolean): number {
    const packet = this.#packet;
    packet.state = this.state;
    packet.diagnostic = this.localDiagnostic;
    packet.poll = this.#poll.isActive && !isFinal;
    packet.final = isFinal;
    packet.demand = this.#demandIsActive();
    packet.yourDiscriminator = this.remoteDiscriminator;
    encodeControl(bytes, offset, packet);
    this.#authentication?.sign(bytes, offset);
    this.sentPackets += 1;
    return packet.length;
  }

  /** Writes the packet of a `sendEcho` effect, ECHO_LENGTH bytes. */
  writeEcho(bytes: Uint8Array, offset: number): number {
    encodeEcho(bytes, offset, this.#echoPacket);
    return ECHO_LENGTH;
  }

  /** §6.8.6, from the checks on that need a session. */
  #receive(packet: ControlPacket, bytes: Uint8Array, offset: number, nowMs: number): readonly SessionEffect[] {
    const refusal = this.#authenticate(packet, bytes, offset);
    if (refusal !== undefined) return this.#discard(refusal);
    const intervals = this.#intervals;
    this.#lastReceivedMs = nowMs;
    this.receivedPackets += 1;
    this.remoteDiscriminator = packet.myDiscriminator;
    this.remoteState = packet.state;
    this.remoteDiagnostic = packet.diagnostic;
    this.remoteDemandMode = packet.demand;
    intervals.remoteMinRx = packet.requiredMinRxIntervalUs;
    intervals.remoteDesiredMinTx = packet.desiredMinTxIntervalUs;
    intervals.remoteDetectMultiplier = packet.detectMultiplier;
    intervals.remoteMinEchoRx = packet.requiredMinEchoRxIntervalUs;
    if (this.#poll.received(packet.final, nowMs)) intervals.settle();
    if (this.state === 'adminDown') {
      this.#discard('sessionDisabled');
      return this.#finish(false, nowMs);
    }
    const next = transitions[this.state][packet.state];
    if (next === 'down' && this.state !== 'down') this.#enter(next, Diagnostic.neighbourSignalledDown, 'remote', nowMs);
    else if (next !== this.state) this.#enter(next, this.localDiagnostic, 'remote', nowMs);
    return this.#finish(packet.poll, nowMs);
  }

  #authenticate(packet: ControlPacket, bytes: Uint8Array, offset: number): DiscardReason | undefined {
    if (this.#authentication === undefined)
      return packet.authenticationPresent ? 'unexpectedAuthentication' : undefined;
    if (!packet.authenticationPresent) return 'missingAuthentication';
    return this.#authentication.verify(bytes, offset, packet.length);
  }

  #discard(reason: DiscardReason): readonly SessionEffect[] {
    this.discards[reason] += 1;
    this.#effects.push(DISCARDED[reason]);
    return this.#effects;
  }

  /** What time brought: silence, an echo that stayed away, packets that are due. */
  #tick(nowMs: number): void {
    if (this.silenceEndsMs <= nowMs) this.#silence(nowMs);
    if (this.state === 'up' && this.#echo.failsAtMs(this.#intervals.detectMultiplier) <= nowMs) {
      this.#enter('down', Diagnostic.echoFunctionFailed, 'echoFailed', nowMs);
    }
    if (this.#timer.dueMs <= nowMs) this.#isSendDue = true;
    if (this.#echo.transmitAtMs > nowMs) return;
    this.#echo.next(this.#echoPacket, nowMs);
    this.#effects.push(SEND_ECHO);
  }

  /** When silence next means something (§6.8.4); after the Detection Time, as §6.8.1 says, for discriminator and sequence. */
  get silenceEndsMs(): number {
    const intervals = this.#intervals;
    if (this.#demandIsActive()) return this.#poll.waitingSinceMs + intervals.demandDetection / 1_000;
    // Without periodic packets, silence says nothing.
    if (intervals.requiredMinRx === 0) return NEVER;
    const isWaiting = this.remoteDiscriminator !== 0 || this.state === 'init' || this.state === 'up';
    if (isWaiting) return this.#lastReceivedMs + intervals.detection / 1_000;
    if (this.#authentication?.isSequenceKnown !== true) return NEVER;
    return this.#lastReceivedMs + (2 * intervals.detection) / 1_000;
  }

  #silence(nowMs: number): void {
    if (this.remoteDiscriminator === 0 && this.state !== 'init' && this.state !== 'up') {
      this.#authentication?.forgetSequence();
      return;
    }
    this.remoteDiscriminator = 0;
    const next = transitions[this.state].expired;
    if (next !== this.state) this.#enter(next, Diagnostic.controlDetectionTimeExpired, 'expired', nowMs);
  }

  #verify(): void {
    if (!this.#demandIsActive() || this.#poll.isActive) return;
    this.#poll.begin();
    this.#isSendDue = true;
  }

  /** §6.8.17. */
  #concatenatedPath(diagnostic: number): void {
    this.localDiagnostic = diagnostic;
    this.#isSendDue = true;
    if (this.#remoteDemandIsActive() && !this.#poll.isActive) this.#poll.begin();
  }

  #administer(event: Extract<SessionEvent, { kind: 'disable' | 'enable' | 'fail' }>, nowMs: number): void {
    const { state } = this;
    if (event.kind === 'fail') {
      if (state === 'init' || state === 'up') this.#enter('down', event.diagnostic, 'local', nowMs);
    } else if (event.kind === 'disable') {
      if (state !== 'adminDown') this.#enter('adminDown', Diagnostic.administrativelyDown, 'local', nowMs);
    } else if (state === 'adminDown') this.#enter('down', this.localDiagnostic, 'local', nowMs);
  }

  #enter(state: State, diagnostic: number, cause: StateChange['cause'], nowMs: number): void {
    const previous = this.state;
    this.state = state;
    this.localDiagnostic = diagnostic;
    if (previous === 'up') this.downs += 1;
    // A sequence is about being Up together; what is said from here on begins anew.
    this.#poll.abandon();
    // At once, without waiting for the next periodic packet (§6.8.7).
    this.#isSendDue = true;
    const silentForMs = this.#lastReceivedMs === Number.NEGATIVE_INFINITY ? null : nowMs - this.#lastReceivedMs;
    const { remoteState, remoteDiagnostic } = this;
    this.#effects.push({
      ...{ kind: 'state', state, previous, diagnostic, remoteState, remoteDiagnostic, cause, silentForMs },
    } as StateChange);
  }

  /** After every event: says what has to be said, and chooses when to speak next. */
  #finish(isPolled: boolean, nowMs: number): readonly SessionEffect[] {
    this.#setEcho(nowMs);
    if (this.#isBehind()) this.#advertise(nowMs);
    if (this.#isSendDue && this.#maySpeak()) {
      this.#effects.push(SEND);
      this.#poll.sent(nowMs);
      this.#timer.sent(nowMs);
    }
    this.#isSendDue = false;
    // Whatever the timers say (§6.8.7).
    if (isPolled) this.#effects.push(SEND_FINAL);
    if (!this.#isPeriodic()) this.#timer.stop();
    else this.#timer.plan(this.#intervals.transmit, this.#intervals.detectMultiplier, nowMs);
    return this.#effects;
  }

  /** Whether our packets say something else than what is wanted by now. */
  #isBehind(): boolean {
    return this.#advertisement.isBehind(this.state === 'up', this.remoteState === 'up', this.#echo.isActive);
  }

  /** Puts what is wanted into our packets, while Up with a poll sequence (§6.8.3); one that is under way ends first. */
  #advertise(nowMs: number): void {
    const isUp = this.state === 'up';
    if (isUp && this.#poll.freeAtMs > nowMs) return;
    this.#advertisement.put(isUp, this.remoteState === 'up', this.#echo.isActive);
    this.#intervals.advertise(this.#packet, isUp);
    if (!isUp) return;
    this.#poll.begin();
    this.#isSendDue = true;
  }

  /** Runs the echo function while both ends want it to (§6.8.9). */
  #setEcho(nowMs: number): void {
    const wantedUs = this.#advertisement.wanted.echoIntervalUs ?? 0;
    const { remoteMinEchoRx } = this.#intervals;
    const runs = this.state === 'up' && wantedUs > 0 && remoteMinEchoRx > 0;
    this.#echo.set(runs ? Math.max(wantedUs, remoteMinEchoRx) : 0, nowMs);
  }

  /** A passive end has nobody to speak to before it was spoken to (§6.1). */
  #maySpeak(): boolean {
    return this.#role === 'active' || this.remoteDiscriminator !== 0;
  }

  /** Whether packets are sent by the clock (§6.8.7). */
  #isPeriodic(): boolean {
    if (!this.#maySpeak() || this.#intervals.remoteMinRx === 0) return false;
    return !this.#remoteDemandIsActive() || this.#poll.isActive;
  }

  /** The other end is not to send by the clock. */
  #demandIsActive(): boolean {
    return this.#advertisement.isDemanding && this.state === 'up' && this.remoteState === 'up';
  }

  /** We are not to send by the clock. */
  #remoteDemandIsActive(): boolean {
    return this.remoteDemandMode && this.state === 'up' && this.remoteState === 'up';
  }
}
