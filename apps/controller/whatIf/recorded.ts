/** What the charts' store knows of an edge's tunnels, as steering would have measured it. */
import type { TunnelPlan } from '@patronus/fabric';
import type { TunnelSample } from '@patronus/steering';
import { averaged, type Sample, type Tick } from '../store/samples.ts';

const states = { UP: 'up', DOWN: 'down', CONNECTING: 'connecting' } as const;

/** Ticks of one span together: longer spans are coarser, and cheaper to steer through. Times of their ends. */
export function* thinned(
  ticks: Iterable<{ readonly at: number; readonly lengthMs: number; readonly tick: Tick }>,
  spanMs: number,
): Generator<{ readonly at: number; readonly tick: Tick }> {
  let open: { readonly start: number; end: number; readonly ticks: Tick[] } | undefined;
  for (const { at, lengthMs, tick } of ticks) {
    const start = Math.floor(at / spanMs) * spanMs;
    if (open !== undefined && open.start !== start) {
      yield { at: open.end, tick: together(open.ticks) };
      open = undefined;
    }
    open ??= { start, end: at, ticks: [] };
    open.end = at + lengthMs;
    open.ticks.push(tick);
  }
  if (open !== undefined) yield { at: open.end, tick: together(open.ticks) };
}

function together(ticks: readonly Tick[]): Tick {
  if (ticks.length === 1) return ticks[0]!;
  const ids = new Set(ticks.flatMap((tick) => Object.keys(tick)));
  return Object.fromEntries(
    [...ids].map((id) => [id, averaged(ticks.flatMap((tick) => (tick[id] ? [tick[id]] : [])))]),
  );
}

/** From this edge's side: the direction it sends in. */
export function samplesOf(plans: readonly TunnelPlan[], edgeId: string, at: number, tick: Tick): TunnelSample[] {
  return plans.flatMap((plan): TunnelSample[] => {
    const sample: Sample | undefined = tick[plan.id];
    if (sample === undefined || sample[0] === 'UNKNOWN') return [];
    const [state, roundTripMs, lossPercent] = sample;
    const direction = plan.a.edgeId === edgeId ? sample[5] : sample[6];
    const loss = direction?.[0] ?? lossPercent;
    return [
      {
        ...{ atMs: at, tunnelId: plan.id, state: states[state] },
        roundTripUs: roundTripMs === null ? null : Math.round(roundTripMs * 1_000),
        loss: loss === null ? null : loss / 100,
        jitterUs: direction == null ? null : Math.round(direction[1] * 1_000),
      },
    ];
  });
}
