/**
 * The fast switch: which tunnels each path group sends through, as a pure function of the groups steering published and
 * of which tunnels are up. No history goes in, so the same generation and the same states give the same choice on every
 * machine and in every replay; damping and preference are steering's business, by publishing other groups.
 */

/** Sends nowhere: no tunnel of the group is up. */
export const NO_TUNNEL = -1;

/** Flows of a group that balances are spread over so many buckets; a bucket has one tunnel. */
export const BUCKETS = 64;
/** A tunnel takes at most so much more than its share: the price of moving next to nothing when another one goes. */
const MOST_OVER_SHARE = 1.1;

/** What is known of tunnels, by number: 1 where it is up, and other than 0 where there is reason to doubt that (talk/). */
export interface TunnelStates {
  readonly isUp: Uint8Array;
  readonly isDoubted: Uint8Array;
}

/** 0 down, 1 doubted, 2 up: only the best that there is counts. */
function standing({ isUp, isDoubted }: TunnelStates, tunnel: number): number {
  return isUp[tunnel] !== 1 ? 0 : isDoubted[tunnel] !== 0 ? 1 : 2;
}

/**
 * The first tunnel that is up and not doubted, or else the first that is up, or NO_TUNNEL; `besides` is passed over.
 * `tunnels` are numbers in order of preference.
 */
export function chooseTunnel(tunnels: readonly number[], states: TunnelStates, besides = NO_TUNNEL): number {
  let doubted = NO_TUNNEL;
  for (let at = 0; at < tunnels.length; at++) {
    const tunnel = tunnels[at]!;
    if (tunnel === besides) continue;
    const stands = standing(states, tunnel);
    if (stands === 2) return tunnel;
    if (stands === 1 && doubted === NO_TUNNEL) doubted = tunnel;
  }
  return doubted;
}

/** A balancing group made ready: every (bucket, tunnel) by how much they belong together. */
export interface Spread {
  readonly tunnels: readonly number[];
  readonly weights: readonly number[];
  /** Pairs in order of their score: `bucket * tunnels.length + place of the tunnel`. */
  readonly order: Uint16Array;
}

/**
 * Rendezvous hashing by weight (score = -weight / ln u, with u drawn from the bucket and the tunnel's name): a bucket's
 * liking for a tunnel depends on nothing else, so when a tunnel goes its buckets go elsewhere and the others stay.
 */
export function prepareSpread(
  tunnels: readonly number[],
  names: readonly string[],
  weights: readonly number[],
): Spread {
  const scores = new Float64Array(BUCKETS * tunnels.length);
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    for (let place = 0; place < tunnels.length; place++) {
      const drawn = (mix(bucket, names[place]!) + 0.5) / 2 ** 32;
      scores[bucket * tunnels.length + place] = -weights[place]! / Math.log(drawn);
    }
  }
  const order = Uint16Array.from(scores.keys()).sort((one, other) => scores[other]! - scores[one]! || one - other);
  return { tunnels, weights, order };
}

/** FNV-1a over the name, then MurmurHash3's finish, so that neighbouring buckets have nothing in common. */
function mix(bucket: number, name: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ Math.imul(bucket + 1, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** Gives every bucket of `spread` one of the tunnels that are up: into `buckets`, BUCKETS numbers from `start` on. */
export function fillBuckets(spread: Spread, states: TunnelStates, buckets: Int32Array, start: number): void {
  const { tunnels, weights, order } = spread;
  let best = 0;
  for (const tunnel of tunnels) best = Math.max(best, standing(states, tunnel));
  buckets.fill(NO_TUNNEL, start, start + BUCKETS);
  if (best === 0) return;
  let total = 0;
  for (let place = 0; place < tunnels.length; place++) {
    if (standing(states, tunnels[place]!) === best) total += weights[place]!;
  }
  const rooms = weights.map((weight) => Math.ceil((weight / total) * BUCKETS * MOST_OVER_SHARE));
  for (let at = 0; at < order.length; at++) {
    const bucket = Math.floor(order[at]! / tunnels.length);
    const place = order[at]! % tunnels.length;
    if (buckets[start + bucket] !== NO_TUNNEL || rooms[place]! === 0) continue;
    if (standing(states, tunnels[place]!) !== best) continue;
    buckets[start + bucket] = tunnels[place]!;
    rooms[place]! -= 1;
  }
}

/**
 * Works out every group's tunnel into `active` and calls `changed` for each that differs from before.
 * Costs the number of groups, not of flows: flows point to groups.
 */
export function switchGroups(
  groups: readonly (readonly number[])[],
  states: TunnelStates,
  active: Int32Array,
  changed: (group: number, tunnel: number) => void,
): void {
  for (let group = 0; group < groups.length; group++) {
    const tunnel = chooseTunnel(groups[group]!, states);
    if (active[group] === tunnel) continue;
    active[group] = tunnel;
    changed(group, tunnel);
  }
}
