/** Routes of each neighbour, counted by whether import lets them in. */
import { prefixFamily } from '../codec/families.ts';
import type { Rib } from '../rib/rib.ts';
import type { RouteReport } from './reports.ts';
import { routeReport } from './routeReport.ts';
import { ribFamilies } from './routes.ts';

export interface Tally {
  readonly accepted: number;
  /** One that is not let in; undefined: all are. */
  readonly refused: RouteReport | undefined;
}

/** One look at every route there is. `names`: of neighbours, by number of their RIB peer. */
export function tallyRoutes(rib: Rib, names: ReadonlyMap<number, string>): Map<string, Tally> {
  const tallies = new Map<string, { accepted: number; refused: RouteReport | undefined }>();
  for (const name of names.values()) tallies.set(name, { accepted: 0, refused: undefined });
  for (const key of ribFamilies) {
    const family = rib.family(key);
    if (family === undefined) continue;
    const of = prefixFamily(key)!;
    for (let slot = 1; slot <= family.prefixes.highest; slot++) {
      for (let route = family.firstOf(slot); route !== 0; route = family.nextOf(route)) {
        const name = names.get(family.peerOf(route)) ?? '';
        const tally = tallies.get(name);
        if (tally === undefined) continue;
        if (family.attributesOf(route) !== 0) tally.accepted += 1;
        else if (tally.refused === undefined) {
          const { address, length } = family.prefixAt(slot);
          const prefix = { family: of, bytes: address, length };
          tally.refused = routeReport({ rib, family, route, prefix, from: name, validate: undefined });
        }
      }
    }
  }
  return tallies;
}
