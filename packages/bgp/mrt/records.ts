/**
 * MRT, the format in which routing tables and the messages of sessions are kept (RFC 6396; 8050 for path identifiers).
 * Records are read one by one out of a stream's bytes; what a record of an unknown kind holds is passed over.
 */
import type { IpAddress } from '@patronus/net';
import { ByteReader } from '@patronus/wire';
import { type FamilyKey, familyKey } from '../codec/families.ts';

/** RFC 6396 §4. */
const Type = { tableDump: 12, tableDumpV2: 13, bgp4mp: 16, bgp4mpEt: 17 } as const;
const TableDumpV2 = {
  peerIndexTable: 1,
  ribIpv4Unicast: 2,
  ribIpv4Multicast: 3,
  ribIpv6Unicast: 4,
  ribIpv6Multicast: 5,
} as const;
/** RFC 8050 §4: the same, with path identifiers. */
const TableDumpV2AddPath: Readonly<Record<number, number>> = { 8: 2, 9: 3, 10: 4, 11: 5 };

export interface MrtPeer {
  readonly address: IpAddress;
  readonly as: number;
}

export interface MrtPrefix {
  readonly family: FamilyKey;
  readonly address: Uint8Array;
  readonly length: number;
}

/** One route of a table as it was at a moment. */
export interface MrtRoute {
  readonly kind: 'route';
  /** s since 1970. */
  readonly time: number;
  readonly format: 'TABLE_DUMP' | 'TABLE_DUMP2';
  readonly peer: MrtPeer;
  readonly prefix: MrtPrefix;
  readonly originatedAt: number;
  readonly attributes: Uint8Array;
  /** AS numbers in the attributes have four bytes; and MP_REACH_NLRI is cut to its next hop (RFC 6396 §4.3.4). */
  readonly isFourOctetAs: boolean;
}

export interface MrtMessage {
  readonly kind: 'message';
  readonly time: number;
  readonly peer: MrtPeer;
  readonly isFourOctetAs: boolean;
  readonly hasPathIds: boolean;
  /** A whole BGP message, header included. */
  readonly message: Uint8Array;
}

export interface MrtStateChange {
  readonly kind: 'state';
  readonly time: number;
  readonly peer: MrtPeer;
  /** RFC 6396 §4.4.1: 1 Idle … 6 Established. */
  readonly from: number;
  readonly to: number;
}

export interface MrtFault {
  readonly kind: 'fault';
  readonly time: number;
  readonly reason: string;
}

export type MrtRecord = MrtRoute | MrtMessage | MrtStateChange | MrtFault;

const HEADER = 12;

/** Reads records; keeps the peer table that later records of TABLE_DUMP_V2 point into. */
export class MrtReader {
  #peers: readonly MrtPeer[] = [];

  /**
   * The record at `offset`: what it holds, and where the next one begins; undefined while it is not there as a whole. A
   * record that cannot be read is a `fault`, and the next is read all the same.
   */
  read(
    bytes: Uint8Array,
    offset: number,
  ): { readonly records: readonly MrtRecord[]; readonly next: number } | undefined {
    if (bytes.length - offset < HEADER) return undefined;
    const header = new ByteReader(bytes.subarray(offset, offset + HEADER));
    const time = header.u32();
    const type = header.u16();
    const subtype = header.u16();
    const length = header.u32();
    const next = offset + HEADER + length;
    if (next > bytes.length) return undefined;
    const body = new ByteReader(bytes.subarray(offset + HEADER, next));
    return { records: this.#body(time, type, subtype, body), next };
  }

  #body(time: number, type: number, subtype: number, body: ByteReader): MrtRecord[] {
    // The extended form has microseconds before the rest (§3).
    if (type === Type.bgp4mpEt) body.u32();
    const records = this.#records(time, type, subtype, body);
    return body.failed
      ? [{ kind: 'fault', time, reason: `a record of type ${type}/${subtype} is cut short` }]
      : records;
  }

