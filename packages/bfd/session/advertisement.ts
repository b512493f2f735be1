/**
 * What our packets say about timers and modes, and what they are to say. The two differ from when something is wanted
 * until a poll sequence can carry it (RFC 5880 §6.8.3).
 */
import type { ControlPacket } from '../codec/control.ts';
import type { SessionParameters } from './events.ts';
import { checkParameters, SLOW_INTERVAL_US } from './parameters.ts';

export class Advertisement {
  /** Both ends are to know that the other one may be silent (bfd.DemandMode). */
  isDemanding = false;
  readonly #packet: ControlPacket;
  #wanted: SessionParameters;

  constructor(wanted: SessionParameters, packet: ControlPacket) {
    this.#wanted = checkParameters(wanted);
    this.#packet = packet;
    this.put(false, false, false);
  }

  get wanted(): SessionParameters {
    return this.#wanted;
  }

  set wanted(parameters: SessionParameters) {
    this.#wanted = checkParameters(parameters);
  }

  /** Whether our packets say something else than what is wanted by now. */
  isBehind(isUp: boolean, remoteIsUp: boolean, echoIsActive: boolean): boolean {
    const packet = this.#packet;
    const wanted = this.#wanted;
    return (
      packet.desiredMinTxIntervalUs !== this.#desiredMinTx(isUp) ||
      packet.requiredMinRxIntervalUs !== this.#requiredMinRx(echoIsActive) ||
      packet.detectMultiplier !== wanted.detectMultiplier ||
      packet.requiredMinEchoRxIntervalUs !== (wanted.requiredMinEchoRxIntervalUs ?? 0) ||
      this.isDemanding !== this.#demands(isUp, remoteIsUp)
    );
  }

  /** Makes our packets say what is wanted. */
  put(isUp: boolean, remoteIsUp: boolean, echoIsActive: boolean): void {
    const packet = this.#packet;
    packet.desiredMinTxIntervalUs = this.#desiredMinTx(isUp);
    packet.requiredMinRxIntervalUs = this.#requiredMinRx(echoIsActive);
    packet.detectMultiplier = this.#wanted.detectMultiplier;
    packet.requiredMinEchoRxIntervalUs = this.#wanted.requiredMinEchoRxIntervalUs ?? 0;
    this.isDemanding = this.#demands(isUp, remoteIsUp);
  }

  #desiredMinTx(isUp: boolean): number {
    const { desiredMinTxIntervalUs } = this.#wanted;
    return isUp ? desiredMinTxIntervalUs : Math.max(SLOW_INTERVAL_US, desiredMinTxIntervalUs);
  }

  /** With echo, Control packets have no need to be frequent (§6.8.3). */
  #requiredMinRx(echoIsActive: boolean): number {
    const { requiredMinRxIntervalUs } = this.#wanted;
    return echoIsActive ? Math.max(SLOW_INTERVAL_US, requiredMinRxIntervalUs) : requiredMinRxIntervalUs;
  }

  /** Only while both are Up (§6.6). */
  #demands(isUp: boolean, remoteIsUp: boolean): boolean {
    return isUp && remoteIsUp && this.#wanted.demandMode === true;
  }
}
