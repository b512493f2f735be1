/**
 * Where sites stand on the topology: on an ellipse, in the order of their names, the first at the top. The same sites
 * always get the same places, whatever order the controller lists them in, so a reload moves nothing.
 */

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly width: number;
  readonly height: number;
}

/** A site's place, and on which side of it its name has room: away from the middle, where no tunnel runs. */
export interface Place extends Point {
  readonly side: 'above' | 'below' | 'left' | 'right';
}

/** Narrower than this, names stand above and below only, as there is no room beside the sites. */
export const narrowWidth = 620;

/** Places by site id, for the drawing area `box` in pixels. One site stands in the middle. */
export function placeSites(
  sites: readonly { readonly id: string; readonly name: string }[],
  box: Box,
): ReadonlyMap<string, Place> {
  const ordered = [...sites].sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
  const isNarrow = box.width < narrowWidth;
  const centre: Point = { x: box.width / 2, y: box.height / 2 };
  const radius = ordered.length < 2 ? { x: 0, y: 0 } : radiusOf(box, isNarrow);
  // Two sites stand side by side, where a line between them has the most room; a single one has its name below.
  const turn = [0, Math.PI / 2, Math.PI][ordered.length] ?? -Math.PI / 2;
  const angles = ordered.map((_, index) => turn + (index / ordered.length) * 2 * Math.PI);
  // Three points of a circle do not fill its square; stretched to it they use all the room there is.
  const across = spread(angles.map(Math.cos));
  const down = spread(angles.map(Math.sin));
  return new Map(
    ordered.map((site, index) => {
      const [x, y] = [across[index] ?? 0, down[index] ?? 0];
      const side = sideOf(x, y, isNarrow || ordered.length < 2);
      return [site.id, { x: centre.x + radius.x * x, y: centre.y + radius.y * y, side }];
    }),
  );
}

/** The same values stretched to -1 … 1; values that are all alike stay. */
function spread(values: readonly number[]): readonly number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  if (!(high - low > 1e-9)) return values;
  return values.map((value) => ((value - low) / (high - low)) * 2 - 1);
}

/** Leaves room at each edge for the names, and keeps a wide screen from stretching the network into a line. */
function radiusOf(box: Box, isNarrow: boolean): Point {
  const margin = isNarrow ? { x: 62, y: 100 } : { x: 190, y: 96 };
  const y = Math.max(box.height / 2 - margin.y, 40);
  return { x: Math.min(Math.max(box.width / 2 - margin.x, 40), y * 1.9), y };
}

function sideOf(across: number, down: number, isUpright: boolean): Place['side'] {
  if (!isUpright && Math.abs(across) > 0.7) return across < 0 ? 'left' : 'right';
  return down < -0.01 ? 'above' : 'below';
}

/** Code-point order: the same in every locale, which a picture that must not move needs. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
