/**
 * Flow specifications as NLRI (RFC 8955 §4 for IPv4, RFC 8956 §3 for IPv6): rules made of components, each of which
 * matches one field of a packet. Components stand in order of their type, each at most once.
 */
import { ByteReader, ByteWriter } from '@patronus/wire';

/** An operator and the value that it compares with (RFC 8955 §4.2.1). */
export interface FlowTerm {
  /** The operator's byte as it came, without its length and end bits: AND 0x40; numeric lt 4, gt 2, eq 1; bitmask not 2, match 1. */
  readonly operator: number;
  /** At most 64 bits. */
  readonly value: bigint;
  /** Bytes the value took: 1, 2, 4 or 8. */
  readonly size: 1 | 2 | 4 | 8;
}

export type FlowComponent =
  /** Types 1 and 2: destination, source. `offset` is IPv6's (RFC 8956 §3.1), 0 for IPv4. */
  | { readonly type: 1 | 2; readonly length: number; readonly offset: number; readonly pattern: Uint8Array }
  | { readonly type: number; readonly terms: readonly FlowTerm[] };

export interface FlowRule {
  readonly components: readonly FlowComponent[];
}

/** IANA's Flow Spec Component Types. */
export const flowComponentNames: Readonly<Record<number, string>> = {
  1: 'destination',
  2: 'source',
  3: 'protocol',
  4: 'port',
  5: 'destination-port',
  6: 'source-port',
  7: 'icmp-type',
  8: 'icmp-code',
  9: 'tcp-flags',
  10: 'packet-length',
  11: 'dscp',
  12: 'fragment',
  13: 'flow-label',
};

const END = 0x80;
const LENGTH = 0x30;
const sizes = [1, 2, 4, 8] as const;
/** A length of 0xf0 and above takes two bytes, of which twelve bits count (RFC 8955 §4.1). */
const LONG = 0xf0;

/** The rules in a stretch of NLRI; undefined where one does not read as the RFCs say. */
export function decodeFlowRules(bytes: Uint8Array, family: 4 | 6): FlowRule[] | undefined {
  const reader = new ByteReader(bytes);
  const rules: FlowRule[] = [];
  while (reader.remaining > 0) {
    const first = reader.u8();
    reader.enter(first < LONG ? first : ((first & 0x0f) << 8) | reader.u8());
    const components = readComponents(reader, family);
    if (components === undefined || reader.failed) return undefined;
    reader.leave();
    rules.push({ components });
  }
  return reader.failed ? undefined : rules;
}

function readComponents(reader: ByteReader, family: 4 | 6): FlowComponent[] | undefined {
  const components: FlowComponent[] = [];
  let last = 0;
  while (reader.remaining > 0) {
    const type = reader.u8();
    // RFC 8955 §4.2: strict order; a type that nobody knows cannot be stepped over.
    if (type <= last || flowComponentNames[type] === undefined || (type === 13 && family === 4)) return undefined;
    last = type;
    const component = type <= 2 ? readPattern(reader, type as 1 | 2, family) : readTerms(reader, type);
    if (component === undefined) return undefined;
    components.push(component);
  }
  return components;
}

function readPattern(reader: ByteReader, type: 1 | 2, family: 4 | 6): FlowComponent | undefined {
  const length = reader.u8();
  const offset = family === 6 ? reader.u8() : 0;
  if (length > (family === 4 ? 32 : 128) || (offset >= length && length > 0) || (length === 0 && offset > 0)) {
    return undefined;
  }
  const pattern = reader.bytes((length - offset + 7) >>> 3).slice();
  return { type, length, offset, pattern };
}

function readTerms(reader: ByteReader, type: number): FlowComponent | undefined {
  const terms: FlowTerm[] = [];
  for (;;) {
    if (reader.remaining === 0) return undefined;
    const operator = reader.u8();
    const size = sizes[(operator & LENGTH) >>> 4]!;
    terms.push({ operator: operator & ~(END | LENGTH), value: readValue(reader, size), size });
    if (reader.failed) return undefined;
    if ((operator & END) !== 0) return { type, terms };
  }
}

function readValue(reader: ByteReader, size: FlowTerm['size']): bigint {
  if (size === 8) return reader.u64();
  if (size === 4) return BigInt(reader.u32());
  return BigInt(size === 2 ? reader.u16() : reader.u8());
}

export function encodeFlowRules(
  rules: readonly FlowRule[],
  family: 4 | 6,
  writer: ByteWriter = new ByteWriter(),
): Uint8Array {
  const body = new ByteWriter();
  for (const { components } of rules) {
    body.reset();
    for (const component of components) writeComponent(body, component, family);
    if (body.length < LONG) writer.u8(body.length);
    else writer.u16(0xf000 | body.length);
    writer.bytes(body.view());
  }
  return writer.copy();
}

function writeComponent(writer: ByteWriter, component: FlowComponent, family: 4 | 6): void {
  writer.u8(component.type);
  if ('pattern' in component) {
    writer.u8(component.length);
    if (family === 6) writer.u8(component.offset);
    writer.bytes(component.pattern);
    return;
  }
  const { terms } = component;
  terms.forEach(({ operator, value, size }, at) => {
    const end = at === terms.length - 1 ? END : 0;
    writer.u8(end | (sizes.indexOf(size) << 4) | operator);
    if (size === 8) writer.u64(value);
    else if (size === 4) writer.u32(Number(value));
    else if (size === 2) writer.u16(Number(value));
    else writer.u8(Number(value));
  });
}
