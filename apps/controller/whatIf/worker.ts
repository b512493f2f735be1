/** Steers through the past in a thread of its own: a week takes seconds, in which edges want to be answered. */
import { parentPort, workerData } from 'node:worker_threads';
import { eventsOf, type SteeringConfiguration, type TunnelSample, type WhatIf, whatIf } from '@patronus/steering';

export interface Job {
  readonly samples: readonly TunnelSample[];
  readonly present: SteeringConfiguration;
  readonly changed: SteeringConfiguration;
}

const jobs = workerData as readonly Job[];
const outcomes: WhatIf[] = jobs.map(({ samples, present, changed }) =>
  whatIf({ events: eventsOf(samples), present, changed }),
);
parentPort?.postMessage(outcomes);
