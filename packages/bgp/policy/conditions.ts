/** Compiles what a statement asks about attributes: each field into one function, so that a route is asked nothing else. */
import { parseAddress, parsePrefix } from '@patronus/net';
import { asPathLength } from '../codec/attributes/asPath.ts';
import {
  type AsSegment,
  AttributeCode,
  type KnownCode,
  type PathAttribute,
  type Value,
} from '../codec/attributes/values.ts';
import { familyName } from '../codec/families.ts';
import { attributeValue } from '../codec/update.ts';
import { compileAsPath } from './asPathPattern.ts';
import {
  type CommunityPattern,
  matchesExtended,
  matchesLarge,
  matchesStandard,
  parseCommunityPattern,
} from './communities.ts';
import type { Subject } from './policy.ts';
import { type PrefixSet, parsePrefixSet } from './prefixSet.ts';
import type { MatchSource, OriginValidation } from './source.ts';

export type Condition = (subject: Subject) => boolean;

/** What is left to ask of each prefix; undefined: nothing. */
export interface PrefixCondition {
  readonly sets: readonly PrefixSet[];
  readonly validation: ReadonlySet<OriginValidation> | undefined;
}

type Complain = (field: string, message: string) => void;
type Range = readonly [number, number];

export function attributeOf<Code extends KnownCode>(subject: Subject, code: Code): Value<Code> | undefined {
  return attributeValue(subject.attributes, code);
}

const known: ReadonlySet<string> = new Set([
  ...['families', 'prefixes', 'prefixSets', 'asPath', 'asPathLength', 'originAs', 'communities', 'allCommunities'],
  ...['neighbours', 'neighbourAs', 'validation', 'nextHops', 'med', 'localPreference', 'origin'],
]);

export function compileConditions(match: MatchSource, complain: Complain): readonly Condition[] {
  const conditions: Condition[] = [];
  const add = (condition: Condition | undefined) => condition && conditions.push(condition);
  for (const field of Object.keys(match)) if (!known.has(field)) complain(field, 'is no such field');
  const { families, origin, communities, allCommunities } = match;
  if (families !== undefined) {
    const wanted = new Set(families);
    add(({ family }) => wanted.has(familyName(family)));
  }
  if (origin !== undefined) {
    const wanted = new Set<string>(origin);
    add((subject) => wanted.has(attributeOf(subject, AttributeCode.origin) ?? ''));
  }
  add(match.asPath && asPathCondition(match.asPath, complain));
  add(numberCondition('asPathLength', match.asPathLength, complain, (subject) => asPathLength(pathOf(subject))));
  add(numbersCondition('originAs', match.originAs, complain, (subject) => originAs(pathOf(subject))));
  add(numbersCondition('neighbourAs', match.neighbourAs, complain, ({ neighbour }) => neighbour.as));
  add(
    numberCondition('med', match.med, complain, (subject) =>
      attributeOf(subject, AttributeCode.multiExitDiscriminator),
    ),
  );
  add(
    numberCondition('localPreference', match.localPreference, complain, (subject) =>
      attributeOf(subject, AttributeCode.localPreference),
    ),
  );
  add(addressCondition('neighbours', match.neighbours, complain, ({ neighbour }) => neighbour.address));
  add(addressCondition('nextHops', match.nextHops, complain, ({ nextHop }) => nextHop));
  if (communities !== undefined) {
    const patterns = patternsOf('communities', communities, complain);
    add(({ attributes }) => patterns.some((pattern) => isThere(attributes, pattern)));
  }
  if (allCommunities !== undefined) {
    const patterns = patternsOf('allCommunities', allCommunities, complain);
    add(({ attributes }) => patterns.every((pattern) => isThere(attributes, pattern)));
  }
  return conditions;
}

/** Sets by name come from beside the policies. */
export function compilePrefixCondition(
  { prefixes, prefixSets = [], validation }: MatchSource,
  named: ReadonlyMap<string, PrefixSet>,
  complain: Complain,
): PrefixCondition | undefined {
  if (prefixes === undefined && prefixSets.length === 0 && validation === undefined) return undefined;
  const sets: PrefixSet[] = [];
  if (prefixes !== undefined) {
    const set = parsePrefixSet(prefixes);
    if (set.ok) sets.push(set.value);
    else complain('prefixes', set.error);
  }
  for (const name of prefixSets) {
    const set = named.get(name);
    if (set !== undefined) sets.push(set);
    else
      complain('prefixSets', `${JSON.stringify(name)} is no set; there are ${[...named.keys()].join(', ') || 'none'}`);
  }
  for (const state of validation ?? []) {
    if (!['valid', 'invalid', 'not-found'].includes(state)) {
      complain('validation', `${JSON.stringify(state)}: write valid, invalid or not-found`);
    }
  }
  return { sets, validation: validation && new Set(validation) };
}