  #records(time: number, type: number, subtype: number, body: ByteReader): MrtRecord[] {
    if (type === Type.tableDump) return [readTableDump(time, subtype, body)];
    if (type === Type.bgp4mp || type === Type.bgp4mpEt) return readBgp4mp(time, subtype, body);
    if (type !== Type.tableDumpV2) return [];
    if (subtype === TableDumpV2.peerIndexTable) {
      this.#peers = readPeers(body);
      return [];
    }
    return this.#rib(time, subtype, body);
  }

  /** §4.3.2. */
  #rib(time: number, subtype: number, body: ByteReader): MrtRecord[] {
    const plain = TableDumpV2AddPath[subtype] ?? subtype;
    if (plain < TableDumpV2.ribIpv4Unicast || plain > TableDumpV2.ribIpv6Multicast) return [];
    const afi = plain >= TableDumpV2.ribIpv6Unicast ? 2 : 1;
    body.u32();
    const length = body.u8();
    const address = new Uint8Array(afi === 1 ? 4 : 16);
    const octets = (length + 7) >>> 3;
    if (octets > address.length) return [{ kind: 'fault', time, reason: `a prefix of ${length} bits` }];
    address.set(body.bytes(octets));
    const prefix = { family: familyKey(afi, plain % 2 === 0 ? 1 : 2), address, length };
    const records: MrtRecord[] = [];
    for (let count = body.u16(); count > 0 && !body.failed; count--) {
      const number = body.u16();
      const originatedAt = body.u32();
      if (plain !== subtype) body.u32();
      const attributes = body.bytes(body.u16());
      const peer = this.#peers[number];
      if (body.failed) break;
      if (peer === undefined) records.push({ kind: 'fault', time, reason: `peer ${number} is not in the peer table` });
      else {
        records.push({
          ...{ kind: 'route', time, format: 'TABLE_DUMP2', peer, prefix },
          ...{ originatedAt, attributes, isFourOctetAs: true },
        });
      }
    }
    return records;
  }
}

/** §4.2: one route, AS numbers of two bytes. */
function readTableDump(time: number, afi: number, body: ByteReader): MrtRecord {
  body.u16();
  body.u16();
  const address = body.bytes(afi === 1 ? 4 : 16);
  const length = body.u8();
  body.u8();
  const originatedAt = body.u32();
  const peerAddress = body.bytes(afi === 1 ? 4 : 16);
  const as = body.u16();
  const attributes = body.bytes(body.u16());
  return {
    ...{ kind: 'route', time, format: 'TABLE_DUMP', originatedAt, attributes, isFourOctetAs: false },
    peer: { address: { family: afi === 1 ? 4 : 6, bytes: peerAddress }, as },
    prefix: { family: familyKey(afi, 1), address, length },
  };
}

/** §4.3.1. */
function readPeers(body: ByteReader): MrtPeer[] {
  body.u32();
  body.skip(body.u16());
  const peers: MrtPeer[] = [];
  for (let count = body.u16(); count > 0 && !body.failed; count--) {
    const type = body.u8();
    body.u32();
    const isIpv6 = (type & 1) !== 0;
    const bytes = body.bytes(isIpv6 ? 16 : 4);
    const as = (type & 2) !== 0 ? body.u32() : body.u16();
    peers.push({ address: { family: isIpv6 ? 6 : 4, bytes }, as });
  }
  return peers;
}

/** §4.4: even and odd subtypes in a table, because they are no sequence. */
const bgp4mpKinds: Readonly<Record<number, { isState: boolean; isFourOctetAs: boolean; hasPathIds: boolean }>> = {
  0: { isState: true, isFourOctetAs: false, hasPathIds: false },
  1: { isState: false, isFourOctetAs: false, hasPathIds: false },
  4: { isState: false, isFourOctetAs: true, hasPathIds: false },
  5: { isState: true, isFourOctetAs: true, hasPathIds: false },
  6: { isState: false, isFourOctetAs: false, hasPathIds: false },
  7: { isState: false, isFourOctetAs: true, hasPathIds: false },
  8: { isState: false, isFourOctetAs: false, hasPathIds: true },
  9: { isState: false, isFourOctetAs: true, hasPathIds: true },
  10: { isState: false, isFourOctetAs: false, hasPathIds: true },
  11: { isState: false, isFourOctetAs: true, hasPathIds: true },
};

function readBgp4mp(time: number, subtype: number, body: ByteReader): MrtRecord[] {
  const kind = bgp4mpKinds[subtype];
  if (kind === undefined) return [];
  const number = () => (kind.isFourOctetAs ? body.u32() : body.u16());
  const as = number();
  number();
  body.u16();
  const afi = body.u16();
  if (afi !== 1 && afi !== 2) return [{ kind: 'fault', time, reason: `addresses of family ${afi}` }];
  const bytes = body.bytes(afi === 1 ? 4 : 16);
  body.skip(afi === 1 ? 4 : 16);
  const peer: MrtPeer = { address: { family: afi === 1 ? 4 : 6, bytes }, as };
  if (kind.isState) return [{ kind: 'state', time, peer, from: body.u16(), to: body.u16() }];
  const { isFourOctetAs, hasPathIds } = kind;
  return [{ kind: 'message', time, peer, isFourOctetAs, hasPathIds, message: body.rest() }];
}
