/** Flow rules held against the words of another program: components, operators and values, in their order. */
import {
  decodeFlowRules,
  encodeFlowRules,
  type FlowComponent,
  flowComponentNames,
  IPV4_FLOW,
  IPV6_FLOW,
  type Update,
} from '@patronus/bgp';
import { parseAddress } from '@patronus/net';
import { toHex } from '@patronus/wire';

/** A rule: each component with its terms, those joined by "and" in one text. */
export type ExpectedFlow = Readonly<Record<string, readonly string[] | string>>;

/** Names that the other program has for components of IPv6, and ours. */
const otherNames: Readonly<Record<string, string>> = { 'next-header': 'protocol', 'traffic-class': 'dscp' };
const values: Readonly<Record<string, number>> = {
  ...{ tcp: 6, udp: 17, 'echo-reply': 0, unreachable: 3, 'echo-request': 8 },
  ...{ fin: 1, syn: 2, rst: 4, push: 8, ack: 16, urg: 32, ece: 64, cwr: 128 },
  ...{ 'dont-fragment': 1, 'is-fragment': 2, 'first-fragment': 4, 'last-fragment': 8 },
};
/** Bits of the operator's byte (RFC 8955 §4.2.1.1 and §4.2.1.2). */
const numericSigns: Readonly<Record<string, number>> = { '=': 1, '>': 2, '>=': 3, '<': 4, '<=': 5, '!=': 6 };
const bitmaskSigns: Readonly<Record<string, number>> = { '': 0, '=': 1, '!': 2, '!=': 3 };
const AND = 0x40;

/** The first difference, in words; undefined: there is none. */
export function wrongFlows(
  { reach, unreach }: Update,
  announced: readonly ExpectedFlow[] | undefined,
  withdrawn: readonly ExpectedFlow[] | undefined,
): string | undefined {
  for (const [part, expected] of [
    [reach, announced],
    [unreach, withdrawn],
  ] as const) {
    if (part === undefined || (part.family !== IPV4_FLOW && part.family !== IPV6_FLOW)) continue;
    const family = part.family === IPV4_FLOW ? 4 : 6;
    const rules = decodeFlowRules(part.nlri, family);
    if (rules === undefined) return 'its flow rules could not be read';
    if (Buffer.compare(encodeFlowRules(rules, family), part.nlri) !== 0)
      return 'its flow rules came out as other bytes';
    if (expected === undefined) continue;
    const ours = rules.map(({ components }) => components.map((one) => ourWords(one, family)).join(' '));
    const theirs = expected.map((rule) => theirWords(rule));
    if (String(ours) !== String(theirs)) return `its flow rules are ${ours} instead of ${theirs}`;
  }
  return undefined;
}

function ourWords(component: FlowComponent, family: 4 | 6): string {
  const name = flowComponentNames[component.type]!;
  if ('terms' in component) return `${name} ${component.terms.map(({ operator, value }) => `${operator}:${value}`)}`;
  const { length, offset, pattern } = component;
  return `${name} ${toHex(pattern)}/${length}${family === 6 ? `/${offset}` : ''}`;
}

function theirWords(rule: ExpectedFlow): string {
  return Object.entries(rule)
    .filter((entry): entry is [string, readonly string[]] => typeof entry[1] !== 'string')
    .map(([key, texts]) => {
      const name = otherNames[key] ?? key.replace(/-ipv[46]$/, '');
      const isPattern = name === 'destination' || name === 'source';
      return `${name} ${isPattern ? texts.map(patternOf) : texts.flatMap((text) => termsOf(name, text))}`;
    })
    .join(' ');
}

/** The bytes that a prefix takes: as many as its length needs. */
function patternOf(text: string): string {
  const [address = '', ...lengths] = text.split('/');
  const [length = 0, offset = 0] = lengths.map(Number);
  const bytes = parseAddress(address)?.bytes ?? new Uint8Array(0);
  // None of the data has bits behind an offset that is not a whole byte.
  return `${toHex(bytes.subarray(offset >>> 3, (length + 7) >>> 3))}/${lengths.join('/')}`;
}

function termsOf(name: string, text: string): string[] {
  const isBitmask = name === 'tcp-flags' || name === 'fragment';
  return text.split('&').map((term, at) => {
    const [, sign = '', rest = ''] = /^([!<>=]*)(.*)$/.exec(term)!;
    const value = rest.split('+').reduce((sum, word) => sum + (values[word] ?? Number(word)), 0);
    const operator = (isBitmask ? bitmaskSigns : numericSigns)[sign]! | (at === 0 ? 0 : AND);
    return `${operator}:${value}`;
  });
}
