/**
 * When a session that ended by itself is started again: IdleHoldTimer and DampPeerOscillations (RFC 4271 §8.1.1, §8.1.3).
 * Each end makes the wait twice as long, up to a most, until a session was stable for as long as that.
 */
import { defaults, type PrefixLimit, type SessionConfiguration } from './configuration.ts';
import { jittered } from './timers.ts';

const NEVER = Number.POSITIVE_INFINITY;
/** 2^16 times the first wait is longer than any that is configured. */
const MOST_DOUBLINGS = 16;

export class IdleHold {
  /** When to start, ms; Infinity: not by itself. */
  startAtMs = NEVER;
  #oscillations = 0;

  stop(): void {
    this.startAtMs = NEVER;
  }

  /** A person starts it: what was is forgotten. */
  forget(): void {
    this.stop();
    this.#oscillations = 0;
  }

  damp(): void {
    this.#oscillations += 1;
  }

  /** It ended after it had been Established for so long. */
  ended(configuration: SessionConfiguration, establishedMs: number): void {
    if (establishedMs >= 1_000 * most(configuration)) this.#oscillations = 1;
  }

  isDamping(configuration: SessionConfiguration): boolean {
    return most(configuration) > first(configuration);
  }

  /** Sets when to start again; `exceeded` limits say so themselves, without a restart time never. */
  plan(
    configuration: SessionConfiguration,
    exceeded: PrefixLimit | undefined,
    nowMs: number,
    random: () => number,
  ): void {
    if (exceeded !== undefined) {
      this.startAtMs = exceeded.restartS === undefined ? NEVER : nowMs + 1_000 * exceeded.restartS;
      return;
    }
    const doublings = Math.min(Math.max(this.#oscillations - 1, 0), MOST_DOUBLINGS);
    const spanS = Math.min(first(configuration) * 2 ** doublings, Math.max(most(configuration), first(configuration)));
    this.startAtMs = nowMs + jittered(1_000 * spanS, random);
  }
}

function first({ idleHoldS = defaults.idleHoldS }: SessionConfiguration): number {
  return idleHoldS;
}

function most({ mostIdleHoldS = defaults.mostIdleHoldS }: SessionConfiguration): number {
  return mostIdleHoldS;
}
