/** Which tunnel leads a group: the rules, from what must be to what may be. */
import { byWorth, type Contender, isUnsteady } from './candidates.ts';
import type { Rule } from './model.ts';
import type { Thresholds } from './thresholds.ts';

export interface Situation {
  readonly contenders: readonly Contender[];
  /** The present order; empty: the group is new. */
  readonly previous: readonly string[];
  /** What leads now; null: nothing was up. */
  readonly lead: string | null;
  readonly atMs: number;
  /** The configuration is new: what it prefers is followed without waiting. */
  readonly isConfigured: boolean;
  readonly improvedMs: number | null;
  readonly thresholds: Thresholds;
}

export interface Choice {
  /** Null: nothing is up. */
  readonly lead: Contender | null;
  /** Null: it stays. */
  readonly rule: Rule | null;
  /** When time alone may change it. */
  readonly dueMs: number | null;
}

/**
 * Never a path that is down while another is up; of those, never one that fell silent while another is heard, and never a
 * drained one while another is not.
 */
export function choose(situation: Situation): Choice {
  const { contenders, previous, lead: leadId, atMs } = situation;
  const up = contenders.filter(({ isUp }) => isUp);
  const heard = orAll(up, ({ isSilent }) => !isSilent);
  const pool = [...orAll(heard, ({ isDrained }) => !isDrained)].sort(byWorth(previous, atMs));
  const [first] = pool;
  if (first === undefined) return { lead: null, rule: leadId === null ? null : 'none-up', dueMs: null };
  if (leadId === null) return { lead: first, rule: 'first-up', dueMs: null };
  const lead = contenders.find(({ tunnel }) => tunnel.id === leadId);
  if (lead === undefined) return { lead: first, rule: 'configured', dueMs: null };
  // No limit delays this.
  if (!lead.isUp) return { lead: first, rule: 'down', dueMs: null };
  if (!heard.includes(lead)) return { lead: first, rule: 'silent', dueMs: null };
  if (!pool.includes(lead)) return { lead: first, rule: 'drained', dueMs: null };
  const others = pool.filter((one) => one !== lead);
  return lead.violation === null ? improve(lead, others, situation) : flee(lead, others, situation);
}

/** Those for which it holds; all of them where it holds for none. */
function orAll(contenders: readonly Contender[], holds: (one: Contender) => boolean): readonly Contender[] {
  const some = contenders.filter(holds);
  return some.length > 0 ? some : contenders;
}

/** The lead breaks its bounds: away at once to one that keeps them, else to one that misses them by clearly less. */
function flee(lead: Contender, others: readonly Contender[], situation: Situation): Choice {
  const { atMs, thresholds } = situation;
  const sound = others.filter(({ violation }) => violation === null);
  const open = sound.find(({ returnableAtMs }) => returnableAtMs <= atMs);
  if (open !== undefined) return { lead: open, rule: 'sla-violated', dueMs: null };
  const due = [
    lead.acquittedAtMs,
    ...others.map(({ acquittedAtMs }) => acquittedAtMs),
    ...sound.map(({ returnableAtMs }) => returnableAtMs),
  ];
  const [least] = others.filter(({ violation }) => violation !== null);
  if (least !== undefined && least.missRatio <= lead.missRatio * (1 - thresholds.leastRelief)) {
    const openAtMs = Math.max(settledAtMs(situation), least.returnableAtMs);
    if (openAtMs <= atMs) return { lead: least, rule: 'misses-least', dueMs: null };
    due.push(openAtMs);
  }
  return { lead, rule: null, dueMs: earliest(due, atMs) };
}

/** The lead is sound: left only for one that is preferred, or that measures better by enough. */
function improve(lead: Contender, others: readonly Contender[], situation: Situation): Choice {
  const { atMs, thresholds, isConfigured } = situation;
  const due: number[] = [];
  const wanted: Contender[] = [];
  for (const other of others) {
    const isPreferred = other.preference < lead.preference;
    const isBetter = other.preference === lead.preference && gainsEnough(lead, other, thresholds);
    if (!isPreferred && !isBetter) continue;
    const openAtMs = Math.max(
      other.acquittedAtMs,
      other.trustedAtMs,
      other.returnableAtMs,
      isConfigured ? 0 : other.suspectUntilMs,
      isPreferred || isConfigured ? 0 : settledAtMs(situation),
    );
    if (openAtMs <= atMs) wanted.push(other);
    else due.push(openAtMs);
  }
  const [best] = wanted;
  if (best === undefined) return { lead, rule: null, dueMs: earliest(due, atMs) };
  return { lead: best, rule: isConfigured ? 'configured' : ruleFor(lead, best), dueMs: null };
}

function ruleFor(lead: Contender, best: Contender): Rule {
  if (best.preference === lead.preference) return 'better';
  if (best.level > 0) return 'failback';
  return best.tunnel.label !== lead.tunnel.label && best.tunnel.cost >= lead.tunnel.cost
    ? 'preferred-label'
    : 'lower-cost';
}

/** Moves that only a measurement asks for are not made more often than this. */
function settledAtMs({ improvedMs, thresholds }: Situation): number {
  return improvedMs === null ? 0 : improvedMs + thresholds.dwellMs;
}

export function gainsEnough(
  present: Contender,
  other: Contender,
  { leastGainMs, leastGainRatio }: Thresholds,
): boolean {
  if (present.scoreMs === null || other.scoreMs === null) return false;
  const gainMs = present.scoreMs - other.scoreMs;
  return gainMs >= leastGainMs && gainMs >= present.scoreMs * leastGainRatio;
}

/** The first moment after now; null: none. */
export function earliest(times: readonly (number | null)[], atMs: number): number | null {
  const later = times.filter((time) => time !== null && time > atMs) as number[];
  return later.length === 0 ? null : Math.min(...later);
}

/** Whether it may be given traffic beside the lead. */
export function isSound(contender: Contender, atMs: number): boolean {
  return (
    contender.isUp &&
    !contender.isSilent &&
    !contender.isDrained &&
    contender.violation === null &&
    !isUnsteady(contender, atMs)
  );
}
