/** What waits before an edge's uplinks, and what its duplication and parity were good for, in the words of people. */
import type { ProtectionTelemetry, ShapingTelemetry } from '@patronus/protocol';

type PriorityTelemetry = ShapingTelemetry['priorities'][number];

/** Totals since the uplink was given its rate; bytes of inner packets. */
export interface QueueView extends Omit<PriorityTelemetry, 'delayP50Us' | 'delayP99Us' | 'delayMostUs'> {
  /** Over the last 10 to 20 s; null: nothing was sent. */
  readonly delayP50Ms: number | null;
  readonly delayP99Ms: number | null;
  readonly delayHighestMs: number | null;
}

export interface ShapingView extends Omit<ShapingTelemetry, 'priorities'> {
  readonly queues: readonly QueueView[];
}

export function shapingOf({ priorities, ...shaping }: ShapingTelemetry): ShapingView {
  return { ...shaping, queues: priorities.map(queueOf) };
}

function queueOf({ delayP50Us, delayP99Us, delayMostUs, ...queue }: PriorityTelemetry): QueueView {
  return {
    ...queue,
    delayP50Ms: millis(delayP50Us),
    delayP99Ms: millis(delayP99Us),
    // Without a median nothing was sent, so that the highest of nothing is no zero.
    delayHighestMs: delayP50Us === null ? null : millis(delayMostUs),
  };
}

function millis(us: number | null): number | null {
  return us === null ? null : us / 1_000;
}

/** Part of the numbered packets that came neither themselves nor rebuilt in time, 0…100; null: none came. */
export function residualPercent({ received, repaired, lost }: ProtectionTelemetry): number | null {
  const all = received + repaired + lost;
  return all === 0 ? null : (lost / all) * 100;
}
