/** Compiles what a statement sets into one function from attributes to attributes. */
import { parseAddress } from '@patronus/net';
import {
  type AsSegment,
  AttributeCode,
  type KnownCode,
  type PathAttribute,
  type Value,
} from '../codec/attributes/values.ts';
import { attribute, attributeValue } from '../codec/update.ts';
import {
  type Communities,
  type CommunityPattern,
  exactCommunities,
  matchesExtended,
  matchesLarge,
  matchesStandard,
  parseCommunityPattern,
} from './communities.ts';
import { notACommunity, pathOf } from './conditions.ts';
import type { Subject } from './policy.ts';
import type { SetSource } from './source.ts';

export type Change = (subject: Subject) => Subject;
type Complain = (field: string, message: string) => void;

const MOST = 0xffff_ffff;
const MOST_PREPENDS = 25;
const known: ReadonlySet<string> = new Set([
  ...['localPreference', 'med', 'origin', 'replaceCommunities', 'removeCommunities', 'addCommunities', 'prepend'],
  'nextHop',
]);

export function compileChanges(set: SetSource, complain: Complain): readonly Change[] {
  for (const field of Object.keys(set)) if (!known.has(field)) complain(field, 'is no such field');
  const changes = [
    localPreferenceChange(set.localPreference, complain),
    medChange(set.med, complain),
    originChange(set.origin, complain),
    communitiesChange(set, complain),
    prependChange(set.prepend, complain),
    nextHopChange(set.nextHop, complain),
  ];
  return changes.filter((change) => change !== undefined);
}

/** Puts one attribute in its place by code; undefined takes it out. */
function put<Code extends KnownCode>(subject: Subject, code: Code, value: Value<Code> | undefined): Subject {
  const attributes = subject.attributes.filter((one) => one.code !== code);
  if (value !== undefined) {
    const at = attributes.findIndex((one) => numberOf(one) > code);
    attributes.splice(at < 0 ? attributes.length : at, 0, attribute(code, value));
  }
  return { ...subject, attributes };
}

