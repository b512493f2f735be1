/** A route as people and programs are told of it. */
import { formatPrefix, type Prefix } from '@patronus/net';
import { AttributeCode } from '../codec/attributes/values.ts';
import { familyName } from '../codec/families.ts';
import { describeAttribute, nextHopText } from '../describe/attributes.ts';
import { type FamilyRib, Mark } from '../rib/familyRib.ts';
import type { Rib } from '../rib/rib.ts';
import type { RouteReport } from './reports.ts';

export function routeReport(rib: Rib, family: FamilyRib, route: number, prefix: Prefix, from: string): RouteReport {
  const { table } = rib;
  const accepted = family.attributesOf(route);
  const set = accepted === 0 ? family.receivedOf(route) : accepted;
  const told = table
    .valuesOf(set)
    .filter(({ code }) => code !== AttributeCode.nextHop && code !== AttributeCode.mpReach);
  return {
    ...{ family: familyName(family.family), prefix: formatPrefix(prefix), pathId: family.pathIdOf(route), from },
    isBest: family.bestOf(family.prefixOf(route)) === route,
    isEligible: family.isEligible(route),
    isStale: (family.marksOf(route) & Mark.restartStale) !== 0,
    refusal: accepted === 0 ? (rib.importRefusal(family.family, route)?.name ?? 'import policy') : null,
    nextHop: nextHopText(table.nextHops.addressOf(table.nextHopIds[set]!)),
    attributes: Object.fromEntries(told.map(describeAttribute)),
  };
}
