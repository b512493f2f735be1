/** What changed figures or policies would have done with what was measured. */
import { Worker } from 'node:worker_threads';
import { compile } from '@patronus/fabric';
import type { Outcome, WhatIf } from '@patronus/steering';
import type { Core } from '../core.ts';
import type { Edge, Policy } from '../network/network.ts';
import { ServiceError } from '../services/error.ts';
import { type Change, changed, changeSchema } from './change.ts';
import { samplesOf, thinned } from './recorded.ts';
import { type Compared, compare } from './steered.ts';
import type { Job } from './worker.ts';

const DAY_MS = 24 * 3_600_000;
const LONGEST_MS = 30 * DAY_MS;
const FINEST_MS = 10_000;
/** Of all tunnels and times together: what a few seconds suffice for. */
const MOST_SAMPLES = 120_000;
/** Fewer moments than this say nothing. */
const LEAST_MOMENTS = 60;

export interface ComparedPath {
  readonly policies: readonly Policy[];
  readonly remoteEdgeId: string;
  readonly was: Outcome | null;
  readonly wouldBe: Outcome | null;
}

export interface EdgeOutcome extends Omit<WhatIf, 'groups'> {
  readonly edge: Edge;
  readonly paths: readonly ComparedPath[];
}

export interface Question {
  /** ms since 1970. */
  readonly since: number;
  readonly until?: number | null | undefined;
  /** Only its edges; all otherwise. */
  readonly siteId?: string | null | undefined;
  readonly change: unknown;
}

/** One at a time: each keeps a core busy for seconds. */
const busy = new WeakSet<Core>();

export async function workOut(core: Core, question: Question): Promise<EdgeOutcome[]> {
  const now = core.now();
  const until = Math.min(question.until ?? now, now);
  const since = Math.max(question.since, now - LONGEST_MS);
  if (since >= until) refuse('since', 'has to be before the end, and before now');
  const change = read(question.change);
  const { model, edges, tunnelsOfSite } = core.network.current;
  const after = changed(model, change);
  const wanted = [...edges.values()].filter(
    (edge) => edge.state === 'enrolled' && (question.siteId == null || edge.site_id === question.siteId),
  );
  const compiled = compile(model);
  const jobs = wanted.flatMap((edge) => {
    const told = compiled.get(edge.id);
    if (told === undefined) return [];
    const own = new Set(told.tunnels.map(({ id }) => id));
    // Of what comes up at the same time the cheapest is first, so that the beginning is not a switch.
    const plans = (tunnelsOfSite.get(edge.site_id) ?? [])
      .filter(({ id }) => own.has(id))
      .sort((one, other) => one.cost - other.cost);
    return [
      { edge, plans, samples: [] as Job['samples'][number][], ...compare(told, model, after, change.thresholds ?? {}) },
    ];
  });
  const ends = jobs.reduce((sum, { plans }) => sum + plans.length, 0);
  const moments = MOST_SAMPLES / Math.max(1, ends);
  if (moments < LEAST_MOMENTS) refuse('siteId', `the network has too many tunnels to work out at once; name a site`);
  const spanMs = Math.max(FINEST_MS, Math.ceil((until - since) / moments / FINEST_MS) * FINEST_MS);
  for (const { at, tick } of thinned(core.telemetry.measured(since, until), spanMs)) {
    for (const { edge, plans, samples } of jobs) samples.push(...samplesOf(plans, edge.id, at, tick));
  }
  const outcomes = await inThread(core, jobs);
  return jobs.map(({ edge, ...job }, index) => outcomeOf(core, edge, job, outcomes[index]!));
}

function outcomeOf(core: Core, edge: Edge, { treatments }: Pick<Compared, 'treatments'>, outcome: WhatIf): EdgeOutcome {
  const { groups, ...whole } = outcome;
  const { policies } = core.network.current;
  return {
    ...whole,
    edge,
    paths: groups.map(({ treatment, edgeId, was, wouldBe }) => ({
      ...{ remoteEdgeId: edgeId, was, wouldBe },
      policies: (treatments.find(({ id }) => id === treatment)?.policies ?? []).flatMap(
        ({ id }) => policies.get(id) ?? [],
      ),
    })),
  };
}

function read(raw: unknown): Change {
  const parsed = changeSchema.safeParse(raw);
  if (parsed.success) return parsed.data;
  const fields = Object.fromEntries(parsed.error.issues.map((issue) => [issue.path.join('.'), issue.message]));
  const words = Object.entries(fields).map(([field, message]) => `${field}: ${message}`);
  throw new ServiceError('INVALID_INPUT', words.join('; '), { fields });
}

function refuse(field: string, message: string): never {
  throw new ServiceError('INVALID_INPUT', `${field}: ${message}`, { fields: { [field]: message } });
}

async function inThread(core: Core, jobs: readonly Job[]): Promise<WhatIf[]> {
  if (busy.has(core)) {
    const message = 'another what-if is being worked out; try again in a few seconds';
    throw new ServiceError('TOO_MANY_ATTEMPTS', message, { retryAfterSeconds: 5 });
  }
  busy.add(core);
  try {
    const workerData = jobs.map(({ samples, present, changed: other }): Job => ({ samples, present, changed: other }));
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    return await new Promise<WhatIf[]>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', (code) => reject(new Error(`the what-if ended with ${code} and no answer`)));
    });
  } finally {
    busy.delete(core);
  }
}
