/**
 * Steering at work: hears what the forwarder tells, keeps the state, hands out path groups and decisions, ticks when it is
 * due, and records all of it. What is decided is decided in @patronus/steering.
 */
import type { GroupsCommand, LinkState, PathGroup, TunnelReport } from '@patronus/forwarder';
import type { Configuration, DecisionTelemetry } from '@patronus/protocol';
import {
  deadline,
  type GroupState,
  initialState,
  type QualityReport,
  type SilenceWitness,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
  steer,
} from '@patronus/steering';
import { systemClock } from '@patronus/system/linux';
import { messageOf } from '../errors.ts';
import { emptyConfiguration } from '../kernel/bootstrap.ts';
import { steeringConfiguration } from './configuration.ts';
import { tellDecision } from './decisions.ts';
import type { Ledger } from './ledger.ts';
import { qualityOf } from './quality.ts';
import { Recorder } from './recorder.ts';

export interface SteeringOwner {
  publish(command: GroupsCommand): void;
  onDecisions(decisions: readonly DecisionTelemetry[]): void;
  onNotice(code: string, message: string): void;
}

/** A timer of Node holds no more; a tick too early changes nothing. */
const LONGEST_TIMER_MS = 60 * 60_000;

const nothing: SteeringConfiguration = steeringConfiguration(emptyConfiguration, '');

export class Steering {
  readonly #owner: SteeringOwner;
  readonly #ledger: Ledger;
  readonly #recorder = new Recorder();
  #state: SteeringState;
  #configuration = nothing;
  #timer: NodeJS.Timeout | undefined;
  #timerAtMs: number | null = null;
  /** The forwarder reports quality by itself; else it is read out of its telemetry. */
  #isToldQuality = false;
  #isDiskTold = false;

  constructor(owner: SteeringOwner, ledger: Ledger) {
    this.#owner = owner;
    this.#ledger = ledger;
    this.#state = { ...initialState, decisionNumber: ledger.lastNumber };
  }

  get state(): SteeringState {
    return this.#state;
  }
  get configuration(): SteeringConfiguration {
    return this.#configuration;
  }
  get ledger(): Ledger {
    return this.#ledger;
  }

  /** Lines of a recording: the latest so many ms and a little more, or all that is remembered. */
  record(latestMs = Number.POSITIVE_INFINITY): string[] {
    return this.#recorder.lines(systemClock.monotonicMs() - latestMs);
  }

  /** The groups are published whether they changed or not: the forwarder may be a new one. */
  configure(configuration: Configuration | undefined, digest: string): void {
    this.#configuration = steeringConfiguration(configuration ?? emptyConfiguration, digest);
    this.#hear({ type: 'configured', atMs: systemClock.monotonicMs() }, true);
  }

  tunnelState(tunnelId: string, state: LinkState, reason: string, atMs: number): void {
    this.#hear({ type: 'tunnelState', atMs, tunnelId, state, reason });
  }

  /** A tunnel that BFD has for up fell silent while it was talking, or is heard again. */
  suspected(tunnelId: string, isSuspected: boolean, by: SilenceWitness, atMs: number): void {
    this.#hear({ type: 'suspected', atMs, tunnelId, isSuspected, by });
  }

  quality(tunnels: readonly QualityReport[], atMs: number): void {
    this.#isToldQuality = true;
    this.#hear({ type: 'measured', atMs, tunnels });
  }

  telemetry(tunnels: readonly TunnelReport[], atMs: number): void {
    if (!this.#isToldQuality) this.#hear({ type: 'measured', atMs, tunnels: tunnels.map(qualityOf) });
  }

  reach(edgeId: string, isReachable: boolean, atMs: number): void {
    this.#hear({ type: 'reach', atMs, edgeId, isReachable });
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #hear(event: SteeringEvent, isPublished = false): void {
    const before = this.#state;
    const { state, decisions } = steer(before, event, this.#configuration);
    this.#state = state;
    this.#recorder.note(before, this.#configuration, event, decisions);
    if (isPublished || state.generation !== before.generation) this.#publish();
    if (decisions.length > 0) {
      const now = { wallMs: systemClock.wallMs(), monotonicMs: systemClock.monotonicMs() };
      const told = decisions.map((decision) => tellDecision(decision, now));
      this.#keep(told);
      this.#owner.onDecisions(told);
    }
    this.#schedule();
  }

  #publish(): void {
    const { generation, groups } = this.#state;
    this.#owner.publish({
      type: 'groups',
      generation,
      groups: groups.map(groupFor),
    });
  }

  /** A full disk is told once, and stops nothing. */
  #keep(decisions: readonly DecisionTelemetry[]): void {
    try {
      this.#ledger.add(decisions);
      this.#isDiskTold = false;
    } catch (error) {
      if (!this.#isDiskTold) this.#owner.onNotice('STATE_NOT_WRITABLE', messageOf(error));
      this.#isDiskTold = true;
    }
  }

  #schedule(): void {
    const dueMs = deadline(this.#state);
    if (dueMs === this.#timerAtMs) return;
    clearTimeout(this.#timer);
    this.#timerAtMs = dueMs;
    if (dueMs === null) return;
    const inMs = Math.min(LONGEST_TIMER_MS, Math.max(0, Math.ceil(dueMs - systemClock.monotonicMs())));
    this.#timer = setTimeout(() => {
      this.#timerAtMs = null;
      this.#hear({ type: 'tick', atMs: systemClock.monotonicMs() });
    }, inMs);
  }
}

/** Whoever stands by in a balance is not told of: the packet path spreads over all it is given. */
function groupFor({ edgeId, treatment, tunnelIds, mode, weights, chosen }: GroupState): PathGroup {
  if (mode !== 'balance') return { edgeId, treatment, tunnelIds, mode };
  if (chosen.length === 0) return { edgeId, treatment, tunnelIds };
  return { edgeId, treatment, mode, tunnelIds: chosen, weights: chosen.map((id) => weights[tunnelIds.indexOf(id)]!) };
}
