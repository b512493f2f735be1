/**
 * Messages as hex with what they mean as JSON, a row a line: each is read, held against its JSON as far as it is about what
 * the speaker understands, and written again as the same bytes. Families that are carried as their bytes are counted apart.
 */
import { readFileSync } from 'node:fs';
import {
  type AsSegment,
  AttributeCode,
  attributeValue,
  decodeNotification,
  decodeOpen,
  decodePrefixes,
  decodeRouteRefresh,
  decodeUpdate,
  encodeOpen,
  encodeUpdate,
  type FamilyKey,
  familyName,
  frame,
  HEADER_LENGTH,
  IPV4_FLOW,
  IPV4_UNICAST,
  IPV6_FLOW,
  IPV6_UNICAST,
  MessageType,
  type Negotiated,
  prefixFamily,
  readHeader,
  type Update,
} from '@patronus/bgp';
import { addressFromBytes, formatAddress, formatPrefix, parseAddress, prefixOf } from '@patronus/net';
import type { Comparison } from '../main.ts';
import { clauseAgainst } from './againstRfcs.ts';
import { type ExpectedFlow, wrongFlows } from './flows.ts';

interface Row {
  readonly src: string;
  readonly hex: string;
  readonly cmd?: string;
  readonly kind?: string;
  readonly json?: { readonly neighbor?: { readonly message?: { readonly update?: ExpectedUpdate } } };
}
interface ExpectedUpdate {
  readonly attribute?: Readonly<Record<string, unknown>>;
  readonly announce?: Readonly<Record<string, Readonly<Record<string, readonly ExpectedNlri[]>>>>;
  readonly withdraw?: Readonly<Record<string, readonly ExpectedNlri[]>>;
}
interface ExpectedNlri {
  readonly nlri: string;
  readonly 'path-information'?: string;
}

const EXAMPLES = 10;
const understoodFamilies = new Set<FamilyKey>([IPV4_UNICAST, IPV6_UNICAST, IPV4_FLOW, IPV6_FLOW]);

export function compareMessages(path: string): Comparison {
  const rows = readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
  const differences: string[] = [];
  let [compared, carried, explained] = [0, 0, 0];
  for (const row of rows) {
    // A row of bare NLRI is no message.
    if (row.kind?.startsWith('nlri') === true) continue;
    for (const message of messagesOf(row)) {
      compared += 1;
      const outcome = compareMessage(row, message);
      if (outcome.isOpaque) carried += 1;
      if (outcome.difference === undefined) continue;
      const difference = `${row.src} ${row.cmd ?? row.kind ?? ''}: ${outcome.difference}`;
      const clause = clauseAgainst(difference);
      if (clause !== undefined) explained += 1;
      differences.push(clause === undefined ? difference : `${difference}; ${clause}`);
    }
  }
  return {
    ...{ compared, understood: compared - carried, carried, differences: differences.length, explained },
    examples: differences.slice(0, EXAMPLES),
  };
}

/** A row may hold several messages behind each other, or the body of an UPDATE alone. */
function messagesOf({ hex }: Row): Uint8Array[] {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (bytes[0] !== 0xff) return [frame(MessageType.update, bytes)];
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const header = readHeader(bytes, at, bytes.length, true);
    if (header === undefined || !header.ok) break;
    messages.push(bytes.subarray(at, at + header.value.length));
    at += header.value.length;
  }
  return messages;
}

interface Outcome {
  readonly isOpaque: boolean;
  readonly difference: string | undefined;
}

function compareMessage(row: Row, message: Uint8Array): Outcome {
  const body = message.subarray(HEADER_LENGTH);
  const plain = (difference: string | undefined): Outcome => ({ isOpaque: false, difference });
  switch (message[18]) {
    case MessageType.open: {
      const read = decodeOpen(body);
      if (!read.ok) return plain(read.error.reason);
      return plain(isSame(encodeOpen(read.value), message) ? undefined : 'came out as other bytes');
    }
    case MessageType.update:
      return compareUpdate(row, message);
    case MessageType.routeRefresh: {
      const read = decodeRouteRefresh(body);
      return plain(read.ok ? undefined : read.error.reason);
    }
    default:
      if (message[18] === MessageType.notification) decodeNotification(body);
      return plain(undefined);
  }
}

/** What was agreed on is not in the row: four-octet AS numbers are tried first, identifiers where the row speaks of them. */
function compareUpdate(row: Row, message: Uint8Array): Outcome {
  const hasPathIds = JSON.stringify(row).includes('path-information');
  const addPath = new Set(hasPathIds ? [IPV4_UNICAST, IPV6_UNICAST] : []);
  let failure = '';
  for (const isFourOctetAs of [true, false]) {
    const negotiated: Negotiated = { isFourOctetAs, isExternal: false, addPath };
    const read = decodeUpdate(message.subarray(HEADER_LENGTH), negotiated);
    if (!read.ok) failure ||= read.error.reason;
    else if (read.value.complaints.length > 0) failure ||= read.value.complaints[0]!.reason;
    else {
      const family = read.value.reach?.family ?? read.value.unreach?.family;
      const isOpaque = family !== undefined && !understoodFamilies.has(family);
      if (!isSame(encodeUpdate(read.value, negotiated), message))
        return { isOpaque, difference: 'came out as other bytes' };
      const expected = row.json?.neighbor?.message?.update;
      const wrong =
        expected === undefined
          ? []
          : [...wrongAttributes(read.value, expected), ...wrongRoutes(read.value, expected, addPath)];
      return { isOpaque, difference: wrong[0] ?? wrongFlows(read.value, ...flowsOf(expected)) };
    }
  }
  return { isOpaque: false, difference: failure };
}

