/** A policy as a form holds it, and what of it is sent. Nothing here knows the form. */
import type { Bounds, PathWish } from './words.ts';

interface Identified {
  readonly id: string;
  readonly name: string;
}

export type PolicyAction = 'ALLOW' | 'DENY' | 'BREAKOUT';
export type Priority = 'REALTIME' | 'HIGH' | 'NORMAL' | 'BULK';

export interface EditablePolicy {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
  readonly match: {
    readonly protocol: string | null;
    readonly ports: readonly string[];
    readonly sources: readonly string[];
    readonly destinations: readonly string[];
    readonly dscp: readonly number[];
    readonly segment: number | null;
    readonly sourceSites: readonly Identified[];
    readonly destinationSites: readonly Identified[];
    readonly applications: readonly Identified[];
  };
  readonly action: PolicyAction;
  readonly breakoutLabels: readonly string[];
  readonly slaClass: (Identified & Bounds) | null;
  readonly path: PathWish;
  readonly priority: Priority;
  readonly limitPercent: number | null;
  readonly mark: number | null;
  readonly compression: {
    readonly level: number;
    readonly acknowledgedBy: string;
    readonly acknowledgedAt: string;
  } | null;
}

export interface PolicyDraft {
  name: string;
  match: {
    protocol: string;
    ports: string[];
    sources: string[];
    destinations: string[];
    dscp: string[];
    sourceSites: string[];
    destinationSites: string[];
    applications: string[];
  };
  action: PolicyAction;
  breakoutLabels: string[];
  slaClassId: string;
  path: { mode: PathWish['mode']; labels: string[]; weights: { label: string; weight: number }[] };
  priority: Priority;
  /** Empty: no limit. */
  limitPercent: number | '';
  /** Empty: theirs stays. */
  mark: string;
  compression: { isOn: boolean; level: number; acknowledgeLengthLeak: boolean };
}

const usualLevel = 9;

/** What the form begins with: `policy`, or a new one that asks for nothing. */
export function draftOf(policy: EditablePolicy | undefined): PolicyDraft {
  const match = policy?.match;
  const ids = (list: readonly Identified[] | undefined) => (list ?? []).map(({ id }) => id);
  return {
    name: policy?.name ?? '',
    match: {
      protocol: match?.protocol ?? '',
      ports: [...(match?.ports ?? [])],
      sources: [...(match?.sources ?? [])],
      destinations: [...(match?.destinations ?? [])],
      dscp: (match?.dscp ?? []).map(String),
      sourceSites: ids(match?.sourceSites),
      destinationSites: ids(match?.destinationSites),
      applications: ids(match?.applications),
    },
    action: policy?.action ?? 'ALLOW',
    breakoutLabels: [...(policy?.breakoutLabels ?? [])],
    slaClassId: policy?.slaClass?.id ?? '',
    path: {
      mode: policy?.path.mode ?? 'CHEAPEST',
      labels: [...(policy?.path.labels ?? [])],
      weights: (policy?.path.weights ?? []).map(({ label, weight }) => ({ label, weight })),
    },
    priority: policy?.priority ?? 'NORMAL',
    limitPercent: policy?.limitPercent ?? '',
    mark: policy?.mark == null ? '' : String(policy.mark),
    compression: {
      isOn: policy?.compression != null,
      level: policy?.compression?.level ?? usualLevel,
      acknowledgeLengthLeak: false,
    },
  };
}

/** Whether the author has to say again that they know what compressed lengths give away: it is new, or its level is. */
export function needsAcknowledgement({ compression }: PolicyDraft, before: EditablePolicy | undefined): boolean {
  return compression.isOn && compression.level !== before?.compression?.level;
}

/** The input of `addPolicy` and `updatePolicy`. Labels of a mode that is not chosen stay behind. */
export function inputOf(draft: PolicyDraft, before: EditablePolicy | undefined) {
  const { name, match, action, path, compression } = draft;
  const { protocol, dscp, ...lists } = match;
  // What the form does not show is kept.
  const segment = before?.match.segment;
  return {
    name: name.trim(),
    match: {
      ...lists,
      protocol: protocol || null,
      dscp: dscp.map(Number),
      ...(segment != null && { segment }),
    },
    action,
    breakoutLabels: action === 'BREAKOUT' ? draft.breakoutLabels : [],
    slaClassId: draft.slaClassId || null,
    path: {
      mode: path.mode,
      ...(path.mode === 'ORDERED' && { labels: path.labels }),
      ...(path.mode === 'BALANCE' && { weights: path.weights }),
    },
    priority: draft.priority,
    limitPercent: draft.limitPercent === '' ? null : draft.limitPercent,
    mark: draft.mark === '' ? null : Number(draft.mark),
    ...(needsAcknowledgement(draft, before) && {
      compression: { level: compression.level, acknowledgeLengthLeak: compression.acknowledgeLengthLeak },
    }),
    ...(!compression.isOn && before?.compression != null && { compression: null }),
  };
}

/** What deserves a second look before it is saved; the controller's own warnings come afterwards. */
export function doubtsOf(draft: PolicyDraft, knownLabels: ReadonlySet<string>): string[] {
  const { protocol, ...lists } = draft.match;
  const isEverything = protocol === '' && Object.values(lists).every((list) => list.length === 0);
  const named = [
    ...(draft.action === 'BREAKOUT' ? draft.breakoutLabels : []),
    ...(draft.path.mode === 'ORDERED' ? draft.path.labels : []),
    ...(draft.path.mode === 'BALANCE' ? draft.path.weights.map(({ label }) => label) : []),
  ];
  const strangers = [...new Set(named)].filter((label) => knownLabels.size > 0 && !knownLabels.has(label));
  return [
    ...(isEverything && draft.action === 'DENY'
      ? ['This denies every packet that no policy in front of it matches, between all sites.']
      : []),
    ...(isEverything && draft.action === 'ALLOW'
      ? ['Nothing is named, so this holds for every packet: policies behind it are never asked.']
      : []),
    ...strangers.map((label) => `No site has an uplink labelled ${label}: naming it has no effect.`),
  ];
}
