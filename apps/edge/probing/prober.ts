/**
 * Hosts asked for a sign of life, each at its own pace, from sockets of the edge. A subject is up while any of its
 * targets answers. The timer sleeps between rounds, and looks for answers more and more seldom until they are there.
 */
import { addressesEqual, type IpAddress } from '@patronus/net';
import { EchoSocket, type EchoSocketOptions, LinuxError, systemClock } from '@patronus/system/linux';
import { answered, type Health, type HealthRules, lost, newHealth } from './health.ts';

export interface Subject {
  readonly id: string;
  /** Made anew when this changes. */
  readonly socket: EchoSocketOptions;
  readonly targets: readonly IpAddress[];
  /** Any number: another one makes the socket anew. */
  readonly generation?: number | undefined;
}

export interface Pace {
  readonly intervalMs: number;
  /** While the last answers came. */
  readonly calmIntervalMs: number;
  /** An answer that takes longer counts as lost; a path known to be slow gets four times its round trip. */
  readonly leastTimeoutMs: number;
  readonly mostTimeoutMs: number;
}

interface Round {
  readonly sequence: number;
  readonly sentMs: number;
  isSettled: boolean;
}

interface Probed {
  subject: Subject;
  key: string;
  socket: EchoSocket | undefined;
  health: Health;
  rounds: Round[];
  nextMs: number;
}

const firstLookMs = 1;
/** Answers are looked for again after a quarter of the time that they have taken so far. */
const lookShare = 0.25;

export class Prober {
  readonly #rules: HealthRules;
  readonly #pace: Pace;
  readonly #onChange: (id: string, health: Health) => void;
  readonly #probed = new Map<string, Probed>();
  #timer: NodeJS.Timeout | undefined;
  #sequence = 0;

  constructor(rules: HealthRules, pace: Pace, onChange: (id: string, health: Health) => void) {
    this.#rules = rules;
    this.#pace = pace;
    this.#onChange = onChange;
  }

  /** Asks these from now on; those that were asked before keep what is known of them. */
  follow(subjects: readonly Subject[]): void {
    const now = systemClock.monotonicMs();
    const ids = new Set(subjects.map(({ id }) => id));
    for (const [id, probed] of this.#probed) {
      if (ids.has(id)) continue;
      probed.socket?.close();
      this.#probed.delete(id);
    }
    for (const subject of subjects) this.#followOne(subject, now);
    this.#schedule(0);
  }

  healthOf(id: string): Health | undefined {
    return this.#probed.get(id)?.health;
  }

  stop(): void {
    this.follow([]);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #followOne(subject: Subject, now: number): void {
    const key = JSON.stringify(subject, (_, value: unknown) => (value instanceof Uint8Array ? String(value) : value));
    const known = this.#probed.get(subject.id);
    if (known?.key === key) return;
    known?.socket?.close();
    const health = known?.health ?? newHealth(this.#rules, now);
    this.#probed.set(subject.id, { subject, key, health, socket: undefined, rounds: [], nextMs: now });
  }

  #schedule(delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = this.#probed.size === 0 ? undefined : setTimeout(() => this.#turn(), Math.max(firstLookMs, delayMs));
  }

  #turn(): void {
    const now = systemClock.monotonicMs();
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const probed of this.#probed.values()) {
      this.#hear(probed, now);
      this.#expire(probed, now);
      if (now >= probed.nextMs) this.#ask(probed, now);
      wakeMs = Math.min(wakeMs, probed.nextMs - now, ...probed.rounds.map((round) => this.#lookIn(probed, round, now)));
    }
    this.#schedule(wakeMs);
  }

  #ask(probed: Probed, now: number): void {
    const sequence = this.#sequence++ & 0xffff;
    const isCalm = probed.health.state === 'up' && probed.health.lostInARow === 0;
    probed.nextMs = now + (isCalm ? this.#pace.calmIntervalMs : this.#pace.intervalMs);
    probed.rounds.push({ sequence, sentMs: now, isSettled: false });
    try {
      probed.socket ??= new EchoSocket(probed.subject.socket);
    } catch (error) {
      if (!(error instanceof LinuxError)) throw error;
      // No such interface or address now: nothing leaves, and nothing will come back.
      return;
    }
    for (const target of probed.subject.targets) probed.socket.send(target, sequence);
  }

  #hear(probed: Probed, now: number): void {
    for (let reply = probed.socket?.receive(); reply !== undefined; reply = probed.socket?.receive()) {
      const { from, sequence } = reply;
      const round = probed.rounds.find((one) => one.sequence === sequence && !one.isSettled);
      if (round === undefined || !probed.subject.targets.some((target) => addressesEqual(target, from))) continue;
      round.isSettled = true;
      this.#change(probed, answered(probed.health, this.#rules, Math.round((now - round.sentMs) * 1000), now));
    }
  }

  #expire(probed: Probed, now: number): void {
    const timeoutMs = this.#timeoutOf(probed);
    for (const round of probed.rounds) {
      if (round.isSettled || now - round.sentMs < timeoutMs) continue;
      round.isSettled = true;
      this.#change(probed, lost(probed.health, this.#rules, now));
      // From the first loss on there is nothing calm about it.
      probed.nextMs = Math.min(probed.nextMs, round.sentMs + Math.max(timeoutMs, this.#pace.intervalMs));
    }
    probed.rounds = probed.rounds.filter(({ isSettled }) => !isSettled);
  }

  #change(probed: Probed, health: Health): void {
    const before = probed.health.state;
    probed.health = health;
    if (health.state === before) return;
    this.#onChange(probed.subject.id, health);
  }

  #timeoutOf({ health }: Probed): number {
    const known = (health.roundTripUs ?? 0) / 250;
    return Math.min(this.#pace.mostTimeoutMs, Math.max(this.#pace.leastTimeoutMs, known));
  }

  #lookIn(probed: Probed, { sentMs }: Round, now: number): number {
    const leftMs = this.#timeoutOf(probed) - (now - sentMs);
    return Math.min(leftMs, Math.max(firstLookMs, (now - sentMs) * lookShare));
  }
}
