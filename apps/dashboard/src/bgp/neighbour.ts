/** A router that BGP is spoken with as a form holds it, and what of it is sent. Nothing here knows the form. */
import { readRange } from './ranges.ts';

export interface BgpPolicy {
  readonly everything: boolean;
  readonly prefixes: readonly string[];
  readonly communities: readonly string[];
  readonly localPreference: number | null;
}

export interface EditableNeighbour {
  readonly id: string;
  readonly edge: { readonly id: string };
  readonly name: string;
  readonly address: string;
  readonly remoteAs: number;
  readonly interface: string | null;
  readonly hasKey: boolean;
  readonly passive: boolean;
  readonly holdSeconds: number;
  readonly keepaliveSeconds: number | null;
  readonly maxPrefixes: number;
  readonly restartAfterSeconds: number;
  readonly gtsm: boolean;
  readonly bfd: boolean;
  readonly import: BgpPolicy | null;
  readonly export: BgpPolicy | null;
}

export type Passes = 'everything' | 'prefixes' | 'nothing';

export interface PolicyDraft {
  passes: Passes;
  prefixes: string[];
  communities: string[];
  /** Empty: as it comes. */
  localPreference: number | string;
}

export interface NeighbourDraft {
  edgeId: string;
  name: string;
  address: string;
  remoteAs: number | string;
  /** Empty: it is several hops away. */
  interface: string;
  import: PolicyDraft;
  export: PolicyDraft;
  maxPrefixes: number | string;
  restartAfterSeconds: number | string;
  holdSeconds: number | string;
  /** Empty: a third of the hold time. */
  keepaliveSeconds: number | string;
  /** Empty: the one that is there stays. */
  key: string;
  removesKey: boolean;
  passive: boolean;
  gtsm: boolean;
  bfd: boolean;
}

const usual = { holdSeconds: 90, maxPrefixes: 10_000, restartAfterSeconds: 300 };
const everything: BgpPolicy = { everything: true, prefixes: [], communities: [], localPreference: null };

/** What the form begins with: `neighbour`, or a new one that everything passes to and from. */
export function draftOf(neighbour: EditableNeighbour | undefined): NeighbourDraft {
  return {
    edgeId: neighbour?.edge.id ?? '',
    name: neighbour?.name ?? '',
    address: neighbour?.address ?? '',
    remoteAs: neighbour?.remoteAs ?? '',
    interface: neighbour?.interface ?? '',
    import: policyDraftOf(neighbour ? neighbour.import : everything),
    export: policyDraftOf(neighbour ? neighbour.export : everything),
    maxPrefixes: neighbour?.maxPrefixes ?? usual.maxPrefixes,
    restartAfterSeconds: neighbour?.restartAfterSeconds ?? usual.restartAfterSeconds,
    holdSeconds: neighbour?.holdSeconds ?? usual.holdSeconds,
    keepaliveSeconds: neighbour?.keepaliveSeconds ?? '',
    key: '',
    removesKey: false,
    passive: neighbour?.passive ?? false,
    gtsm: neighbour?.gtsm ?? false,
    bfd: neighbour?.bfd ?? false,
  };
}

function policyDraftOf(policy: BgpPolicy | null): PolicyDraft {
  return {
    passes: policy === null ? 'nothing' : policy.everything ? 'everything' : 'prefixes',
    prefixes: [...(policy?.prefixes ?? [])],
    communities: [...(policy?.communities ?? [])],
    localPreference: policy?.localPreference ?? '',
  };
}

/** The input of `addBgpNeighbour`. */
export function addInput(draft: NeighbourDraft) {
  return { edgeId: draft.edgeId, key: draft.key || null, ...told(draft) };
}

export type NeighbourChange = Partial<ReturnType<typeof told>> & { readonly key?: string | null };

/** Of `updateBgpNeighbour`: only what is another now, so that what somebody else changed meanwhile stays. */
export function changeOf(draft: NeighbourDraft, before: EditableNeighbour): NeighbourChange {
  const [now, then] = [told(draft), told(draftOf(before))];
  const names = (Object.keys(now) as (keyof typeof now)[]).filter(
    (name) => JSON.stringify(now[name]) !== JSON.stringify(then[name]),
  );
  return {
    ...Object.fromEntries(names.map((name) => [name, now[name]])),
    ...(draft.removesKey ? { key: null } : draft.key && { key: draft.key }),
  };
}

function told(draft: NeighbourDraft) {
  return {
    name: draft.name.trim(),
    address: draft.address.trim(),
    remoteAs: Number(draft.remoteAs),
    interface: draft.interface.trim() || null,
    import: policyInput(draft.import),
    export: policyInput(draft.export),
    maxPrefixes: Number(draft.maxPrefixes),
    restartAfterSeconds: Number(draft.restartAfterSeconds),
    holdSeconds: Number(draft.holdSeconds),
    keepaliveSeconds: numberOrNull(draft.keepaliveSeconds),
    passive: draft.passive,
    gtsm: draft.gtsm,
    bfd: draft.bfd,
  };
}

/** null: nothing passes. */
function policyInput({ passes, prefixes, communities, localPreference }: PolicyDraft) {
  if (passes === 'nothing') return null;
  return {
    everything: passes === 'everything',
    prefixes: passes === 'everything' ? null : prefixes.map(readRange),
    communities,
    localPreference: numberOrNull(localPreference),
  };
}

function numberOrNull(value: number | string): number | null {
  return value === '' ? null : Number(value);
}

/** What of a neighbour its connection or its OPEN says; a session is judged again for the rest while it goes on. */
const partOfSession = {
  address: 'another address',
  remoteAs: 'another AS number',
  interface: 'another interface',
  holdSeconds: 'another hold time',
  key: 'another key',
  gtsm: 'TTL security on or off',
} as const satisfies Partial<Record<keyof NeighbourChange, string>>;

/** In words, why a session that is established ends and begins anew with this change; none: it goes on. */
export function resetReasons(change: NeighbourChange): string[] {
  return Object.entries(partOfSession).flatMap(([field, words]) => (field in change ? [words] : []));
}
