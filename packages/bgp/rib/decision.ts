/**
 * The decision process (RFC 4271 §9.1.2) as a table of steps in the order of the clauses. Each step leaves those of the
 * candidates that none of the others beats; the first step that leaves one alone has decided. MED is compared only among
 * routes from one neighbouring AS, so that steps work on all candidates at once: the outcome does not depend on the order
 * in which routes came (but for `existing`, which is about just that and off unless asked for).
 */
import { Trait } from '../codec/attributes/quickScan.ts';
import type { AttributeTable } from './attributeTable.ts';
import type { Source } from './exporting.ts';

export interface DecisionSettings {
  /** MED is compared whatever AS the routes come from. */
  readonly alwaysComparesMed?: boolean;
  /** A route without MED counts as one with the highest, not the lowest. */
  readonly missingMedIsWorst?: boolean;
  /** RFC 5004: an external route that is best already stays so against others that are equal up to there. */
  readonly keepsExistingBest?: boolean;
  /** RFC 4271 §9.1.2.2 a is left out. */
  readonly ignoresAsPathLength?: boolean;
}

/** What steps read. Candidates are numbers of routes. */
export interface DecisionView {
  readonly table: AttributeTable;
  readonly settings: DecisionSettings;
  /** The set of attributes that a route is chosen by. */
  attributesOf(route: number): number;
  sourceOf(route: number): Source;
  pathIdOf(route: number): number;
  /** The best route so far; 0: none. */
  existingBest: number;
}

/** Less than 0: the first is better; 0: this step does not tell them apart. */
type Comparison = (view: DecisionView, one: number, other: number) => number;

interface Step {
  readonly name: string;
  readonly clause: string;
  readonly compare: Comparison;
  /** Compared only with routes from the same neighbouring AS. */
  readonly isWithinNeighbourAs?: (view: DecisionView) => boolean;
}

const byTable =
  (compare: (table: AttributeTable, one: number, other: number) => number): Comparison =>
  (view, one, other) =>
    compare(view.table, view.attributesOf(one), view.attributesOf(other));

export const steps = [
  {
    name: 'long-lived stale',
    clause: 'RFC 9494 §4.3',
    compare: byTable((table, one, other) => (stale(table, one) ? 1 : 0) - (stale(table, other) ? 1 : 0)),
  },
  {
    name: 'local preference',
    clause: 'RFC 4271 §9.1.2',
    compare: byTable((table, one, other) => table.localPreferences[other]! - table.localPreferences[one]!),
  },
  { name: 'AIGP metric', clause: 'RFC 7311 §4.1', compare: byTable(compareAigp) },
  {
    name: 'AS path length',
    clause: 'RFC 4271 §9.1.2.2 a',
    compare: (view, one, other) => {
      if (view.settings.ignoresAsPathLength === true) return 0;
      const lengths = view.table.asPathLengths;
      return lengths[view.attributesOf(one)]! - lengths[view.attributesOf(other)]!;
    },
  },
  {
    name: 'origin',
    clause: 'RFC 4271 §9.1.2.2 b',
    compare: byTable((table, one, other) => table.origins[one]! - table.origins[other]!),
  },
  {
    name: 'multi-exit discriminator',
    clause: 'RFC 4271 §9.1.2.2 c',
    isWithinNeighbourAs: ({ settings }) => settings.alwaysComparesMed !== true,
    compare: (view, one, other) => med(view, one) - med(view, other),
  },
  {
    name: 'external before internal',
    clause: 'RFC 4271 §9.1.2.2 d',
    compare: (view, one, other) => (isInternal(view, one) ? 1 : 0) - (isInternal(view, other) ? 1 : 0),
  },
  {
    name: 'interior cost',
    clause: 'RFC 4271 §9.1.2.2 e',
    compare: byTable((table, one, other) => interiorCost(table, one) - interiorCost(table, other)),
  },
  {
    name: 'existing best',
    clause: 'RFC 5004 §3',
    compare: (view, one, other) => {
      const best = view.existingBest;
      if (view.settings.keepsExistingBest !== true || (one !== best && other !== best)) return 0;
      // §3: only where all that are left are external; those that differ in that are told apart before.
      if (view.sourceOf(best).settings.kind !== 'external') return 0;
      return one === best ? -1 : 1;
    },
  },
  {
    name: 'BGP identifier',
    clause: 'RFC 4271 §9.1.2.2 f, RFC 4456 §9',
    compare: (view, one, other) => identifier(view, one) - identifier(view, other),
  },
  {
    name: 'cluster list length',
    clause: 'RFC 4456 §9',
    compare: byTable((table, one, other) => table.clusterListLengths[one]! - table.clusterListLengths[other]!),
  },
  {
    name: 'peer address',
    clause: 'RFC 4271 §9.1.2.2 g',
    compare: (view, one, other) =>
      compareBytes(view.sourceOf(one).settings.address, view.sourceOf(other).settings.address),
  },
  {
    // No clause tells apart what one peer sends under several identifiers; without it the order of arrival would.
    name: 'path identifier',
    clause: 'RFC 7911 §3',
    compare: (view, one, other) =>
      view.pathIdOf(one) - view.pathIdOf(other) || view.sourceOf(one).id - view.sourceOf(other).id,
  },
] as const satisfies readonly Step[];