function numberOf(one: PathAttribute): number {
  return one.code === 'unknown' ? one.number : one.code;
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function localPreferenceChange(value: number | undefined, complain: Complain): Change | undefined {
  if (value === undefined) return undefined;
  if (!isWhole(value, 0, MOST)) complain('localPreference', `${value}: use a whole number up to ${MOST}`);
  return (subject) => put(subject, AttributeCode.localPreference, value);
}

function medChange(value: number | string | undefined, complain: Complain): Change | undefined {
  if (value === undefined) return undefined;
  const code = AttributeCode.multiExitDiscriminator;
  if (value === 'remove') return (subject) => put(subject, code, undefined);
  const found = /^([+-]?)(\d{1,10})$/.exec(String(value));
  const amount = Number(found?.[2]);
  if (found === null || amount > MOST) {
    complain('med', `${JSON.stringify(value)}: write a number, +10, -10, or remove`);
    return undefined;
  }
  if (found[1] === '') return (subject) => put(subject, code, amount);
  const step = found[1] === '+' ? amount : -amount;
  return (subject) => {
    const before = attributeValue(subject.attributes, code) ?? 0;
    return put(subject, code, Math.min(MOST, Math.max(0, before + step)));
  };
}

function originChange(value: SetSource['origin'], complain: Complain): Change | undefined {
  if (value === undefined) return undefined;
  if (!['igp', 'egp', 'incomplete'].includes(value)) complain('origin', `${value}: write igp, egp or incomplete`);
  return (subject) => put(subject, AttributeCode.origin, value);
}

const none: Communities = { standard: [], extended: [], large: [] };

function communitiesChange(set: SetSource, complain: Complain): Change | undefined {
  const { replaceCommunities, removeCommunities = [], addCommunities = [] } = set;
  if (replaceCommunities === undefined && removeCommunities.length === 0 && addCommunities.length === 0)
    return undefined;
  const exact = (field: string, texts: readonly string[]): Communities => {
    const found = exactCommunities(texts);
    if (!('wrong' in found)) return found;
    complain(field, notACommunity(found.wrong));
    return none;
  };
  const removed = removeCommunities.flatMap((text): CommunityPattern[] => {
    const pattern = parseCommunityPattern(text);
    if (pattern === undefined) complain('removeCommunities', notACommunity(text));
    return pattern === undefined ? [] : [pattern];
  });
  const replaced = replaceCommunities && exact('replaceCommunities', replaceCommunities);
  const added = exact('addCommunities', addCommunities);
  return (subject) => {
    const before = replaced ?? communitiesOf(subject);
    const standard = before.standard.filter((value) => !removed.some((pattern) => matchesStandard(pattern, value)));
    const extended = before.extended.filter((value) => !removed.some((pattern) => matchesExtended(pattern, value)));
    const large = before.large.filter((value) => !removed.some((pattern) => matchesLarge(pattern, value)));
    for (const value of added.standard) if (!standard.includes(value)) standard.push(value);
    for (const value of added.extended) {
      if (!extended.some((one) => one.every((byte, at) => byte === value[at]))) extended.push(value);
    }
    for (const value of added.large) {
      const isSame = (one: typeof value) =>
        one.global === value.global && one.local1 === value.local1 && one.local2 === value.local2;
      if (!large.some(isSame)) large.push(value);
    }
    const orNone = <One>(values: readonly One[]) => (values.length === 0 ? undefined : values);
    const first = put(subject, AttributeCode.communities, orNone(standard));
    const second = put(first, AttributeCode.extendedCommunities, orNone(extended));
    return put(second, AttributeCode.largeCommunities, orNone(large));
  };
}

function communitiesOf({ attributes }: Subject): Communities {
  return {
    standard: attributeValue(attributes, AttributeCode.communities) ?? [],
    extended: attributeValue(attributes, AttributeCode.extendedCommunities) ?? [],
    large: attributeValue(attributes, AttributeCode.largeCommunities) ?? [],
  };
}

function prependChange(prepend: SetSource['prepend'], complain: Complain): Change | undefined {
  if (prepend === undefined) return undefined;
  const { as, times } = prepend;
  if (!isWhole(times, 1, MOST_PREPENDS)) complain('prepend.times', `${times}: use 1 to ${MOST_PREPENDS}`);
  if (as !== 'self' && as !== 'last' && !isWhole(as, 1, MOST)) {
    complain('prepend.as', `${as}: write an AS number, self or last`);
  }
  return (subject) => {
    const path = pathOf(subject);
    const number = as === 'self' ? subject.localAs : as === 'last' ? firstOf(path) : as;
    if (number === undefined) return subject;
    return put(
      subject,
      AttributeCode.asPath,
      prepended(
        path,
        Array.from({ length: times }, () => number),
      ),
    );
  };
}

function firstOf(path: readonly AsSegment[]): number | undefined {
  return path.find(({ type }) => type === 'sequence')?.numbers[0];
}

const MOST_IN_SEGMENT = 255;

/** RFC 4271 §5.1.2: into the first sequence, or a new one before it where there is none or it is full. */
export function prepended(path: readonly AsSegment[], numbers: readonly number[]): readonly AsSegment[] {
  const [first, ...rest] = path;
  const fits = first?.type === 'sequence' && first.numbers.length + numbers.length <= MOST_IN_SEGMENT;
  if (!fits) return [{ type: 'sequence', numbers }, ...path];
  return [{ type: 'sequence', numbers: [...numbers, ...first.numbers] }, ...rest];
}

function nextHopChange(value: string | undefined, complain: Complain): Change | undefined {
  if (value === undefined) return undefined;
  if (value === 'self') return (subject) => ({ ...subject, nextHopSelf: true });
  const address = parseAddress(value);
  if (address === undefined) {
    complain('nextHop', `${JSON.stringify(value)}: write an address, or self`);
    return undefined;
  }
  return (subject) => ({ ...subject, nextHop: address.bytes, nextHopSelf: false });
}
