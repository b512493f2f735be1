/**
 * How tunnels run between two sites: side by side, each on a curve of its own, bent by its rank among the tunnels of
 * the same pair. A tunnel keeps its curve whichever end the controller calls `a`.
 */

import type { Point } from './layout.ts';

export interface Ends {
  readonly id: string;
  readonly a: { readonly siteId: string; readonly uplink: string };
  readonly b: { readonly siteId: string; readonly uplink: string };
}

export interface Curve {
  readonly id: string;
  /** An SVG path: a quadratic Bézier from the site with the smaller id to the other. */
  readonly path: string;
  /** On the curve, where the label goes. */
  readonly label: Point;
  /** Whether the path begins at the tunnel's `a`; else at its `b`. */
  readonly fromA: boolean;
  /** Whether the path runs from left to right, so that a label can be written the way it is read. */
  readonly runsRight: boolean;
}

/** How far along the line, as a share of it, the labels of neighbours are apart. */
const labelStep = 0.075;

/** Curves for `tunnels` between the places of `sites`, `spacing` pixels apart. Tunnels to unplaced sites are left out. */
export function drawCurves(
  tunnels: readonly Ends[],
  places: ReadonlyMap<string, Point>,
  spacing: number,
): readonly Curve[] {
  return [...pairs(tunnels).values()].flatMap((parallel) => {
    const ranked = [...parallel].sort((s, t) => compare(rankKey(s), rankKey(t)));
    return ranked.flatMap((tunnel, rank) => {
      const fromA = tunnel.a.siteId < tunnel.b.siteId;
      const from = places.get(fromA ? tunnel.a.siteId : tunnel.b.siteId);
      const to = places.get(fromA ? tunnel.b.siteId : tunnel.a.siteId);
      if (!from || !to) return [];
      const offset = (rank - (ranked.length - 1) / 2) * spacing;
      // Labels of neighbours step along the line as well, in the direction that sets them further apart vertically.
      const along = (to.x - from.x) * (to.y - from.y) < 0 ? -labelStep : labelStep;
      const share = 0.5 + (rank - (ranked.length - 1) / 2) * along;
      return [{ id: tunnel.id, fromA, runsRight: from.x <= to.x, ...bend(from, to, offset, share) }];
    });
  });
}

function pairs(tunnels: readonly Ends[]): ReadonlyMap<string, readonly Ends[]> {
  return Map.groupBy(tunnels, ({ a, b }) => [a.siteId, b.siteId].sort(compare).join('\n'));
}

/** Uplink labels seen from the smaller site id, then the tunnel's id: the same from both ends. */
function rankKey({ id, a, b }: Ends): string {
  const [first, second] = a.siteId < b.siteId ? [a, b] : [b, a];
  return `${first.uplink}\n${second.uplink}\n${id}`;
}

function bend(from: Point, to: Point, offset: number, share: number): { path: string; label: Point } {
  const length = Math.hypot(to.x - from.x, to.y - from.y) || 1;
  // A quadratic Bézier passes at half the height of its control point.
  const control = {
    x: (from.x + to.x) / 2 - ((to.y - from.y) / length) * offset * 2,
    y: (from.y + to.y) / 2 + ((to.x - from.x) / length) * offset * 2,
  };
  const at = (s: number, c: number, e: number) => (1 - share) ** 2 * s + 2 * (1 - share) * share * c + share ** 2 * e;
  return {
    path: `M${round(from.x)} ${round(from.y)}Q${round(control.x)} ${round(control.y)} ${round(to.x)} ${round(to.y)}`,
    label: { x: at(from.x, control.x, to.x), y: at(from.y, control.y, to.y) },
  };
}

function round(value: number): string {
  return value.toFixed(1);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