export type StepName = (typeof steps)[number]['name'];

/** Routes that are equal up to here may be used together. */
const LAST_OF_EQUALS: StepName = 'interior cost';

function stale(table: AttributeTable, id: number): boolean {
  return (table.traits[id]! & Trait.longLivedStale) !== 0;
}

function med(view: DecisionView, route: number): number {
  const { table, settings } = view;
  const id = view.attributesOf(route);
  const isMissing = (table.traits[id]! & Trait.med) === 0;
  return isMissing && settings.missingMedIsWorst === true ? 0xffff_ffff : table.meds[id]!;
}

function isInternal(view: DecisionView, route: number): boolean {
  const { kind } = view.sourceOf(route).settings;
  return kind === 'internal' || kind === 'client';
}

function interiorCost(table: AttributeTable, id: number): number {
  return table.nextHops.costOf(table.nextHopIds[id]!);
}

/** One with a metric before one without; then the lower sum of metric and interior cost. */
function compareAigp(table: AttributeTable, one: number, other: number): number {
  const [hasOne, hasOther] = [(table.traits[one]! & Trait.aigp) !== 0, (table.traits[other]! & Trait.aigp) !== 0];
  if (!hasOne || !hasOther) return (hasOther ? 1 : 0) - (hasOne ? 1 : 0);
  const difference = aigp(table, one) - aigp(table, other);
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

function aigp(table: AttributeTable, id: number): bigint {
  const metric = (BigInt(table.aigpHighs[id]!) << 32n) | BigInt(table.aigpLows[id]!);
  return metric + BigInt(interiorCost(table, id));
}

/** RFC 4456 §9: the originator's, where a reflector tells it. */
function identifier(view: DecisionView, route: number): number {
  const id = view.attributesOf(route);
  if ((view.table.traits[id]! & Trait.originator) !== 0) return view.table.originatorIds[id]!;
  return view.sourceOf(route).settings.identifier;
}

/** Addresses as numbers; one of IPv4 before one of IPv6. */
export function compareBytes(one: Uint8Array, other: Uint8Array): number {
  if (one.length !== other.length) return one.length - other.length;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return one[at]! - other[at]!;
  return 0;
}

/** What a decision came to. */
export interface Outcome {
  best: number;
  /** Which step left one alone; undefined: there was no choice. */
  decidedBy: (typeof steps)[number] | undefined;
  /** How many candidates were equal up to the last step that matters for using several. They are first in the list. */
  equals: number;
}

/** Told of a candidate that a step leaves out. */
export type Elimination = (route: number, step: Step) => void;

/**
 * Chooses among the first `count` of `candidates`, which it rearranges: those that are left come first.
 */
export function decide(
  view: DecisionView,
  candidates: Uint32Array,
  count: number,
  outcome: Outcome,
  eliminated?: Elimination,
): void {
  outcome.decidedBy = undefined;
  outcome.equals = Math.min(count, 1);
  let left = count;
  for (const step of steps) {
    if (left <= 1) break;
    const before = left;
    left = eliminate(view, step, candidates, left, eliminated);
    if (left === 1 && before > 1) outcome.decidedBy = step;
    if (step.name === LAST_OF_EQUALS) outcome.equals = left;
  }
  outcome.best = left === 0 ? 0 : candidates[0]!;
}

function eliminate(
  view: DecisionView,
  step: Step,
  candidates: Uint32Array,
  count: number,
  eliminated?: Elimination,
): number {
  if (step.isWithinNeighbourAs?.(view) === true) return eliminateWithin(view, step, candidates, count, eliminated);
  let best = candidates[0]!;
  for (let at = 1; at < count; at++) if (step.compare(view, candidates[at]!, best) < 0) best = candidates[at]!;
  let left = 0;
  for (let at = 0; at < count; at++) {
    const route = candidates[at]!;
    if (route === best || step.compare(view, route, best) === 0) swap(candidates, left++, at);
    else eliminated?.(route, step);
  }
  return left;
}

/** RFC 4271 §9.1.2.2 c: a route goes if one from the same neighbouring AS beats it, whatever becomes of that one. */
function eliminateWithin(
  view: DecisionView,
  step: Step,
  candidates: Uint32Array,
  count: number,
  eliminated?: Elimination,
): number {
  const neighbours = view.table.neighbourAses;
  let left = 0;
  for (let at = 0; at < count; at++) {
    const route = candidates[at]!;
    const neighbour = neighbours[view.attributesOf(route)];
    let isBeaten = false;
    for (let rival = 0; rival < count && !isBeaten; rival++) {
      const other = candidates[rival]!;
      isBeaten = neighbours[view.attributesOf(other)] === neighbour && step.compare(view, other, route) < 0;
    }
    if (isBeaten) eliminated?.(route, step);
    else swap(candidates, left++, at);
  }
  return left;
}

function swap(candidates: Uint32Array, one: number, other: number): void {
  const route = candidates[one]!;
  candidates[one] = candidates[other]!;
  candidates[other] = route;
}
