/** What both ends say about their timers, and what follows from it (RFC 5880 §6.8.2–6.8.4). All in µs. */
import type { ControlPacket } from '../codec/control.ts';
import { SLOW_INTERVAL_US } from './parameters.ts';

export class Intervals {
  /** Those of our packets (bfd.DesiredMinTxInterval, bfd.RequiredMinRxInterval). */
  desiredMinTx = SLOW_INTERVAL_US;
  requiredMinRx = SLOW_INTERVAL_US;
  detectMultiplier = 1;
  /** Those of the other end's last packet (bfd.RemoteMinRxInterval begins at 1, §6.8.1). */
  remoteMinRx = 1;
  remoteDesiredMinTx = 0;
  remoteDetectMultiplier = 1;
  remoteMinEchoRx = 0;
  #txInForce = SLOW_INTERVAL_US;
  #rxInForce = SLOW_INTERVAL_US;

  /** Our packets say something else now; which of it holds at once is §6.8.3's to say. */
  advertise(packet: ControlPacket, isUp: boolean): void {
    const { desiredMinTxIntervalUs: desiredMinTx, requiredMinRxIntervalUs: requiredMinRx } = packet;
    this.desiredMinTx = desiredMinTx;
    this.requiredMinRx = requiredMinRx;
    this.detectMultiplier = packet.detectMultiplier;
    // Slower than the other end knows of, it would take us for gone.
    if (!isUp || desiredMinTx <= this.#txInForce) this.#txInForce = desiredMinTx;
    // Sooner than the other end is faster, we would take it for gone.
    if (!isUp || requiredMinRx >= this.#rxInForce) this.#rxInForce = requiredMinRx;
  }

  /** The poll sequence is over: the other end knows what we advertise. */
  settle(): void {
    this.#txInForce = this.desiredMinTx;
    this.#rxInForce = this.requiredMinRx;
  }

  /** Between our periodic packets, before jitter (§6.8.7). */
  get transmit(): number {
    return Math.max(this.#txInForce, this.remoteMinRx);
  }

  /** Asynchronous mode: silence that ends the session (§6.8.4). */
  get detection(): number {
    return this.remoteDetectMultiplier * Math.max(this.#rxInForce, this.remoteDesiredMinTx);
  }

  /** Demand mode: silence after a poll that ends the session (§6.8.4). */
  get demandDetection(): number {
    return this.detectMultiplier * Math.max(this.#txInForce, this.remoteMinRx);
  }
}
