/**
 * Path groups as the packet path has them: what steering published, by link number, over what the configuration says. An
 * edge that steering did not mention is reached through its tunnels in their configured order.
 */
import type { GroupsCommand, PathGroup } from './control.ts';
import type { Link } from './links.ts';
import { DEFAULT_TREATMENT, type Group } from './tables/groups.ts';

/** Every group of the edges that these links lead to. Tunnels that are not there (any more) are left out. */
export function arrangeGroups(
  links: readonly { readonly link: Link }[],
  published: GroupsCommand | undefined,
): Group[] {
  const tunnelsTo = new Map<string, string[]>();
  const numberOf = new Map<string, number>();
  for (const { link } of links) {
    if (link.tunnel === undefined) continue;
    const { id, edgeId } = link.tunnel;
    numberOf.set(id, link.number);
    const known = tunnelsTo.get(edgeId);
    if (known === undefined) tunnelsTo.set(edgeId, [id]);
    else known.push(id);
  }
  const groups = new Map<string, PathGroup>();
  for (const [edgeId, tunnelIds] of tunnelsTo) groups.set(keyOf({ edgeId, tunnelIds }), { edgeId, tunnelIds });
  for (const group of published?.groups ?? []) if (tunnelsTo.has(group.edgeId)) groups.set(keyOf(group), group);
  return [...groups.values()].map((group) => numbered(group, numberOf));
}

function keyOf({ edgeId, treatment = DEFAULT_TREATMENT }: PathGroup): string {
  return `${treatment}\n${edgeId}`;
}

const LEAST_WEIGHT = 1;

function numbered(
  { edgeId, treatment, tunnelIds, mode, weights }: PathGroup,
  numberOf: ReadonlyMap<string, number>,
): Group {
  const known = tunnelIds.flatMap((id, at) => {
    const number = numberOf.get(id);
    return number === undefined ? [] : [{ id, number, weight: Math.max(LEAST_WEIGHT, weights?.[at] ?? LEAST_WEIGHT) }];
  });
  return {
    edgeId,
    treatment: treatment ?? DEFAULT_TREATMENT,
    tunnels: known.map(({ number }) => number),
    tunnelIds: known.map(({ id }) => id),
    mode: mode ?? 'single',
    weights: known.map(({ weight }) => weight),
  };
}
