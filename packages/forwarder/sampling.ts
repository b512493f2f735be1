/**
 * Which packets of a flow are worth trying to compress. What a flow carries seldom changes its nature: after a few packets
 * that would not shrink, the next ones are passed over, and then it is tried again, each time after a longer pause.
 *
 * All that is remembered of a flow fits 16 bits, which the flow table keeps: 0 is a flow that nothing is known of.
 *
 *     bits 0…10   packets still to be passed over
 *     bits 11…13  failures in a row while trying
 *     bits 14…15  how often it was given up: the pause doubles
 */

/** Failures in a row that end the trying. */
const MOST_FAILURES = 4;
/** Packets passed over the first time; at most eight times as many. */
const FIRST_PAUSE = 64;
const MOST_DOUBLINGS = 3;
/** Saving less is not worth the expanding. */
const WORTH = 0.94;

const PAUSE_MASK = 0x7ff;

/** Whether the flow's next packet is to be tried. */
export function shouldTry(state: number): boolean {
  return (state & PAUSE_MASK) === 0;
}

/** After a packet of `from` bytes became `to` bytes (the same where it would not shrink). */
export function afterTry(state: number, from: number, to: number): number {
  if (to < from * WORTH) return 0;
  const doublings = state >>> 14;
  const failures = ((state >>> 11) & 7) + 1;
  if (failures < MOST_FAILURES) return (doublings << 14) | (failures << 11);
  // One failure short of giving up again: the next try decides.
  const again = Math.min(MOST_DOUBLINGS, doublings + 1);
  return (again << 14) | ((MOST_FAILURES - 1) << 11) | (FIRST_PAUSE << doublings);
}

/** After a packet was passed over. */
export function afterSkip(state: number): number {
  return state - 1;
}
