/**
 * Path choice: which tunnels each treatment's traffic to a remote edge uses, and why. Pure: events and the configuration
 * in, a new state and the decisions out. No I/O, no clock; the same events give the same decisions, bit for bit.
 *
 * It refuses to act on the packet path itself: the forwarder leaves a tunnel that went down by its own fast switch,
 * within the group of the last generation published here.
 */
export {
  belongingWords,
  type Circumstances,
  type ExplainedDecision,
  type ExplainedFlow,
  type Explanation,
  explain,
  flowWords,
  type Journey,
  journeyWords,
  type PathRow,
  pathWords,
  tunnelWords,
} from './explain.ts';
export * from './model.ts';
export { RECORDING_FORMAT, type Read, type RecordedLine, type Replay, recordedStart, replay } from './recording.ts';
export { deadline, type Step, steer } from './steer.ts';
export type { Outcome } from './tally.ts';
export { defaultThresholds, type Thresholds } from './thresholds.ts';
export {
  eventsOf,
  type GroupOutcome,
  type PathChange,
  type TunnelSample,
  type WhatIf,
  type WhatIfInput,
  whatIf,
} from './whatIf.ts';
