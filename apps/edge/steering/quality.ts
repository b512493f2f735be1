/** What steering is told of quality where the forwarder measures round trips and lost probes alone. Pure. */
import type { TunnelReport } from '@patronus/forwarder';
import type { DirectionQuality, QualityReport } from '@patronus/steering';

/** Probes that a report's loss is a part of: one each 250 ms over ten seconds. */
const PROBES = 40;

/**
 * A lost probe may have been lost either way: both directions are said to lose it, so that both ends move.
 */
export function qualityOf({ id, roundTripUs, loss, quality }: TunnelReport): QualityReport {
  if (quality !== undefined) return { id, roundTripUs, outgoing: quality.outgoing, incoming: quality.incoming };
  const either: DirectionQuality | null =
    loss === null ? null : { packets: PROBES, loss, jitterUs: 0, delayChangeUs: 0 };
  return { id, roundTripUs, outgoing: either, incoming: either };
}