/** What the row says is announced and withdrawn of flow rules; undefined: nothing. */
function flowsOf(expected: ExpectedUpdate | undefined): [ExpectedFlow[] | undefined, ExpectedFlow[] | undefined] {
  const named = (part: Readonly<Record<string, unknown>> | undefined) => part?.['ipv4 flow'] ?? part?.['ipv6 flow'];
  const announced = named(expected?.announce);
  const byNextHop = announced === undefined ? undefined : Object.values(announced as Record<string, ExpectedFlow[]>);
  return [byNextHop?.flat(), named(expected?.withdraw) as ExpectedFlow[] | undefined];
}

/** The JSON's name of each attribute, and ours in its spelling; null: the attribute is carried, not spelled out. */
const spellings: Readonly<Record<string, (update: Update) => unknown>> = {
  origin: (update) => of(update, AttributeCode.origin),
  'local-preference': (update) => of(update, AttributeCode.localPreference),
  med: (update) => of(update, AttributeCode.multiExitDiscriminator),
  community: (update) => of(update, AttributeCode.communities)?.map((one) => [one >>> 16, one & 0xffff]),
  'as-path': (update) => asPathJson(of(update, AttributeCode.asPath) ?? []),
  'originator-id': (update) => dotted(of(update, AttributeCode.originatorId)),
  'cluster-list': (update) => of(update, AttributeCode.clusterList)?.map(dotted),
  'next-hop': (update) => {
    const bytes = of(update, AttributeCode.nextHop);
    return bytes === undefined ? undefined : formatAddress(addressFromBytes(bytes)!);
  },
  'extended-community': (update) =>
    of(update, AttributeCode.extendedCommunities)?.map((one) => Number(`0x${Buffer.from(one).toString('hex')}`)),
  'large-community': (update) =>
    of(update, AttributeCode.largeCommunities)?.map((one) => [one.global, one.local1, one.local2]),
  'atomic-aggregate': (update) => update.attributes.some(({ code }) => code === AttributeCode.atomicAggregate),
  aggregator: (update) => {
    const value = of(update, AttributeCode.aggregator);
    return value === undefined ? undefined : `${value.as}:${formatAddress(addressFromBytes(value.address)!)}`;
  },
};

const of = <Code extends Parameters<typeof attributeValue>[1]>(update: Update, code: Code) =>
  attributeValue(update.attributes, code);

function dotted(value: number | undefined): string | undefined {
  if (value === undefined) return undefined;
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

const elements = {
  sequence: 'as-sequence',
  set: 'as-set',
  'confederation-sequence': 'confed-sequence',
  'confederation-set': 'confed-set',
} as const;

function asPathJson(segments: readonly AsSegment[]): unknown {
  return Object.fromEntries(segments.map(({ type, numbers }, at) => [at, { element: elements[type], value: numbers }]));
}

function wrongAttributes(update: Update, { attribute = {} }: ExpectedUpdate): string[] {
  return Object.entries(attribute).flatMap(([name, value]) => {
    const spell = spellings[name];
    if (spell === undefined) return [];
    // Extended communities are objects with words of another program in them; their value is what counts.
    const expected = name === 'extended-community' ? (value as { value: number }[]).map((one) => one.value) : value;
    const [ours, theirs] = [JSON.stringify(spell(update)), JSON.stringify(expected)];
    return ours === theirs ? [] : [`${name} is ${ours} instead of ${theirs}`];
  });
}

function wrongRoutes(update: Update, expected: ExpectedUpdate, addPath: ReadonlySet<FamilyKey>): string[] {
  const wrong: string[] = [];
  for (const family of [IPV4_UNICAST, IPV6_UNICAST]) {
    const name = familyName(family);
    const announced = Object.values(expected.announce?.[name] ?? {}).flat();
    const nlri =
      family === IPV4_UNICAST && update.reach?.family !== family ? update.nlri : nlriOf(update.reach, family);
    wrong.push(...wrongPrefixes(`announced ${name}`, family, nlri, announced, addPath));
    const withdrawn = expected.withdraw?.[name] ?? [];
    const gone =
      family === IPV4_UNICAST && update.unreach?.family !== family ? update.withdrawn : nlriOf(update.unreach, family);
    wrong.push(...wrongPrefixes(`withdrawn ${name}`, family, gone, withdrawn, addPath));
  }
  return wrong;
}

function nlriOf(part: { family: FamilyKey; nlri: Uint8Array } | undefined, family: FamilyKey): Uint8Array {
  return part?.family === family ? part.nlri : new Uint8Array(0);
}

function wrongPrefixes(
  what: string,
  family: FamilyKey,
  bytes: Uint8Array,
  expected: readonly ExpectedNlri[],
  addPath: ReadonlySet<FamilyKey>,
): string[] {
  const prefixes = decodePrefixes(bytes, 0, bytes.length, prefixFamily(family)!, addPath.has(family)) ?? [];
  const spell = (nlri: string, pathId: number) => `${nlri}${addPath.has(family) ? ` path ${pathId}` : ''}`;
  const ours = prefixes.map(({ address, length, pathId }) =>
    spell(formatPrefix(prefixOf(addressFromBytes(address)!, length)), pathId),
  );
  const theirs = expected.map((one) => spell(one.nlri, pathIdOf(one)));
  return String(ours.sort()) === String(theirs.sort()) ? [] : [`${what}: ${ours} instead of ${theirs}`];
}

/** Written as an address of four bytes. */
function pathIdOf(one: ExpectedNlri): number {
  const bytes = parseAddress(one['path-information'] ?? '0.0.0.0')?.bytes ?? new Uint8Array(4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
