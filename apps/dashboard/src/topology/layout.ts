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

/** Room left at each edge for the site's name and its counts. */
const margin: Point = { x: 130, y: 92 };

/** Places by site id, for the drawing area `box` in pixels. One site stands in the middle. */
export function placeSites(
  sites: readonly { readonly id: string; readonly name: string }[],
  box: Box,
): ReadonlyMap<string, Point> {
  const ordered = [...sites].sort((a, b) => compare(a.name, b.name) || compare(a.id, b.id));
  const centre: Point = { x: box.width / 2, y: box.height / 2 };
  const radius: Point = {
    x: ordered.length < 2 ? 0 : Math.max(box.width / 2 - margin.x, 40),
    y: ordered.length < 2 ? 0 : Math.max(box.height / 2 - margin.y, 40),
  };
  // Two sites stand side by side, where a line between them has the most room.
  const turn = ordered.length === 2 ? Math.PI : -Math.PI / 2;
  return new Map(
    ordered.map((site, index) => {
      const angle = turn + (index / ordered.length) * 2 * Math.PI;
      return [site.id, { x: centre.x + radius.x * Math.cos(angle), y: centre.y + radius.y * Math.sin(angle) }];
    }),
  );
}

/** Code-point order: the same in every locale, which a picture that must not move needs. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
