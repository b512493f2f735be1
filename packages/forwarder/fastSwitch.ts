/**
 * The fast switch: which tunnel each path group sends through, as a pure function of the groups steering published
 * and of which tunnels are up. No history goes in, so the same generation and the same states give the same choice on
 * every machine and in every replay; damping and preference are steering's business, by publishing other groups.
 */

/** Sends nowhere: no tunnel of the group is up. */
export const NO_TUNNEL = -1;

/**
 * The first tunnel of the group that is up, or NO_TUNNEL. `tunnels` are tunnel numbers in order of preference;
 * `isUp` holds 1 at the number of each tunnel that answers.
 */
export function chooseTunnel(tunnels: readonly number[] | Int32Array, isUp: Uint8Array): number {
  for (let at = 0; at < tunnels.length; at++) {
    const tunnel = tunnels[at]!;
    if (isUp[tunnel] === 1) return tunnel;
  }
  return NO_TUNNEL;
}

/**
 * Works out every group's tunnel into `active` and calls `changed` for each that differs from before.
 * Costs the number of groups, not of flows: flows point to groups.
 */
export function switchGroups(
  groups: readonly (readonly number[])[],
  isUp: Uint8Array,
  active: Int32Array,
  changed: (group: number, tunnel: number) => void,
): void {
  for (let group = 0; group < groups.length; group++) {
    const tunnel = chooseTunnel(groups[group]!, isUp);
    if (active[group] === tunnel) continue;
    active[group] = tunnel;
    changed(group, tunnel);
  }
}
