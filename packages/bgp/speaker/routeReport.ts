/** A route as people and programs are told of it. */
import { formatPrefix, type Prefix } from '@patronus/net';
import { AttributeCode } from '../codec/attributes/values.ts';
import { familyName } from '../codec/families.ts';
import { attributeValue } from '../codec/update.ts';
import { describeAttribute, nextHopText } from '../describe/attributes.ts';
import { originAs } from '../policy/conditions.ts';
import type { OriginValidation } from '../policy/source.ts';
import { type FamilyRib, Mark } from '../rib/familyRib.ts';
import type { Rib } from '../rib/rib.ts';
import type { RouteReport } from './reports.ts';

interface Reported {
  readonly rib: Rib;
  readonly family: FamilyRib;
  readonly route: number;
  readonly prefix: Prefix;
  readonly from: string;
  readonly validate:
    | ((address: Uint8Array, length: number, originAs: number | undefined) => OriginValidation)
    | undefined;
}

export function routeReport({ rib, family, route, prefix, from, validate }: Reported): RouteReport {
  const { table } = rib;
  const accepted = family.attributesOf(route);
  const set = accepted === 0 ? family.receivedOf(route) : accepted;
  const values = table.valuesOf(set);
  const told = values.filter(({ code }) => code !== AttributeCode.nextHop && code !== AttributeCode.mpReach);
  const { kind, localAs } = family.sourceOf(route).settings;
  const path = attributeValue(values, AttributeCode.asPath) ?? [];
  // RFC 6811 §2: a route of our own AS has an empty path.
  const origin = path.length === 0 ? localAs : originAs(path);
  return {
    ...{ family: familyName(family.family), prefix: formatPrefix(prefix), pathId: family.pathIdOf(route), from },
    isBest: family.bestOf(family.prefixOf(route)) === route,
    isEligible: family.isEligible(route),
    isStale: (family.marksOf(route) & Mark.restartStale) !== 0,
    refusal: accepted === 0 ? (rib.importRefusal(family.family, route)?.name ?? 'import policy') : null,
    nextHop: nextHopText(table.nextHops.addressOf(table.nextHopIds[set]!)),
    validation: kind === 'local' ? null : (validate?.(prefix.bytes, prefix.length, origin) ?? 'not-found'),
    attributes: Object.fromEntries(told.map(describeAttribute)),
  };
}
