/**
 * What becomes of a packet on a bad wire: when it arrives, how often, whether whole. A calculation without clock or
 * socket: the same settings, seed and arrivals give the same decisions, so a drill on the lab can be repeated.
 *
 * Delay wanders between `delayMs - jitterMs` and `delayMs + jitterMs` as a curve over time rather than anew for each
 * packet. A die per packet would either reorder packets that a real link keeps in order, or, once order is enforced,
 * push every packet's delay to the upper bound. The curve never falls faster than time passes, so order is kept by
 * itself and the mean stays `delayMs` at any packet rate. Reordering is a setting of its own.
 */
import { createDice, noiseAt } from './relay-dice.ts';

export interface ImpairmentSettings {
  readonly delayMs: number;
  /** At most this far to either side of the delay. */
  readonly jitterMs: number;
  readonly lossPercent: number;
  /** Share of packets held back by `reorderHoldMs`, so that later ones overtake them. */
  readonly reorderPercent: number;
  readonly duplicatePercent: number;
  /** Share of packets with one bit flipped behind the Ethernet header. */
  readonly corruptPercent: number;
}

export interface Delivery {
  /** On the clock of `decide`'s `nowMs`. */
  readonly atMs: number;
  /** Bit to flip, counted from the frame's first byte; -1 leaves the frame whole. */
  readonly flipBit: number;
}

export interface Impairment {
  /** Deliveries of a frame of `lengthBytes` that arrives at `nowMs`: none when lost, two when duplicated. */
  decide(nowMs: number, lengthBytes: number): readonly Delivery[];
}

/** Extra wait of a packet that is to be overtaken. */
export const reorderHoldMs = 10;

const ethernetHeaderBytes = 14;
const lost: readonly Delivery[] = [];

export function createImpairment(settings: ImpairmentSettings, seed: number): Impairment {
  const { lossPercent, reorderPercent, duplicatePercent, corruptPercent } = settings;
  const dice = createDice(seed);
  // Every die is thrown for every packet, so that changing one setting leaves the others' outcomes as they were.
  const happens = (percent: number) => dice.next() * 100 < percent;
  return {
    decide(nowMs, lengthBytes) {
      const isLost = happens(lossPercent);
      const isHeld = happens(reorderPercent);
      const isDoubled = happens(duplicatePercent);
      const isCorrupt = happens(corruptPercent);
      const whichBit = dice.next();
      if (isLost) return lost;
      const atMs = nowMs + delayAt(settings, seed, nowMs) + (isHeld ? reorderHoldMs : 0);
      const bits = (lengthBytes - ethernetHeaderBytes) * 8;
      const flipBit = isCorrupt && bits > 0 ? ethernetHeaderBytes * 8 + Math.floor(whichBit * bits) : -1;
      const delivery = { atMs, flipBit };
      return isDoubled ? [delivery, { atMs, flipBit: -1 }] : [delivery];
    },
  };
}

/** The delay curve: straight lines between random knots, far enough apart that its slope never goes below -1. */
export function delayAt({ delayMs, jitterMs }: ImpairmentSettings, seed: number, nowMs: number): number {
  if (jitterMs === 0) return delayMs;
  const knotMs = Math.max(2 * jitterMs, 2);
  const position = nowMs / knotMs;
  const knot = Math.floor(position);
  const share = position - knot;
  const wander = noiseAt(seed, knot) * (1 - share) + noiseAt(seed, knot + 1) * share;
  return Math.max(0, delayMs + jitterMs * wander);
}
