/** What part of the map is on screen: `screen = map * scale + (x, y)`. */

import type { Point } from './layout.ts';

export interface View {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export const wholeMap: View = { scale: 1, x: 0, y: 0 };

const smallest = 0.4;
const largest = 4;

/** Scales by `factor` while what is under `at` (in screen pixels) stays under it. */
export function zoomAt(view: View, at: Point, factor: number): View {
  const scale = Math.min(largest, Math.max(smallest, view.scale * factor));
  const change = scale / view.scale;
  return { scale, x: at.x - (at.x - view.x) * change, y: at.y - (at.y - view.y) * change };
}

export function panBy(view: View, dx: number, dy: number): View {
  return { ...view, x: view.x + dx, y: view.y + dy };
}
