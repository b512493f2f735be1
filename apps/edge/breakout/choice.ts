/** Which uplink a policy's new connections leave by. Pure. */
import type { Configuration, Policy } from '@patronus/protocol';
import type { UplinkView } from '../kernel/uplinks.ts';
import type { HealthState } from '../probing/health.ts';
import type { Choice } from './ruleset.ts';

const families = [4, 6] as const;

/**
 * The first uplink of the policy's order that is up, answers and is not being drained; where none is, the first that
 * misses least of it: an uplink whose probes stay unanswered may still work, one without a way out cannot.
 */
export function choose(
  policy: Policy,
  configuration: Configuration,
  uplinks: readonly UplinkView[],
  stateOf: (uplinkId: string, family: 4 | 6) => HealthState,
): Choice {
  const drained = new Set(configuration.uplinks.filter(({ isDrained }) => isDrained).map(({ id }) => id));
  const choice: Partial<Record<4 | 6, number>> = {};
  for (const family of families) {
    const candidates = policy.breakoutUplinks
      .flatMap((id) => uplinks.find((uplink) => uplink.id === id) ?? [])
      .filter((uplink) => hasWayOut(uplink, family))
      .map((uplink) => {
        return {
          number: uplink.number,
          faults: (stateOf(uplink.id, family) === 'down' ? 2 : 0) + (drained.has(uplink.id) ? 1 : 0),
        };
      });
    const [best] = candidates.toSorted((a, b) => a.faults - b.faults);
    if (best !== undefined) choice[family] = best.number;
  }
  return choice;
}

export function hasWayOut({ isUp, exits, addresses }: UplinkView, family: 4 | 6): boolean {
  return isUp && exits[family] !== undefined && addresses.some(({ address }) => address.family === family);
}

export function sameChoice(a: Choice | undefined, b: Choice | undefined): boolean {
  return families.every((family) => a?.[family] === b?.[family]);
}

/** Each policy keeps its number while it is configured; new ones get the lowest that is free. */
export function numberPolicies(earlier: ReadonlyMap<string, number>, policies: readonly Policy[]): Map<string, number> {
  const numbers = new Map(
    policies.flatMap(({ id }): [string, number][] => {
      const number = earlier.get(id);
      return number === undefined ? [] : [[id, number]];
    }),
  );
  const taken = new Set(numbers.values());
  let next = 0;
  for (const { id } of policies) {
    if (numbers.has(id)) continue;
    while (taken.has(next)) next++;
    taken.add(next);
    numbers.set(id, next);
  }
  return numbers;
}
