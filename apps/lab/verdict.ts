/** What a traffic check amounts to. Pure. */
import type { PairReport } from './traffic.ts';

export interface CheckResult {
  readonly ok: boolean;
  readonly tunnelsUp: number;
  readonly tunnels: number;
  readonly sent: number;
  readonly lost: number;
  /** Sent more than the grace after the cut, and never answered. */
  readonly lostAfterCut: number;
  readonly seconds: number;
}

/** How long traffic may take to move to another uplink. */
export const graceMs = 3_000;

export function verdict(
  tunnels: { readonly up: number; readonly total: number },
  pairs: readonly PairReport[],
  cutAtMs: number,
  seconds: number,
): CheckResult {
  const lostAtMs = pairs.flatMap((pair) => pair.lostAtMs);
  const lostAfterCut = lostAtMs.filter((at) => at > cutAtMs + graceMs).length;
  const hasFlowed = pairs.length > 0 && pairs.every((pair) => pair.answered > 0);
  return {
    ok: tunnels.total > 0 && tunnels.up === tunnels.total && hasFlowed && lostAfterCut === 0,
    tunnelsUp: tunnels.up,
    tunnels: tunnels.total,
    sent: pairs.reduce((sum, pair) => sum + pair.sent, 0),
    lost: lostAtMs.length,
    lostAfterCut,
    seconds: Math.round(seconds * 10) / 10,
  };
}
