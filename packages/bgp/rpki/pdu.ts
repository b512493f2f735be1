/**
 * The PDUs of RPKI-to-router (RFC 8210 §5; version 0 as RFC 6810 §5 has them). What a cache sends is checked as far as
 * it can be without knowing what was asked.
 */
import { ByteReader, ByteWriter, err, ok, type Result } from '@patronus/wire';

export type Version = 0 | 1;

export const PduType = {
  serialNotify: 0,
  serialQuery: 1,
  resetQuery: 2,
  cacheResponse: 3,
  ipv4Prefix: 4,
  ipv6Prefix: 6,
  endOfData: 7,
  cacheReset: 8,
  routerKey: 9,
  errorReport: 10,
} as const;

/** RFC 8210 §12. */
export const PduErrorCode = {
  corruptData: 0,
  internalError: 1,
  noDataAvailable: 2,
  invalidRequest: 3,
  unsupportedVersion: 4,
  unsupportedType: 5,
  withdrawalOfUnknown: 6,
  duplicateAnnouncement: 7,
  unexpectedVersion: 8,
} as const;

export const pduErrorNames: readonly string[] = [
  ...['corrupt data', 'internal error', 'no data available', 'invalid request', 'unsupported protocol version'],
  ...['unsupported PDU type', 'withdrawal of unknown record', 'duplicate announcement', 'unexpected protocol version'],
];

/** s (§6). */
export interface Intervals {
  readonly refreshS: number;
  readonly retryS: number;
  readonly expireS: number;
}

export interface PrefixPdu {
  readonly type: typeof PduType.ipv4Prefix | typeof PduType.ipv6Prefix;
  readonly isAnnouncement: boolean;
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly length: number;
  readonly maxLength: number;
  readonly as: number;
}

export type Pdu =
  | { readonly type: 0 | 1; readonly sessionId: number; readonly serial: number }
  | { readonly type: 2 | 8 }
  | { readonly type: 3; readonly sessionId: number }
  | PrefixPdu
  /** Version 0 tells no intervals. */
  | { readonly type: 7; readonly sessionId: number; readonly serial: number; readonly intervals: Intervals | null }
  | {
      readonly type: 9;
      readonly isAnnouncement: boolean;
      readonly keyIdentifier: Uint8Array;
      readonly as: number;
      readonly key: Uint8Array;
    }
  | { readonly type: 10; readonly code: number; readonly pdu: Uint8Array; readonly text: string };

export interface PduError {
  readonly code: number;
  readonly reason: string;
}

export interface PduHeader {
  readonly version: number;
  readonly type: number;
  readonly length: number;
}

export const PDU_HEADER = 8;
/** Longer than any PDU has reason to be; what claims more is corrupt. */
export const MOST_PDU = 65_536;

/** What each type has to be, header included; null: it has a length of its own. */
const lengths: Readonly<Record<Version, Readonly<Record<number, number | null>>>> = {
  0: { 0: 12, 1: 12, 2: 8, 3: 8, 4: 20, 6: 32, 7: 12, 8: 8, 10: null },
  1: { 0: 12, 1: 12, 2: 8, 3: 8, 4: 20, 6: 32, 7: 24, 8: 8, 9: null, 10: null },
};
const LEAST_REPORT = 16;
const LEAST_KEY = 32;

/** undefined: fewer than 8 bytes are there. */
export function readPduHeader(bytes: Uint8Array, offset: number, end: number): PduHeader | undefined {
  if (end - offset < PDU_HEADER) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, PDU_HEADER);
  return { version: view.getUint8(0), type: view.getUint8(1), length: view.getUint32(4) };
}

/** Whether a header can be believed, for a version that is known. */
export function checkPduHeader({ version, type, length }: PduHeader): PduError | undefined {
  const wanted = lengths[version as Version][type];
  if (wanted === undefined) return { code: PduErrorCode.unsupportedType, reason: `PDU type ${type} is not known` };
  const least = type === PduType.routerKey ? LEAST_KEY : LEAST_REPORT;
  if (wanted === null ? length >= least && length <= MOST_PDU : length === wanted) return undefined;
  return { code: PduErrorCode.corruptData, reason: `a PDU of type ${type} with length ${length}` };
}

