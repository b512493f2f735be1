/** Two sessions on a lossy network in memory, with a clock of its own: for tests. */
import type { Authentication } from './authentication/authentication.ts';
import { ControlPacket, decodeControl } from './codec/control.ts';
import { decodeEcho, type EchoPacket } from './codec/echo.ts';
import type { Dice, SessionEvent, SessionParameters, StateChange } from './session/events.ts';
import { Session } from './session/session.ts';

/** Repeatable numbers below 2^32 (xorshift32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

export function seededDice(seed: number): Dice {
  const random32 = seeded(seed);
  return {
    random32,
    moment: (earliestMs, latestMs) => earliestMs + (latestMs - earliestMs) * (random32() / 2 ** 32),
  };
}

export interface Sent {
  readonly from: string;
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly isEcho: boolean;
}

export interface EndOptions {
  readonly parameters: SessionParameters;
  readonly role?: 'active' | 'passive';
  readonly authentication?: Authentication;
}

export class End {
  readonly name: string;
  readonly session: Session;
  readonly changes: (StateChange & { readonly atMs: number })[] = [];

  constructor(name: string, discriminator: number, dice: Dice, options: EndOptions) {
    this.name = name;
    this.session = new Session({ localDiscriminator: discriminator, dice, ...options });
  }
}

export class Network {
  nowMs = 0;
  delayMs = 1;
  /** Whether a packet of this end is lost. */
  loses: (from: End, isEcho: boolean) => boolean = () => false;
  readonly sent: Sent[] = [];
  readonly ends: readonly [End, End];
  readonly #underWay: {
    readonly atMs: number;
    readonly to: End;
    readonly bytes: Uint8Array;
    readonly isEcho: boolean;
  }[] = [];

  constructor(one: EndOptions, other: EndOptions, seed = 1) {
    this.ends = [new End('one', 0x1111, seededDice(seed), one), new End('other', 0x2222, seededDice(seed + 7), other)];
  }

  handle(end: End, event: SessionEvent): void {
    for (const effect of end.session.handle(event, this.nowMs)) {
      if (effect.kind === 'state') end.changes.push({ ...effect, atMs: this.nowMs });
      if (effect.kind === 'send') this.#send(end, (bytes) => end.session.write(bytes, 0, effect.isFinal), false);
      if (effect.kind === 'sendEcho') this.#send(end, (bytes) => end.session.writeEcho(bytes, 0), true);
    }
  }

  /** A datagram arrives, wherever it is from. */
  deliver(to: End, bytes: Uint8Array): void {
    const packet = new ControlPacket();
    const reason = decodeControl(bytes, 0, bytes.length, packet);
    if (reason !== undefined) to.session.discards[reason] += 1;
    else if (packet.yourDiscriminator !== 0 && packet.yourDiscriminator !== to.session.localDiscriminator) {
      to.session.discards.unknownDiscriminator += 1;
    } else this.handle(to, { kind: 'packet', packet, bytes, offset: 0 });
  }

  /** Lets time pass until `done`, at most `ms`. */
  run(ms: number, done: () => boolean = () => false): void {
    const end = this.nowMs + ms;
    while (!done()) {
      const next = Math.min(
        this.#underWay[0]?.atMs ?? Number.POSITIVE_INFINITY,
        ...this.ends.map((e) => e.session.deadline),
      );
      if (next > end) break;
      this.nowMs = Math.max(this.nowMs, next);
      this.#arrive();
      for (const one of this.ends) if (one.session.deadline <= this.nowMs) this.handle(one, { kind: 'tick' });
    }
    if (!done()) this.nowMs = end;
  }

  get bothUp(): boolean {
    return this.ends.every((end) => end.session.state === 'up');
  }

  #arrive(): void {
    while (this.#underWay.length > 0 && this.#underWay[0]!.atMs <= this.nowMs) {
      const { to, bytes, isEcho } = this.#underWay.shift()!;
      const echo: EchoPacket = { discriminator: 0, sequence: 0, tokenHigh: 0, tokenLow: 0 };
      if (!isEcho) this.deliver(to, bytes);
      else if (decodeEcho(bytes, 0, bytes.length, echo)) this.handle(to, { kind: 'echo', packet: echo });
    }
  }

  #send(from: End, write: (bytes: Uint8Array) => number, isEcho: boolean): void {
    const memory = new Uint8Array(64);
    const bytes = memory.slice(0, write(memory));
    this.sent.push({ from: from.name, atMs: this.nowMs, bytes, isEcho });
    if (this.loses(from, isEcho)) return;
    const to = isEcho ? from : this.ends.find((end) => end !== from)!;
    this.#underWay.push({ atMs: this.nowMs + this.delayMs * (isEcho ? 2 : 1), to, bytes, isEcho });
    this.#underWay.sort((a, b) => a.atMs - b.atMs);
  }
}

export const fast: SessionParameters = {
  desiredMinTxIntervalUs: 50_000,
  requiredMinRxIntervalUs: 50_000,
  detectMultiplier: 3,
};

export function decoded(bytes: Uint8Array): ControlPacket {
  const packet = new ControlPacket();
  const reason = decodeControl(bytes, 0, bytes.length, packet);
  if (reason !== undefined) throw new Error(reason);
  return packet;
}
