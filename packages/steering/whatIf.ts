/**
 * What other policies or figures would have done with what really happened: the same events, steered anew. Works on a whole
 * recording, and on the samples of ten seconds that a controller keeps, and says how far it can be believed.
 */
import {
  DEFAULT_TREATMENT,
  type Decision,
  initialState,
  type SlaBounds,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
} from './model.ts';
import { deadline, steer } from './steer.ts';
import { type Outcome, Tally } from './tally.ts';
import type { Thresholds } from './thresholds.ts';

/** One tunnel at one moment, as telemetry has it. */
export interface TunnelSample {
  readonly atMs: number;
  readonly tunnelId: string;
  readonly state: 'up' | 'down' | 'connecting';
  readonly roundTripUs: number | null;
  /** Outgoing, 0…1. */
  readonly loss: number | null;
  readonly jitterUs: number | null;
  /** What the loss is a part of; a thousand unless given. */
  readonly packets?: number;
}

/** What was chosen at a moment: a decision, or as much of one. */
export type PathChange = Pick<Decision, 'atMs' | 'treatment' | 'edgeId' | 'chosen'>;

export interface WhatIfInput {
  /** In order. `configured` among them counts for nothing. */
  readonly events: readonly SteeringEvent[];
  /** What was in force. */
  readonly present: SteeringConfiguration;
  readonly changed: SteeringConfiguration;
  /** What was chosen really; unless given, what `present` would choose again. */
  readonly was?: readonly PathChange[];
}

export interface GroupOutcome {
  readonly treatment: string;
  readonly edgeId: string;
  /** Null: there was no such group. */
  readonly was: Outcome | null;
  readonly wouldBe: Outcome | null;
}

export interface WhatIf {
  readonly fromMs: number;
  readonly toMs: number;
  readonly was: Outcome;
  readonly wouldBe: Outcome;
  readonly groups: readonly GroupOutcome[];
  /** Part of the period in which the tunnels' telemetry is known, 0…1. */
  readonly coverage: number;
  /** Between two reports of one tunnel, in the middle; null: there are none. */
  readonly resolutionMs: number | null;
  /** 0…1. */
  readonly confidence: number;
  /** All of it for a person. */
  readonly words: string;
}

/** Reports are trusted for so many times their distance. */
const PATIENCE = 3;
/** With reports this far apart half of what matters is missed. */
const HALF_BLIND_MS = 40_000;
/** From here on one report has to do where steering at work waits for two or three. */
const COARSE_MS = 2_000;
const ASSUMED_PACKETS = 1_000;

/** Telemetry as steering would have heard it. Samples in order of time. */
export function eventsOf(samples: readonly TunnelSample[]): SteeringEvent[] {
  const states = new Map<string, string>();
  return samples.flatMap(({ atMs, tunnelId, state, roundTripUs, loss, jitterUs, packets = ASSUMED_PACKETS }) => {
    const events: SteeringEvent[] = [];
    if (states.get(tunnelId) !== state) events.push({ type: 'tunnelState', atMs, tunnelId, state, reason: '' });
    states.set(tunnelId, state);
    if (state !== 'up') return events;
    const outgoing =
      loss === null && jitterUs === null
        ? null
        : { packets, loss: loss ?? 0, jitterUs: jitterUs ?? 0, delayChangeUs: 0 };
    events.push({ type: 'measured', atMs, tunnels: [{ id: tunnelId, roundTripUs, outgoing, incoming: null }] });
    return events;
  });
}

/** Both outcomes are judged by the bounds of `changed`, so that they compare. */
export function whatIf({ events, present, changed, was }: WhatIfInput): WhatIf {
  const heard = events.filter(({ type }) => type !== 'configured');
  const fromMs = heard[0]?.atMs ?? 0;
  const toMs = heard.at(-1)?.atMs ?? 0;
  const { coverage, resolutionMs } = sampling(heard, present, fromMs, toMs);
  const bounds = boundsOf(changed);
  const before = was === undefined ? steerThrough(heard, fitted(present, resolutionMs)) : was;
  const after = steerThrough(heard, fitted(changed, resolutionMs));
  const [old, now] = [before, after].map((changes) => Tally.of(heard, changes, bounds, toMs)) as [Tally, Tally];
  const confidence = coverage * (resolutionMs === null ? 0 : HALF_BLIND_MS / (HALF_BLIND_MS + resolutionMs));
  const keys = [...new Set([...old.groups.keys(), ...now.groups.keys()])].sort();
  const groups = keys.map((key): GroupOutcome => {
    const [treatment, edgeId] = key.split('\n') as [string, string];
    return { treatment, edgeId, was: old.groups.get(key) ?? null, wouldBe: now.groups.get(key) ?? null };
  });
  const outcome = { fromMs, toMs, was: old.total(), wouldBe: now.total(), groups, coverage, resolutionMs, confidence };
  return { ...outcome, words: wordsFor(outcome) };
}

