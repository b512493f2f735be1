/** From a lead to a whole group: who is used beside it, in which order the others stand by, by which weights. */
import { byStanding, byWorth, type Contender, isUnsteady, sharedEnds } from './candidates.ts';
import { type Choice, choose, earliest, isSound, type Situation } from './choose.ts';
import type { GroupMode, GroupState, PathPreference, Rule } from './model.ts';

export interface Arrangement {
  readonly mode: GroupMode;
  readonly tunnelIds: readonly string[];
  readonly weights: readonly number[];
  readonly chosen: readonly string[];
  /** Null: nothing changed. */
  readonly rule: Rule | null;
  readonly dueMs: number | null;
}

export function modeOf({ mode }: PathPreference): GroupMode {
  return mode === 'balance' || mode === 'duplicate' || mode === 'fec' ? mode : 'single';
}

/** What the group is to be now; `before` is undefined where it is new. */
export function arrange(situation: Situation, path: PathPreference, before: GroupState | undefined): Arrangement {
  const choice = choose(situation);
  const members = choice.lead === null ? [] : membersOf(choice.lead, situation, path, before);
  const wanted = shape(choice, members, situation, path);
  const rule = ruleOf(choice, wanted, before, situation);
  const due = earliest([choice.dueMs, nextTrust(situation)], situation.atMs);
  if (rule !== 'standby-order' || before === undefined) return { ...wanted, rule, dueMs: due };
  // What stands by may be put in order now and then; nobody waits for it.
  const openAtMs = before.changedMs + situation.thresholds.dwellMs;
  if (openAtMs <= situation.atMs) return { ...wanted, rule, dueMs: due };
  const { mode, tunnelIds, weights, chosen } = before;
  return { mode, tunnelIds, weights, chosen, rule: null, dueMs: earliest([due, openAtMs], situation.atMs) };
}

function ruleOf(
  choice: Choice,
  wanted: Omit<Arrangement, 'rule' | 'dueMs'>,
  before: GroupState | undefined,
  { isConfigured }: Situation,
): Rule | null {
  if (before === undefined) return 'configured';
  if (choice.rule !== null) return choice.rule;
  if (
    before.mode === wanted.mode &&
    isSame(before.tunnelIds, wanted.tunnelIds) &&
    isSame(before.weights, wanted.weights)
  ) {
    return isSame(before.chosen, wanted.chosen) ? null : 'members';
  }
  if (isConfigured) return 'configured';
  return isSame(before.chosen, wanted.chosen) && isSame(before.weights.filter(Boolean), wanted.weights.filter(Boolean))
    ? 'standby-order'
    : 'members';
}

/** When one that is held back is trusted again, its place changes. */
function nextTrust({ contenders, atMs }: Situation): number | null {
  return earliest(
    contenders.flatMap(({ isUp, trustedAtMs, acquittedAtMs, suspectUntilMs }) =>
      isUp ? [trustedAtMs, acquittedAtMs, suspectUntilMs] : [],
    ),
    atMs,
  );
}

function shape(
  choice: Choice,
  members: readonly Contender[],
  situation: Situation,
  path: PathPreference,
): Omit<Arrangement, 'rule' | 'dueMs'> {
  const { contenders, previous, atMs } = situation;
  const others = contenders.filter((one) => !members.includes(one)).sort(byStanding(choice.lead, previous, atMs));
  const all = [...members, ...others];
  // While nothing is up the order of before is as good as any, and the first to come up is taken at once.
  const tunnelIds = members.length === 0 && holds(previous, all) ? previous : all.map(({ tunnel }) => tunnel.id);
  const mode = modeOf(path);
  const weights = path.mode === 'balance' ? weightsOf(tunnelIds, members, path) : [];
  return { mode, tunnelIds, weights, chosen: members.map(({ tunnel }) => tunnel.id) };
}

/** What carries traffic: the lead, and whoever the mode puts beside it. */
function membersOf(
  lead: Contender,
  situation: Situation,
  path: PathPreference,
  before: GroupState | undefined,
): readonly Contender[] {
  switch (path.mode) {
    case 'balance':
      return sharersOf(lead, situation, path, before);
    case 'duplicate':
    case 'fec': {
      const second = secondTo(lead, situation, before);
      return second === undefined ? [lead] : [lead, second];
    }
    default:
      return [lead];
  }
}

/** One tunnel for each label that has a weight, of those that are sound; the one in use stays. */
function sharersOf(
  lead: Contender,
  { contenders, previous, atMs }: Situation,
  path: Extract<PathPreference, { mode: 'balance' }>,
  before: GroupState | undefined,
): readonly Contender[] {
  const others = path.weights.flatMap(({ label }) => {
    if (label === lead.tunnel.label) return [];
    const sound = contenders
      .filter((one) => one.tunnel.label === label && isSound(one, atMs))
      .sort(byWorth(previous, atMs));
    return sound.find(({ tunnel }) => before?.chosen.includes(tunnel.id)) ?? sound[0] ?? [];
  });
  return [lead, ...others];
}

function weightsOf(
  tunnelIds: readonly string[],
  members: readonly Contender[],
  path: Extract<PathPreference, { mode: 'balance' }>,
): number[] {
  const byId = new Map(
    members.map(({ tunnel }) => [tunnel.id, path.weights.find(({ label }) => label === tunnel.label)?.weight ?? 1]),
  );
  return tunnelIds.map((id) => byId.get(id) ?? 0);
}

/** The other of two: as far from the lead as there is, so that one fault does not take both. The one in use stays. */
function secondTo(
  lead: Contender,
  { contenders, previous, atMs }: Situation,
  before: GroupState | undefined,
): Contender | undefined {
  const up = contenders.filter((one) => one !== lead && one.isUp);
  const isKept = ({ tunnel }: Contender) => Number(!(before?.chosen.includes(tunnel.id) ?? false));
  const isHeldBack = (one: Contender) => Number(isKept(one) === 1 && isUnsteady(one, atMs));
  const inOrder = byWorth(previous, atMs);
  return up.sort(
    (a, b) =>
      Number(a.isSilent) - Number(b.isSilent) ||
      Number(a.isDrained) - Number(b.isDrained) ||
      Number(a.violation !== null) - Number(b.violation !== null) ||
      isHeldBack(a) - isHeldBack(b) ||
      sharedEnds(a, lead) - sharedEnds(b, lead) ||
      isKept(a) - isKept(b) ||
      inOrder(a, b),
  )[0];
}

function holds(ids: readonly string[], all: readonly Contender[]): boolean {
  return ids.length === all.length && all.every(({ tunnel }) => ids.includes(tunnel.id));
}

function isSame<Value>(a: readonly Value[], b: readonly Value[]): boolean {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
