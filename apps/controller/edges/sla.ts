/** Whether what is measured of a tunnel meets an SLA class, and in which words it does not. */
import type { SlaClass } from '@patronus/fabric';
import type { TunnelView } from './live.ts';

interface Measure {
  readonly name: string;
  readonly unit: string;
  readonly bound: (sla: SlaClass) => number | null;
  readonly read: (view: TunnelView) => number | null;
  /** Less is better, but for the opinion score. */
  readonly isMissed: (value: number, bound: number) => boolean;
}

const above = (value: number, bound: number) => value > bound;

const measures: readonly Measure[] = [
  {
    ...{ name: 'round trip', unit: ' ms', isMissed: above },
    bound: ({ roundTripMs }) => roundTripMs,
    read: ({ roundTripMs }) => roundTripMs,
  },
  {
    ...{ name: 'jitter', unit: ' ms', isMissed: above },
    bound: ({ jitterMs }) => jitterMs,
    read: ({ quality: { aToB, bToA } }) => worse(aToB?.jitterMs, bToA?.jitterMs),
  },
  {
    ...{ name: 'loss', unit: ' %', isMissed: above },
    bound: ({ loss }) => (loss === null ? null : loss * 100),
    read: ({ lossPercent }) => lossPercent,
  },
  {
    ...{ name: 'MOS', unit: '' },
    bound: ({ mos }) => mos,
    read: ({ quality }) => quality.mos,
    isMissed: (value, bound) => value < bound,
  },
];

/** One sentence part for each bound that is missed; empty: met as far as it is measured. */
export function slaMisses(view: TunnelView, sla: SlaClass): string[] {
  return measures.flatMap(({ name, unit, bound, read, isMissed }) => {
    const [limit, value] = [bound(sla), read(view)];
    if (limit === null || value === null || !isMissed(value, limit)) return [];
    return [`${name} ${figure(value)}${unit} (${unit === '' ? 'least' : 'most'} ${figure(limit)}${unit})`];
  });
}

/** Null while nothing that the class asks for is measured. */
export function meetsSla(view: TunnelView, sla: SlaClass): boolean | null {
  const asked = measures.filter(({ bound }) => bound(sla) !== null);
  if (slaMisses(view, sla).length > 0) return false;
  return asked.every(({ read }) => read(view) === null) ? null : true;
}

/** In words, `≤ 150 ms round trip, ≤ 1 % loss`. */
export function boundsText(sla: SlaClass): string {
  return measures
    .flatMap(({ name, unit, bound }) => {
      const limit = bound(sla);
      return limit === null ? [] : [`${name} ${unit === '' ? '≥' : '≤'} ${figure(limit)}${unit}`];
    })
    .join(', ');
}

function figure(value: number): string {
  return String(Math.round(value * 100) / 100);
}

function worse(one: number | undefined, other: number | undefined): number | null {
  return one === undefined && other === undefined ? null : Math.max(one ?? 0, other ?? 0);
}
