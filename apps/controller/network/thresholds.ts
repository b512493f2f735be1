/** The figures of path choice that an edge goes by: the usual ones, and what the organisation set. */
import type { BfdTimers, SteeringFigures } from '@patronus/fabric';
import { defaultThresholds, type Thresholds } from '@patronus/steering';

/** Beyond the detection time of an idle tunnel, which is when its failure is known for sure; see apps/edge/steering. */
const SUSPICION_MARGIN_MS = 500;

export function usualThresholds({ idleIntervalMs, multiplier }: BfdTimers): Thresholds {
  return { ...defaultThresholds, suspicionMs: idleIntervalMs * multiplier + SUSPICION_MARGIN_MS };
}

/** What is left out, or undefined, is as before. */
export function withFigures(thresholds: Thresholds, figures: SteeringFigures): Thresholds {
  const known = Object.entries(figures).filter(([, value]) => value !== undefined);
  return { ...thresholds, ...(Object.fromEntries(known) as Partial<Thresholds>) };
}
