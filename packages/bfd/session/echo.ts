/**
 * The echo function (RFC 5880 §6.4, §6.8.8, §6.8.9): packets that the other end's forwarding plane sends back. As long as
 * they do come back it works, and Control packets may be slow.
 */
import type { EchoPacket } from '../codec/echo.ts';
import type { Dice } from './events.ts';

/** Tokens kept of packets that may still come back. A power of two: sequence numbers wrap. */
const REMEMBERED = 16;

export class EchoFunction {
  isActive = false;
  transmitAtMs = Number.POSITIVE_INFINITY;
  readonly #dice: Dice;
  readonly #discriminator: number;
  readonly #tokens = new Uint32Array(REMEMBERED * 2);
  #sequence = 0;
  #intervalUs = 0;
  #lastReturnMs = 0;

  constructor(discriminator: number, dice: Dice) {
    this.#discriminator = discriminator;
    this.#dice = dice;
  }

  /** Starts, stops, or changes to another interval; 0: stop. */
  set(intervalUs: number, nowMs: number): void {
    if (intervalUs === this.#intervalUs) return;
    const isStart = !this.isActive && intervalUs > 0;
    this.#intervalUs = intervalUs;
    this.isActive = intervalUs > 0;
    this.transmitAtMs = this.isActive ? nowMs : Number.POSITIVE_INFINITY;
    if (!isStart) return;
    this.#lastReturnMs = nowMs;
    // Nothing that was not sent can be guessed.
    for (let at = 0; at < this.#tokens.length; at++) this.#tokens[at] = this.#dice.random32();
  }

  /** One is being sent; the next follows after 75 to 100 % of the interval (§6.8.9). */
  next(packet: EchoPacket, nowMs: number): void {
    const intervalMs = this.#intervalUs / 1_000;
    this.transmitAtMs = this.#dice.moment(nowMs + intervalMs * 0.75, nowMs + intervalMs);
    this.#sequence = (this.#sequence + 1) >>> 0;
    packet.discriminator = this.#discriminator;
    packet.sequence = this.#sequence;
    packet.tokenHigh = this.#dice.random32() >>> 0;
    packet.tokenLow = this.#dice.random32() >>> 0;
    const slot = (this.#sequence % REMEMBERED) * 2;
    this.#tokens[slot] = packet.tokenHigh;
    this.#tokens[slot + 1] = packet.tokenLow;
  }

  /** One came back; false: it is none that we wait for, or came before. */
  returned(packet: EchoPacket, nowMs: number): boolean {
    if (!this.isActive || (this.#sequence - packet.sequence) >>> 0 >= REMEMBERED) return false;
    const slot = (packet.sequence % REMEMBERED) * 2;
    if (this.#tokens[slot] !== packet.tokenHigh || this.#tokens[slot + 1] !== packet.tokenLow) return false;
    this.#tokens[slot] = this.#dice.random32();
    this.#tokens[slot + 1] = this.#dice.random32();
    this.#lastReturnMs = nowMs;
    return true;
  }

  /** When it has failed unless one comes back. */
  failsAtMs(detectMultiplier: number): number {
    return this.isActive
      ? this.#lastReturnMs + (detectMultiplier * this.#intervalUs) / 1_000
      : Number.POSITIVE_INFINITY;
  }
}