/** Reads one whole PDU whose header was checked. */
export function decodePdu(bytes: Uint8Array): Result<Pdu, PduError> {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  const type = reader.u8();
  const sessionId = reader.u16();
  reader.u32();
  switch (type) {
    case PduType.serialNotify:
    case PduType.serialQuery:
      return ok({ type, sessionId, serial: reader.u32() });
    case PduType.resetQuery:
    case PduType.cacheReset:
      return ok({ type });
    case PduType.cacheResponse:
      return ok({ type, sessionId });
    case PduType.ipv4Prefix:
    case PduType.ipv6Prefix:
      return readPrefix(reader, type);
    case PduType.endOfData:
      return readEndOfData(reader, version, sessionId);
    case PduType.routerKey:
      return ok({
        ...{ type, isAnnouncement: (sessionId >>> 8) % 2 === 1, keyIdentifier: reader.bytes(20).slice() },
        ...{ as: reader.u32(), key: reader.rest().slice() },
      });
    default:
      return readReport(reader, sessionId);
  }
}

function readPrefix(reader: ByteReader, type: PrefixPdu['type']): Result<PrefixPdu, PduError> {
  const flags = reader.u8();
  const length = reader.u8();
  const maxLength = reader.u8();
  reader.u8();
  const size = type === PduType.ipv4Prefix ? 4 : 16;
  const address = reader.bytes(size).slice();
  const as = reader.u32();
  if (length > maxLength || maxLength > 8 * size) {
    const reason = `a prefix of ${length} bits with a maximum of ${maxLength}`;
    return err({ code: PduErrorCode.corruptData, reason });
  }
  clearBehind(address, length);
  return ok({ type, isAnnouncement: flags % 2 === 1, address, length, maxLength, as });
}

function clearBehind(address: Uint8Array, length: number): void {
  for (let bit = length; bit < 8 * address.length; bit++) address[bit >>> 3]! &= ~(0x80 >>> (bit & 7));
}

/** Bounds of RFC 8210 §6: what lies outside is no reason to hang up, and is taken as its nearest bound. */
const bounds = { refreshS: [1, 86_400], retryS: [1, 7_200], expireS: [600, 172_800] } as const;

function readEndOfData(reader: ByteReader, version: number, sessionId: number): Result<Pdu, PduError> {
  const serial = reader.u32();
  if (version === 0) return ok({ type: 7, sessionId, serial, intervals: null });
  const within = ([least, most]: readonly [number, number]) => Math.min(most, Math.max(least, reader.u32()));
  const refreshS = within(bounds.refreshS);
  const retryS = within(bounds.retryS);
  const expireS = Math.max(within(bounds.expireS), refreshS + 1, retryS + 1);
  return ok({ type: 7, sessionId, serial, intervals: { refreshS, retryS, expireS } });
}

const decoder = new TextDecoder();

function readReport(reader: ByteReader, code: number): Result<Pdu, PduError> {
  const pdu = reader.bytes(reader.u32()).slice();
  const text = decoder.decode(reader.bytes(reader.u32()));
  if (reader.failed || reader.remaining > 0) {
    return err({ code: PduErrorCode.corruptData, reason: 'an Error Report whose lengths do not fit' });
  }
  return ok({ type: 10, code, pdu, text });
}

/** A whole PDU. */
export function encodePdu(version: Version, pdu: Pdu): Uint8Array<ArrayBuffer> {
  const body = new ByteWriter();
  let field = 'sessionId' in pdu ? pdu.sessionId : 0;
  switch (pdu.type) {
    case PduType.serialNotify:
    case PduType.serialQuery:
      body.u32(pdu.serial);
      break;
    case PduType.ipv4Prefix:
    case PduType.ipv6Prefix:
      body.u8(pdu.isAnnouncement ? 1 : 0);
      body.u8(pdu.length);
      body.u8(pdu.maxLength);
      body.u8(0);
      body.bytes(pdu.address);
      body.u32(pdu.as);
      break;
    case PduType.endOfData:
      body.u32(pdu.serial);
      if (version === 1 && pdu.intervals !== null) {
        body.u32(pdu.intervals.refreshS);
        body.u32(pdu.intervals.retryS);
        body.u32(pdu.intervals.expireS);
      }
      break;
    case PduType.routerKey:
      field = pdu.isAnnouncement ? 0x100 : 0;
      body.bytes(pdu.keyIdentifier);
      body.u32(pdu.as);
      body.bytes(pdu.key);
      break;
    case PduType.errorReport: {
      field = pdu.code;
      const text = new TextEncoder().encode(pdu.text);
      body.u32(pdu.pdu.length);
      body.bytes(pdu.pdu);
      body.u32(text.length);
      body.bytes(text);
    }
  }
  const writer = new ByteWriter();
  writer.u8(version);
  writer.u8(pdu.type);
  writer.u16(field);
  writer.u32(PDU_HEADER + body.length);
  writer.bytes(body.view());
  return writer.copy();
}
