/**
 * The path attributes that are understood, as one table: what each is called, which flags it must have, who may send it,
 * how it is read and written, and what becomes of an UPDATE in which it is malformed, with the clause that says so.
 */
import { type ByteReader, type ByteWriter, ByteReader as Reader } from '@patronus/wire';
import { familyKey } from '../families.ts';
import { decodeAsPath, encodeAsPath } from './asPath.ts';
import { Flag, type KnownCode, origins, type Value } from './values.ts';

/**
 * From mild to hard (RFC 7606 §2): the attribute is left out; the routes count as withdrawn; the session is reset. What
 * holds for the whole UPDATE is the hardest of its attributes'.
 */
export const Verdict = { accept: 0, discard: 1, withdraw: 2, reset: 3 } as const;
export type Verdict = (typeof Verdict)[keyof typeof Verdict];

export interface AttributeContext {
  /** AS numbers in AS_PATH and AGGREGATOR have four bytes: both ends announced it (RFC 6793 §4). */
  readonly isFourOctetAs: boolean;
  /** The peer is of another AS (and no confederation member). */
  readonly isExternal: boolean;
  /** It was recorded at some time, by rules of that time, and is read as it stands: RFC 7607 refuses AS 0 in what comes now. */
  readonly isRecorded?: boolean;
}

export interface AttributeCodec<Code extends KnownCode> {
  readonly name: string;
  /** Optional and transitive bits as they have to be. */
  readonly flags: number;
  readonly malformed: Verdict;
  /** What says so. */
  readonly clause: string;
  /** From an external peer it is discarded unread (RFC 7606 §7.5, 7.9, 7.10). */
  readonly isInternalOnly?: boolean;
  /** undefined: malformed. The reader's window is the value. */
  readonly decode: (reader: ByteReader, context: AttributeContext) => Value<Code> | undefined;
  readonly encode: (value: Value<Code>, writer: ByteWriter, context: AttributeContext) => void;
}

const wellKnown = Flag.transitive;
const optional = Flag.optional;
const optionalTransitive = Flag.optional | Flag.transitive;

export const attributeCodecs: { readonly [Code in KnownCode]: AttributeCodec<Code> } = {
  1: {
    name: 'ORIGIN',
    flags: wellKnown,
    malformed: Verdict.withdraw,
    clause: 'RFC 7606 §7.1',
    decode: (reader) => (reader.remaining === 1 ? origins[reader.u8()] : undefined),
    encode: (value, writer) => writer.u8(origins.indexOf(value)),
  },
  2: {
    name: 'AS_PATH',
    flags: wellKnown,
    malformed: Verdict.withdraw,
    clause: 'RFC 7606 §7.2',
    decode: (reader, { isFourOctetAs }) => decodeAsPath(reader, isFourOctetAs),
    encode: (value, writer, { isFourOctetAs }) => encodeAsPath(value, writer, isFourOctetAs),
  },
  3: {
    name: 'NEXT_HOP',
    flags: wellKnown,
    malformed: Verdict.withdraw,
    clause: 'RFC 7606 §7.3',
    decode: (reader) => exactly(reader, 4),
    encode: (value, writer) => writer.bytes(value),
  },
  4: number('MULTI_EXIT_DISC', optional, 'RFC 7606 §7.4'),
  5: { ...number('LOCAL_PREF', wellKnown, 'RFC 7606 §7.5'), isInternalOnly: true },
  6: {
    name: 'ATOMIC_AGGREGATE',
    flags: wellKnown,
    malformed: Verdict.discard,
    clause: 'RFC 7606 §7.6',
    decode: (reader) => (reader.remaining === 0 ? null : undefined),
    encode: () => undefined,
  },
  7: {
    name: 'AGGREGATOR',
    flags: optionalTransitive,
    malformed: Verdict.discard,
    clause: 'RFC 7606 §7.7',
    decode: (reader, context) => readAggregator(reader, context.isFourOctetAs, context),
    encode: ({ as, address }, writer, { isFourOctetAs }) => {
      if (isFourOctetAs) writer.u32(as);
      else writer.u16(as > 0xffff ? 23_456 : as);
      writer.bytes(address);
    },
  },
  8: numbers('COMMUNITIES', optionalTransitive, 'RFC 7606 §7.8'),
  9: { ...number('ORIGINATOR_ID', optional, 'RFC 7606 §7.9'), isInternalOnly: true },
  10: { ...numbers('CLUSTER_LIST', optional, 'RFC 7606 §7.10'), isInternalOnly: true },
  14: {
    name: 'MP_REACH_NLRI',
    flags: optional,
    malformed: Verdict.reset,
    clause: 'RFC 7606 §7.11',
    decode: (reader) => {
      const family = familyKey(reader.u16(), reader.u8());
      const nextHop = reader.bytes(reader.u8()).slice();
      // The reserved byte (RFC 4760 §3) is passed over, whatever it holds.
      reader.u8();
      return { family, nextHop, nlri: reader.rest().slice() };
    },
    encode: ({ family, nextHop, nlri }, writer) => {
      writer.u16(family >>> 8);
      writer.u8(family & 0xff);
      writer.u8(nextHop.length);
      writer.bytes(nextHop);
      writer.u8(0);
      writer.bytes(nlri);
    },
  },
  15: {
    name: 'MP_UNREACH_NLRI',
    flags: optional,
    malformed: Verdict.reset,
    clause: 'RFC 7606 §7.12',
    decode: (reader) => ({ family: familyKey(reader.u16(), reader.u8()), nlri: reader.rest().slice() }),
    encode: ({ family, nlri }, writer) => {
      writer.u16(family >>> 8);
      writer.u8(family & 0xff);
      writer.bytes(nlri);
    },
  },
  16: pieces('EXTENDED_COMMUNITIES', 8, 'RFC 7606 §7.14'),
  17: {
    name: 'AS4_PATH',
    flags: optionalTransitive,
    malformed: Verdict.discard,
    clause: 'RFC 6793 §6',
    decode: (reader, { isRecorded }) => {
      const segments = reader.remaining === 0 ? undefined : decodeAsPath(reader, true);
      // RFC 7607 §2.
      if (isRecorded !== true && segments?.some(({ numbers: path }) => path.includes(0)) === true) return undefined;
      // Confederation segments must not be in it; they are left out, not held against it.
      return segments?.filter(({ type }) => type === 'sequence' || type === 'set');
    },
    encode: (value, writer) => encodeAsPath(value, writer, true),
  },
  18: {
    name: 'AS4_AGGREGATOR',
    flags: optionalTransitive,
    malformed: Verdict.discard,
    clause: 'RFC 6793 §6',
    decode: (reader, context) => readAggregator(reader, true, context),
    encode: ({ as, address }, writer) => {
      writer.u32(as);
      writer.bytes(address);
    },
  },
  25: pieces('IPV6_EXTENDED_COMMUNITIES', 20, 'RFC 7606 §7.15'),
  26: {
    name: 'AIGP',
    flags: optional,
    malformed: Verdict.discard,
    clause: 'RFC 7311 §3.4',
    decode: readAigp,
    encode: ({ bytes }, writer) => writer.bytes(bytes),
  },
  32: {
    name: 'LARGE_COMMUNITY',
    flags: optionalTransitive,
    malformed: Verdict.withdraw,
    clause: 'RFC 8092 §6',
    decode: (reader) =>
      isWhole(reader, 12)
        ? Array.from({ length: reader.remaining / 12 }, () => ({
            global: reader.u32(),
            local1: reader.u32(),
            local2: reader.u32(),
          }))
        : undefined,
    encode: (value, writer) => {
      for (const { global, local1, local2 } of value) {
        writer.u32(global);
        writer.u32(local1);
        writer.u32(local2);
      }
    },
  },
  35: number('ONLY_TO_CUSTOMER', optionalTransitive, 'RFC 9234 §5'),
};