const noPath: readonly AsSegment[] = [];

export function pathOf(subject: Subject): readonly AsSegment[] {
  return attributeOf(subject, AttributeCode.asPath) ?? noPath;
}

/** The last number of the path, undefined where it ends with a set or is empty (RFC 6811 §2: no origin to speak of). */
export function originAs(path: readonly AsSegment[]): number | undefined {
  const last = path.at(-1);
  return last?.type === 'sequence' ? last.numbers.at(-1) : undefined;
}

function asPathCondition(texts: readonly string[], complain: Complain): Condition {
  const patterns = texts.flatMap((text) => {
    const compiled = compileAsPath(text);
    if (compiled.ok) return [compiled.value];
    complain('asPath', `${JSON.stringify(text)}: ${compiled.error}`);
    return [];
  });
  return (subject) => {
    const path = pathOf(subject);
    return patterns.some((pattern) => pattern.matches(path));
  };
}

function patternsOf(field: string, texts: readonly string[], complain: Complain): readonly CommunityPattern[] {
  return texts.flatMap((text) => {
    const pattern = parseCommunityPattern(text);
    if (pattern !== undefined) return [pattern];
    complain(field, notACommunity(text));
    return [];
  });
}

export function notACommunity(text: string): string {
  return `${JSON.stringify(text)} is no community: write 65001:100, rt:65001:100, 65001:1:2 or a name like no-export`;
}

function isThere(attributes: readonly PathAttribute[], pattern: CommunityPattern): boolean {
  if (pattern.kind === 'standard') {
    const values = attributeValue(attributes, AttributeCode.communities);
    return values?.some((value) => matchesStandard(pattern, value)) === true;
  }
  if (pattern.kind === 'large') {
    const values = attributeValue(attributes, AttributeCode.largeCommunities);
    return values?.some((value) => matchesLarge(pattern, value)) === true;
  }
  const values = attributeValue(attributes, AttributeCode.extendedCommunities);
  return values?.some((value) => matchesExtended(pattern, value)) === true;
}

/** `3`, `2-5`, `10-`, `-7`. */
export function parseRange(text: string): Range | undefined {
  const found = /^(\d{0,10})(-?)(\d{0,10})$/.exec(text);
  if (found === null || text === '' || text === '-') return undefined;
  const [, low = '', dash, high = ''] = found;
  const first = low === '' ? 0 : Number(low);
  const last = dash === '' ? first : high === '' ? 0xffff_ffff : Number(high);
  return first <= last && last <= 0xffff_ffff ? [first, last] : undefined;
}

function numberCondition(
  field: string,
  text: string | undefined,
  complain: Complain,
  read: (subject: Subject) => number | undefined,
): Condition | undefined {
  return numbersCondition(field, text === undefined ? undefined : [text], complain, read);
}

function numbersCondition(
  field: string,
  texts: readonly string[] | undefined,
  complain: Complain,
  read: (subject: Subject) => number | undefined,
): Condition | undefined {
  if (texts === undefined) return undefined;
  const ranges = texts.flatMap((text) => {
    const range = parseRange(String(text));
    if (range !== undefined) return [range];
    complain(field, `${JSON.stringify(text)} is no number and no range: write 3, 2-5 or 10-`);
    return [];
  });
  return (subject) => {
    const value = read(subject);
    return value !== undefined && ranges.some(([low, high]) => value >= low && value <= high);
  };
}

function addressCondition(
  field: string,
  texts: readonly string[] | undefined,
  complain: Complain,
  read: (subject: Subject) => Uint8Array,
): Condition | undefined {
  if (texts === undefined) return undefined;
  const prefixes = texts.flatMap((text) => {
    const address = parseAddress(text);
    if (address !== undefined) return [{ bytes: address.bytes, length: address.bytes.length * 8 }];
    const prefix = parsePrefix(text);
    if (prefix.ok) return [prefix.value];
    complain(field, prefix.error.message);
    return [];
  });
  return (subject) => {
    const address = read(subject);
    return prefixes.some(({ bytes, length }) => isInside(address, bytes, length));
  };
}

/** An IPv6 next hop may come with a link-local one behind it; the first 16 bytes count. */
function isInside(address: Uint8Array, prefix: Uint8Array, length: number): boolean {
  const size = address.length > 4 ? 16 : 4;
  if (size !== prefix.length) return false;
  for (let bit = 0; bit < length; bit += 8) {
    const mask = length - bit >= 8 ? 0xff : 0xff << (8 - (length - bit));
    if (((address[bit >>> 3]! ^ prefix[bit >>> 3]!) & mask & 0xff) !== 0) return false;
  }
  return true;
}
