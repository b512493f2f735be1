/**
 * A configuration on trial (hardening, fault 13). Applied as a whole, it stays only if a fresh connection to the
 * controller is made with it and the tunnels it kept are up again; else the edge returns to its last good one.
 *
 * Pure: events with the time in, effects out. `now` is monotonic milliseconds.
 */
import { type Configuration, type ConfigurationVersion, compareVersions, formatVersion } from '@patronus/protocol';
import { type Accepted, isNewEnough, type Refusal, type RefusalCode, type Verified } from './verify.ts';

export const trialMs = 30_000;

export interface Rejected extends Accepted {
  readonly code: RefusalCode;
  readonly reason: string;
  readonly attempts: number;
  /** Monotonic ms of the last attempt; 0 when that was before the edge's start. */
  readonly attemptedAt: number;
}

/**
 * A controller that happened to restart during a trial must not spoil its newest version for good: one that the edge
 * was only unable to confirm is tried again when it is offered again, but not soon and not often.
 */
const mostAttempts = 3;
const retryAfterMs = 60_000;

interface Trial {
  readonly candidate: Verified;
  readonly deadline: number;
  readonly isConnected: boolean;
  /** Tunnels that were up before and are in both: each must be up. */
  readonly awaited: readonly string[];
  /** Those of them that are not up now. */
  readonly missing: readonly string[];
}

export interface TrialState {
  readonly trialMs: number;
  /** The last good one: on disk, and what the edge returns to. */
  readonly good: Verified | undefined;
  readonly trial: Trial | undefined;
  /** What was given up, so that it is not tried in a loop; bounded. */
  readonly rejected: readonly Rejected[];
}

export type TrialEvent =
  | { readonly type: 'offered'; readonly verified: Verified; readonly tunnelsUp: ReadonlySet<string> }
  /** A connection that began after the candidate was applied got the controller's welcome. */
  | { readonly type: 'connected'; readonly tunnelsUp: ReadonlySet<string> }
  | { readonly type: 'disconnected' }
  | { readonly type: 'tunnels'; readonly tunnelsUp: ReadonlySet<string> }
  /** Applying failed by itself. */
  | { readonly type: 'failed'; readonly reason: string }
  | { readonly type: 'tick' };

/** In the order given. `apply` of undefined: nothing runs any more. */
export type TrialEffect =
  | { readonly type: 'apply'; readonly verified: Verified | undefined }
  | { readonly type: 'reconnect' }
  /** To disk, before it is confirmed. */
  | { readonly type: 'keep'; readonly verified: Verified }
  | { readonly type: 'remember'; readonly rejected: readonly Rejected[] }
  | { readonly type: 'say'; readonly message: TrialMessage };

export type TrialMessage =
  | { readonly type: 'applied' | 'confirmed'; readonly version: ConfigurationVersion }
  | {
      readonly type: 'returned';
      readonly version: ConfigurationVersion | null;
      readonly running: ConfigurationVersion | null;
      readonly code: string;
      readonly reason: string;
    };

export type TrialStep = { readonly state: TrialState; readonly effects: readonly TrialEffect[] };

const mostRejected = 50;

/** What runs now: the candidate while on trial. */
export function running(state: TrialState): Verified | undefined {
  return state.trial?.candidate ?? state.good;
}

export function handleTrial(state: TrialState, event: TrialEvent, now: number): TrialStep {
  if (event.type === 'offered') return offer(state, event.verified, event.tunnelsUp, now);
  const { trial } = state;
  if (trial === undefined) return { state, effects: [] };
  if (event.type === 'failed') return giveUp(state, trial, now, 'NOT_APPLICABLE', event.reason);
  const isUp = 'tunnelsUp' in event ? event.tunnelsUp : undefined;
  const missing = isUp === undefined ? trial.missing : trial.awaited.filter((id) => !isUp.has(id));
  const isConnected = { connected: true, disconnected: false, tunnels: trial.isConnected, tick: trial.isConnected }[
    event.type
  ];
  const next = { ...trial, missing, isConnected };
  if (isConnected && missing.length === 0) return settle(state, next);
  if (now >= trial.deadline) return giveUp(state, next, now, 'TRIAL_FAILED', lacking(next));
  return { state: { ...state, trial: next }, effects: [] };
}

