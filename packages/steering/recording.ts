/**
 * A recording of what steering heard and decided: JSON lines. The first holds the state and the configuration it began
 * with; then events in order, each followed by the decisions it led to, and configurations where they changed.
 */
import { differenceOf } from './difference.ts';
import {
  type Decision,
  initialState,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
} from './model.ts';
import { steer } from './steer.ts';

export const RECORDING_FORMAT = 1;

export type RecordedLine =
  | {
      readonly type: 'recording';
      readonly format: number;
      /** In words, of a scenario. */
      readonly what?: string;
      readonly state: SteeringState;
      readonly configuration: SteeringConfiguration;
    }
  /** In force from here on; its `configured` event follows. */
  | { readonly type: 'configuration'; readonly configuration: SteeringConfiguration }
  | { readonly type: 'event'; readonly event: SteeringEvent }
  | { readonly type: 'decision'; readonly decision: Decision };

export interface Replay {
  readonly what: string | null;
  readonly events: number;
  /** First and last event, monotonic ms of the edge. */
  readonly fromMs: number;
  readonly toMs: number;
  /** As they came out again. */
  readonly decisions: readonly Decision[];
  /** Decisions that the recording holds. */
  readonly recorded: number;
  /** Where the two first differ, in words; null: identical. */
  readonly difference: string | null;
  readonly state: SteeringState;
}

export type Read<Value> = { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly error: string };

export function recordedStart(state: SteeringState, configuration: SteeringConfiguration, what?: string): RecordedLine {
  return { type: 'recording', format: RECORDING_FORMAT, ...(what === undefined ? {} : { what }), state, configuration };
}

/**
 * Does again what the recording tells. The decisions are identical bit for bit unless steering itself has changed since;
 * the first that differs is named. Lines that are empty are passed over; one that is damaged is an error with its number.
 */
export function replay(lines: Iterable<string>): Read<Replay> {
  let start: Extract<RecordedLine, { type: 'recording' }> | undefined;
  let state: SteeringState = initialState;
  let configuration: SteeringConfiguration | undefined;
  const [decisions, recorded]: [Decision[], Decision[]] = [[], []];
  let [events, fromMs, number] = [0, 0, 0];
  for (const text of lines) {
    number += 1;
    if (text.trim() === '') continue;
    const line = read(text);
    if (line === undefined)
      return damaged(number, 'it is no line of a recording; record again with `patronus edge record`');
    if (start === undefined) {
      if (line.type !== 'recording') return damaged(number, 'a recording begins with its state and configuration');
      if (line.format !== RECORDING_FORMAT)
        return damaged(number, `format ${line.format} is not known, only ${RECORDING_FORMAT}`);
      start = line;
      ({ state, configuration } = line);
      fromMs = state.atMs;
    } else if (line.type === 'configuration') configuration = line.configuration;
    else if (line.type === 'decision') recorded.push(line.decision);
    else if (line.type === 'event') {
      try {
        const step = steer(state, line.event, configuration!);
        state = step.state;
        decisions.push(...step.decisions);
      } catch (error) {
        return damaged(number, `it cannot be replayed (${error instanceof Error ? error.message : error})`);
      }
      if (events === 0) fromMs = line.event.atMs;
      events += 1;
    } else return damaged(number, 'a second recording begins; replay each by itself');
  }
  if (start === undefined) return { ok: false, error: 'the recording is empty' };
  const difference = firstDifference(recorded, decisions);
  const span = { fromMs, toMs: state.atMs };
  return {
    ok: true,
    value: { what: start.what ?? null, events, ...span, decisions, recorded: recorded.length, difference, state },
  };
}

function firstDifference(recorded: readonly Decision[], replayed: readonly Decision[]): string | null {
  // A recording without decisions has nothing to be compared with.
  if (recorded.length === 0) return null;
  for (let index = 0; index < Math.max(recorded.length, replayed.length); index++) {
    const [old, now] = [recorded[index], replayed[index]];
    if (old === undefined) return `decision ${now!.number} came out, which was not recorded: ${now!.reason}`;
    if (now === undefined) return `decision ${old.number} was recorded and did not come out: ${old.reason}`;
    const difference = differenceOf(old, now);
    if (difference !== undefined) return `decision ${old.number}: ${difference}`;
  }
  return null;
}

const types: ReadonlySet<string> = new Set(['configured', 'tunnelState', 'measured', 'suspected', 'reach', 'tick']);

function read(text: string): RecordedLine | undefined {
  try {
    const line = JSON.parse(text) as RecordedLine;
    switch (line.type) {
      case 'recording':
        return isObject(line.state) && isConfiguration(line.configuration) ? line : undefined;
      case 'configuration':
        return isConfiguration(line.configuration) ? line : undefined;
      case 'event':
        return isObject(line.event) && types.has(line.event.type) && Number.isFinite(line.event.atMs)
          ? line
          : undefined;
      case 'decision':
        return isObject(line.decision) ? line : undefined;
      default:
        return undefined;
    }
  } catch {
    return undefined;
  }
}

function isConfiguration(value: SteeringConfiguration): boolean {
  return (
    isObject(value) && Array.isArray(value.tunnels) && Array.isArray(value.treatments) && isObject(value.thresholds)
  );
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function damaged(line: number, why: string): { ok: false; error: string } {
  return { ok: false, error: `line ${line}: ${why}` };
}
