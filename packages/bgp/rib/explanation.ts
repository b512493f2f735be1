/** Why a route is best: which step left each of the others out, and why others could not be chosen at all. */
import type { FamilyRib } from './familyRib.ts';

export interface Reason {
  readonly name: string;
  readonly clause: string;
}

export interface Explanation {
  /** 0: none. */
  readonly best: number;
  /** The step that left it alone; undefined: there was no choice. */
  readonly decidedBy: Reason | undefined;
  readonly others: readonly { readonly route: number; readonly lostAt: Reason }[];
  readonly unusable: readonly { readonly route: number; readonly reason: Reason }[];
}

const unreachable: Reason = { name: 'its next hop cannot be reached', clause: 'RFC 4271 §9.1.2.1' };
const refusedByPolicy: Reason = { name: 'import policy', clause: 'RFC 4271 §9.1.1' };

/** `refusal`: which rule of the protocol refused a route on import; undefined: none. */
export function explain(rib: FamilyRib, prefix: number, refusal: (route: number) => Reason | undefined): Explanation {
  const others: { route: number; lostAt: Reason }[] = [];
  const unusable: { route: number; reason: Reason }[] = [];
  for (let route = rib.firstOf(prefix); route !== 0; route = rib.nextOf(route)) {
    if (rib.isEligible(route)) continue;
    const isAccepted = rib.attributesOf(route) !== 0;
    unusable.push({ route, reason: isAccepted ? unreachable : (refusal(route) ?? refusedByPolicy) });
  }
  const { best, decidedBy } = rib.explain(prefix, (route, { name, clause }) => {
    others.push({ route, lostAt: { name, clause } });
  });
  const reason = decidedBy && { name: decidedBy.name, clause: decidedBy.clause };
  return { best, decidedBy: reason, others, unusable };
}
