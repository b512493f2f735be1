/** CLOCK_MONOTONIC and the wall clock. */

import { performance } from 'node:perf_hooks';
import type { Clock } from '../index.ts';

// performance.now() reads the same CLOCK_MONOTONIC as hrtime, from another zero; adding the difference once gives one
// time line to all processes of the machine, without a BigInt a reading.
const zero = Number(process.hrtime.bigint()) / 1e6 - performance.now();

export const systemClock: Clock = {
  monotonicMs: () => zero + performance.now(),
  wallMs: () => Date.now(),
};
