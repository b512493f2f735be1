/** The BFD session of one tunnel, and what the forwarder keeps beside it. */
import { type Dice, Session, type SessionParameters } from '@patronus/bfd';
import type { BfdReport, ForwarderBfdTimers, LinkState } from '../control.ts';
import { Doubt } from './doubt.ts';
import { reportOf } from './report.ts';

/** Of tunnels for which nothing else is configured. */
export const DEFAULT_BFD_TIMERS: ForwarderBfdTimers = { intervalMs: 300, idleIntervalMs: 1_000, multiplier: 3 };
/** A tunnel that carried no packet for this long is asked less often. */
export const IDLE_AFTER_MS = 10_000;
/** One that stays down this long gets a new handshake over all candidate endpoints. */
export const RETRY_AFTER_DOWN_MS = 5_000;

export interface TunnelBfdOptions {
  readonly discriminator: number;
  readonly sourcePort: number;
  readonly dice: Dice;
  readonly timers: ForwarderBfdTimers;
  /** Overlay address of the other edge. */
  readonly remoteAddress: Uint8Array;
}

export class TunnelBfd {
  readonly session: Session;
  readonly sourcePort: number;
  remoteAddress: Uint8Array;
  timers: ForwarderBfdTimers;
  /** `connecting` until it was up for the first time. */
  state: LinkState = 'connecting';
  /** When `state` began, monotonic ms. */
  sinceMs: number;
  /** While not up: when the next handshake begins anew. */
  retryAtMs: number;
  /** The last packet could not leave: there is no WireGuard session. */
  isUnsent = false;
  /** Packets carried when it was last looked at, and when there were more of them than before. */
  carriedPackets = 0;
  carriedAtMs: number;
  readonly doubt = new Doubt();

  constructor({ discriminator, sourcePort, dice, timers, remoteAddress }: TunnelBfdOptions, nowMs: number) {
    this.timers = timers;
    this.sourcePort = sourcePort;
    this.remoteAddress = remoteAddress;
    this.sinceMs = nowMs;
    this.carriedAtMs = nowMs;
    this.retryAtMs = nowMs + RETRY_AFTER_DOWN_MS;
    this.session = new Session({ localDiscriminator: discriminator, parameters: this.parameters(false), dice });
  }

  /** What the session is to use. */
  parameters(isIdle: boolean): SessionParameters {
    const { intervalMs, idleIntervalMs, multiplier } = this.timers;
    const intervalUs = Math.round(1_000 * (isIdle ? Math.max(intervalMs, idleIntervalMs) : intervalMs));
    return {
      desiredMinTxIntervalUs: intervalUs,
      requiredMinRxIntervalUs: intervalUs,
      detectMultiplier: multiplier,
    };
  }

  enter(state: LinkState, nowMs: number): void {
    this.state = state;
    this.sinceMs = nowMs;
    this.retryAtMs = nowMs + RETRY_AFTER_DOWN_MS;
  }

  get deadlineMs(): number {
    return this.state === 'up'
      ? Math.min(this.session.deadline, this.doubt.nextMs)
      : Math.min(this.session.deadline, this.retryAtMs);
  }

  /** When silence, if it lasts, takes the tunnel down. */
  get silenceEndsMs(): number {
    return this.state === 'up' ? Math.min(this.session.silenceEndsMs, this.doubt.nextMs) : Number.POSITIVE_INFINITY;
  }

  report(): BfdReport {
    return reportOf(this.session);
  }
}