function steerThrough(events: readonly SteeringEvent[], configuration: SteeringConfiguration): PathChange[] {
  const changes: PathChange[] = [];
  let state: SteeringState = initialState;
  const hear = (event: SteeringEvent) => {
    const step = steer(state, event, configuration);
    state = step.state;
    for (const { atMs, treatment, edgeId, chosen } of step.decisions) changes.push({ atMs, treatment, edgeId, chosen });
  };
  hear({ type: 'configured', atMs: events[0]?.atMs ?? 0 });
  for (const event of events) {
    for (let due = deadline(state); due !== null && due < event.atMs; due = deadline(state)) {
      hear({ type: 'tick', atMs: Math.max(due, state.atMs) });
    }
    if (event.type !== 'tick') hear(event);
  }
  return changes;
}

/** Figures that count reports or wait for several fit reports of four a second: with few, each has to tell by itself. */
function fitted(configuration: SteeringConfiguration, resolutionMs: number | null): SteeringConfiguration {
  if (resolutionMs === null || resolutionMs < COARSE_MS) return configuration;
  const { recoveryMs, staleMs } = configuration.thresholds;
  const thresholds: Thresholds = {
    ...configuration.thresholds,
    ...{ lossReports: 1, delayReports: 1 },
    recoveryMs: Math.max(recoveryMs, PATIENCE * resolutionMs),
    staleMs: Math.max(staleMs, PATIENCE * resolutionMs),
  };
  return { ...configuration, thresholds };
}

function boundsOf({ treatments }: SteeringConfiguration): ReadonlyMap<string, SlaBounds | null> {
  return new Map([DEFAULT_TREATMENT, ...treatments].map(({ id, sla }) => [id, sla]));
}

function sampling(events: readonly SteeringEvent[], { tunnels }: SteeringConfiguration, fromMs: number, toMs: number) {
  const lastMs = new Map<string, number>();
  const gaps: number[] = [];
  const gapsOf = new Map<string, number[]>(tunnels.map(({ id }) => [id, []]));
  const hear = (id: string, atMs: number) => {
    const last = lastMs.get(id);
    if (last !== undefined && atMs > last) {
      gaps.push(atMs - last);
      gapsOf.get(id)?.push(atMs - last);
    }
    lastMs.set(id, atMs);
  };
  for (const event of events) {
    if (event.type === 'measured') for (const { id } of event.tunnels) hear(id, event.atMs);
    else if (event.type === 'tunnelState') hear(event.tunnelId, event.atMs);
  }
  if (gaps.length === 0 || toMs <= fromMs) return { coverage: 0, resolutionMs: null };
  const resolutionMs = gaps.sort((a, b) => a - b)[Math.floor(gaps.length / 2)]!;
  // A tunnel is known while a report is not much older than its successor should be.
  const known = [...gapsOf.values()].flat().reduce((total, gap) => total + Math.min(gap, PATIENCE * resolutionMs), 0);
  return { coverage: Math.min(1, known / ((toMs - fromMs) * Math.max(1, tunnels.length))), resolutionMs };
}

function wordsFor({ fromMs, toMs, was, wouldBe, coverage, resolutionMs, confidence }: Omit<WhatIf, 'words'>): string {
  const hours = (toMs - fromMs) / 3_600_000;
  const period =
    hours >= 48
      ? `${(hours / 24).toFixed(1)} days`
      : hours >= 1
        ? `${hours.toFixed(1)} h`
        : `${(hours * 60).toFixed(1)} min`;
  if (resolutionMs === null) return 'There is no telemetry of that time: nothing can be said.';
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const grade = confidence >= 0.75 ? 'high' : confidence >= 0.4 ? 'fair' : 'low';
  return (
    `In ${period}: ${wouldBe.switches} ${wouldBe.switches === 1 ? 'switch' : 'switches'} instead of ${was.switches}, ` +
    `${seconds(wouldBe.outOfSlaMs)} out of bounds instead of ${seconds(was.outOfSlaMs)}. ` +
    `Telemetry covers ${Math.floor(coverage * 100)} % of it, a report each ${seconds(resolutionMs)}: what was shorter is not seen, ` +
    `and what a path without traffic would have done to more of it is not known. Confidence ${grade} (${confidence.toFixed(2)}).`
  );
}