function offer(state: TrialState, verified: Verified, tunnelsUp: ReadonlySet<string>, now: number): TrialStep {
  const offered: Accepted = { version: verified.configuration.version, digest: verified.digest };
  const earlier = state.rejected.find(({ digest }) => digest === offered.digest);
  if (earlier !== undefined && !mayBeRetried(earlier, now)) return answer(state, earlier);
  const verdict = isNewEnough(offered, newestAccepted(state, offered.digest));
  if (!verdict.ok) return answer(state, verdict.error);
  if (verdict.value === 'same') {
    // Sent again because our word was lost; while on trial the word is still to come.
    const isGood = state.trial === undefined;
    return { state, effects: isGood ? [say({ type: 'confirmed', version: offered.version })] : [] };
  }
  const trial: Trial = {
    candidate: verified,
    deadline: now + state.trialMs,
    isConnected: false,
    awaited: keptTunnels(running(state)?.configuration, verified.configuration, tunnelsUp),
    missing: [],
  };
  return {
    state: { ...state, trial },
    effects: [{ type: 'apply', verified }, say({ type: 'applied', version: offered.version }), { type: 'reconnect' }],
  };
}

/** Confirmed only after it is safely on disk. */
function settle(state: TrialState, { candidate }: Trial): TrialStep {
  return {
    state: { ...state, good: candidate, trial: undefined },
    effects: [
      { type: 'keep', verified: candidate },
      say({ type: 'confirmed', version: candidate.configuration.version }),
    ],
  };
}

function giveUp(
  state: TrialState,
  { candidate }: Trial,
  now: number,
  code: 'TRIAL_FAILED' | 'NOT_APPLICABLE',
  reason: string,
): TrialStep {
  const { version } = candidate.configuration;
  const { digest } = candidate;
  const attempts = (state.rejected.find((earlier) => earlier.digest === digest)?.attempts ?? 0) + 1;
  const others = state.rejected.filter((earlier) => earlier.digest !== digest);
  const rejected = [...others, { version, digest, code, reason, attempts, attemptedAt: now }].slice(-mostRejected);
  const next: TrialState = { ...state, trial: undefined, rejected };
  return {
    state: next,
    effects: [
      { type: 'remember', rejected },
      { type: 'apply', verified: state.good },
      { type: 'reconnect' },
      ...answer(next, { code, reason, version }).effects,
    ],
  };
}

function answer(state: TrialState, { code, reason, version }: Refusal): TrialStep {
  const runs = running(state)?.configuration.version ?? null;
  return { state, effects: [say({ type: 'returned', version, running: runs, code, reason })] };
}

function mayBeRetried({ code, attempts, attemptedAt }: Rejected, now: number): boolean {
  return code === 'TRIAL_FAILED' && attempts < mostAttempts && now - attemptedAt >= retryAfterMs;
}

/** The newest that was ever tried or runs, but for one that is about to be tried again. */
function newestAccepted(state: TrialState, except: string): Accepted | undefined {
  const now = running(state);
  const seen: Accepted[] = state.rejected.filter(({ digest }) => digest !== except);
  if (now !== undefined) seen.push({ version: now.configuration.version, digest: now.digest });
  return seen.reduce<Accepted | undefined>(
    (newest, next) => (newest === undefined || compareVersions(next.version, newest.version) > 0 ? next : newest),
    undefined,
  );
}

/**
 * Up before, and the same in both. A tunnel whose keys or uplink change may come up only when its other end has its
 * configuration as well, so it is not waited for.
 */
function keptTunnels(before: Configuration | undefined, after: Configuration, up: ReadonlySet<string>): string[] {
  const same = new Map(before?.tunnels.map((tunnel) => [tunnel.id, tunnel.remote.publicKey]));
  const uplinks = new Map(before?.uplinks.map((uplink) => [uplink.id, `${uplink.interface}:${uplink.port}`]));
  const isUplinkKept = new Set(
    after.uplinks
      .filter((uplink) => uplinks.get(uplink.id) === `${uplink.interface}:${uplink.port}`)
      .map(({ id }) => id),
  );
  return after.tunnels
    .filter(({ id, remote, uplinkId }) => up.has(id) && same.get(id) === remote.publicKey && isUplinkKept.has(uplinkId))
    .map(({ id }) => id);
}

function lacking({ candidate, isConnected, missing }: Trial): string {
  const version = formatVersion(candidate.configuration.version);
  if (!isConnected)
    return `with ${version} the controller could not be reached (${candidate.configuration.controllers.join(', ')})`;
  return `with ${version} tunnels did not come up again: ${missing.slice(0, 5).join(', ')}${missing.length > 5 ? ', …' : ''}`;
}

function say(message: TrialMessage): TrialEffect {
  return { type: 'say', message };
}