/** The table by any number; undefined: not understood. */
export function attributeCodecOf(code: number): AttributeCodec<KnownCode> | undefined {
  return attributeCodecs[code as KnownCode] as AttributeCodec<KnownCode> | undefined;
}

/** A reader over one attribute's value. */
export function readerOf(value: Uint8Array): ByteReader {
  return new Reader(value);
}

/** One number of 32 bits. */
function number<Code extends 4 | 5 | 9 | 35>(name: string, flags: number, clause: string): AttributeCodec<Code> {
  return {
    ...{ name, flags, clause, malformed: Verdict.withdraw },
    decode: (reader) => (reader.remaining === 4 ? (reader.u32() as Value<Code>) : undefined),
    encode: (value, writer) => writer.u32(value),
  };
}

/** Numbers of 32 bits, one at least. */
function numbers<Code extends 8 | 10>(name: string, flags: number, clause: string): AttributeCodec<Code> {
  return {
    ...{ name, flags, clause, malformed: Verdict.withdraw },
    decode: (reader) =>
      isWhole(reader, 4)
        ? (Array.from({ length: reader.remaining / 4 }, () => reader.u32()) as readonly number[] as Value<Code>)
        : undefined,
    encode: (value, writer) => {
      for (const one of value) writer.u32(one);
    },
  };
}

/** Pieces of one size, one at least, which mean nothing to us beyond their bytes. */
function pieces<Code extends 16 | 25>(name: string, size: number, clause: string): AttributeCodec<Code> {
  return {
    ...{ name, flags: optionalTransitive, clause, malformed: Verdict.withdraw },
    decode: (reader) =>
      isWhole(reader, size)
        ? (Array.from({ length: reader.remaining / size }, () =>
            reader.bytes(size).slice(),
          ) as readonly Uint8Array[] as Value<Code>)
        : undefined,
    encode: (value, writer) => {
      for (const one of value) writer.bytes(one);
    },
  };
}

function isWhole(reader: ByteReader, size: number): boolean {
  return reader.remaining > 0 && reader.remaining % size === 0;
}

function exactly(reader: ByteReader, length: number): Uint8Array | undefined {
  return reader.remaining === length ? reader.rest().slice() : undefined;
}

function readAggregator(reader: ByteReader, isFourOctet: boolean, { isRecorded }: AttributeContext) {
  if (reader.remaining !== (isFourOctet ? 8 : 6)) return undefined;
  const as = isFourOctet ? reader.u32() : reader.u16();
  // RFC 7607 §2: 0 is nobody's; what follows is RFC 7606's verdict for the attribute.
  return as === 0 && isRecorded !== true ? undefined : { as, address: reader.rest().slice() };
}

/** TLVs of type, length (both counted in it) and value; the first of type 1 with 11 bytes is the metric. */
function readAigp(reader: ByteReader): Value<26> | undefined {
  const bytes = reader.rest().slice();
  const inner = new Reader(bytes);
  let metric: bigint | null = null;
  while (inner.remaining > 0) {
    const type = inner.u8();
    const length = inner.u16();
    if (length < 3 || (type === 1 && length !== 11)) return undefined;
    inner.enter(length - 3);
    if (type === 1 && metric === null) metric = inner.u64();
    inner.leave();
  }
  return inner.failed ? undefined : { metric, bytes };
}
