/**
 * What becomes of a peer's routes when its session ends, as the helper of its graceful restart (RFC 4724 §4.2, 8538 §4,
 * 9494 §4.2): which families are kept, and until when.
 */
import type { FamilyKey } from '../codec/families.ts';
import { defaults, type GracefulRestart } from './configuration.ts';
import type { SessionEffect } from './effects.ts';
import type { Machine } from './machine.ts';
import type { NegotiatedSession } from './negotiation.ts';
import type { EventName } from './transitions.ts';

const NEVER = Number.POSITIVE_INFINITY;

/** Ends that every graceful peer survives (RFC 4724 §4.2), and those that need the N bit at both ends (RFC 8538 §4). */
const mayRestart: Partial<Record<EventName, 'always' | 'withNotification'>> = {
  TcpConnectionFails: 'always',
  HoldTimer_Expires: 'withNotification',
  SendHoldTimer_Expires: 'withNotification',
  NotifMsg: 'withNotification',
  UpdateMsgErr: 'withNotification',
  BGPHeaderErr: 'withNotification',
  RouteRefreshMsgErr: 'withNotification',
  AutomaticStop: 'withNotification',
};

interface Stale {
  /** The restart time or the time for End-of-RIB; then long-lived, or gone. */
  phase: 'restart' | 'longLived' | 'waiting';
  untilMs: number;
  readonly longLivedMs: number;
  isLongLived: boolean;
}

export class StaleRoutes {
  readonly #families = new Map<FamilyKey, Stale>();

  get deadline(): number {
    let earliest = NEVER;
    for (const { untilMs } of this.#families.values()) earliest = Math.min(earliest, untilMs);
    return earliest;
  }

  /** Families with routes of the last session. */
  get families(): readonly FamilyKey[] {
    return [...this.#families.keys()];
  }

  /** The session is down; answers the families whose routes are kept. */
  keep(
    { reason, wasHard }: Pick<Machine, 'reason' | 'wasHard'>,
    { gracefulRestart, longLived, families, isGracefulForNotification }: NegotiatedSession,
    nowMs: number,
  ): readonly FamilyKey[] {
    const rule = reason === undefined ? undefined : mayRestart[reason.event];
    const isKept = rule === 'always' || (rule === 'withNotification' && isGracefulForNotification && !wasHard);
    if (!isKept || gracefulRestart === undefined) return [];
    const graceful = new Set(gracefulRestart.families.map(({ family }) => family));
    for (const family of families) {
      const staleTime = longLived?.families.find((one) => one.family === family)?.staleTime ?? 0;
      // RFC 9494 §4.2: a family that is long-lived alone has a restart time of zero.
      const restartMs = graceful.has(family) ? 1_000 * gracefulRestart.restartTime : 0;
      if (!graceful.has(family) && staleTime === 0) continue;
      const untilMs = nowMs + restartMs;
      this.#families.set(family, { phase: 'restart', untilMs, longLivedMs: 1_000 * staleTime, isLongLived: false });
    }
    return this.families;
  }

  /** The peer is back: what it did not keep forwarding for goes at once (RFC 4724 §4.2, 9494 §4.2). */
  resumed(
    negotiated: NegotiatedSession,
    ours: GracefulRestart | undefined,
    nowMs: number,
    emit: (effect: SessionEffect) => void,
  ): void {
    const { stalePathTimeS = defaults.stalePathTimeS } = ours ?? {};
    for (const [family, stale] of this.#families) {
      const list = stale.isLongLived ? negotiated.longLived?.families : negotiated.gracefulRestart?.families;
      const isPreserved = list?.some((one) => one.family === family && one.forwarding) === true;
      if (!isPreserved || !negotiated.families.has(family)) {
        this.#sweep(family, emit);
        continue;
      }
      stale.phase = 'waiting';
      stale.untilMs = nowMs + 1_000 * stalePathTimeS;
    }
  }

  endOfRib(family: FamilyKey, emit: (effect: SessionEffect) => void): void {
    if (this.#families.get(family)?.phase === 'waiting') this.#sweep(family, emit);
  }

  tick(nowMs: number, emit: (effect: SessionEffect) => void): void {
    for (const [family, stale] of this.#families) {
      if (stale.untilMs > nowMs) continue;
      if (stale.phase === 'restart' && stale.longLivedMs > 0) {
        stale.phase = 'longLived';
        stale.isLongLived = true;
        stale.untilMs = nowMs + stale.longLivedMs;
        emit({ kind: 'longLivedStale', family });
      } else this.#sweep(family, emit);
    }
  }

  /** Nothing is waited for any more: a person has stopped the session. */
  abandon(emit: (effect: SessionEffect) => void): void {
    for (const family of this.families) this.#sweep(family, emit);
  }

  #sweep(family: FamilyKey, emit: (effect: SessionEffect) => void): void {
    this.#families.delete(family);
    emit({ kind: 'sweep', family });
  }
}
