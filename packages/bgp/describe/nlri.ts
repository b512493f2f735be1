/** NLRI as text: prefixes, flow rules in words, and the bytes of families that are carried unread. */
import { addressFromBytes, formatAddress, formatPrefix, prefixOf } from '@patronus/net';
import { toHex } from '@patronus/wire';
import { type FamilyKey, IPV4_FLOW, IPV6_FLOW, prefixFamily } from '../codec/families.ts';
import { decodeFlowRules, type FlowComponent, flowComponentNames } from '../codec/nlri/flowSpec.ts';
import { decodePrefixes } from '../codec/nlri/prefixes.ts';
import type { Json } from './json.ts';

/** Each destination: text, or an object where it has a path identifier or is a flow rule. */
export function describeNlri(family: FamilyKey, bytes: Uint8Array, hasPathIds: boolean): Json[] {
  const of = prefixFamily(family);
  if (of !== undefined) {
    return (decodePrefixes(bytes, 0, bytes.length, of, hasPathIds) ?? []).map(({ pathId, length, address }) => {
      const prefix = formatPrefix(prefixOf(addressFromBytes(address)!, length));
      return hasPathIds ? { prefix, pathId } : prefix;
    });
  }
  if (family === IPV4_FLOW || family === IPV6_FLOW) {
    const rules = decodeFlowRules(bytes, family === IPV4_FLOW ? 4 : 6);
    if (rules !== undefined) {
      return rules.map(({ components }) =>
        Object.fromEntries(components.map((one) => [flowComponentNames[one.type]!, componentJson(one, family)])),
      );
    }
  }
  return bytes.length === 0 ? [] : [{ bytes: toHex(bytes) }];
}

/** A prefix, with its offset where it has one (RFC 8956 §3.1); or the terms as they stand: `=80`, `>=1024&<=2048`. */
function componentJson(component: FlowComponent, family: FamilyKey): Json {
  if (!('terms' in component)) {
    const { length, offset, pattern } = component;
    const address = new Uint8Array(family === IPV4_FLOW ? 4 : 16);
    address.set(shifted(pattern, offset).subarray(0, address.length));
    const text = `${formatAddress(addressFromBytes(address)!)}/${length}`;
    return offset === 0 ? text : `${text} from bit ${offset}`;
  }
  const isBitmask = component.type === 9 || component.type === 12;
  return component.terms
    .map(({ operator, value }, at) => {
      const joint = at === 0 ? '' : (operator & 0x40) !== 0 ? '&' : ' or ';
      return `${joint}${isBitmask ? bitmaskSign(operator) : numericSign(operator)}${value}`;
    })
    .join('');
}

/** The pattern's bits stand behind the offset: `offset` zero bits before them. */
function shifted(pattern: Uint8Array, offset: number): Uint8Array {
  const out = new Uint8Array(33);
  const [bytes, bits] = [offset >>> 3, offset & 7];
  pattern.forEach((value, at) => {
    out[at + bytes]! |= value >>> bits;
    out[at + bytes + 1]! |= (value << (8 - bits)) & 0xff;
  });
  return out;
}

/** RFC 8955 §4.2.1.1: lt 4, gt 2, eq 1. */
function numericSign(operator: number): string {
  return ['never ', '=', '>', '>=', '<', '<=', '!=', 'always '][operator & 7]!;
}

/** RFC 8955 §4.2.1.2: not 2, match 1. */
function bitmaskSign(operator: number): string {
  return ['any of ', 'all of ', 'not any of ', 'not all of '][operator & 3]!;
}
