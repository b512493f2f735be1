/**
 * BMP (RFC 7854): what a speaker tells a monitoring station of its sessions and of what its peers send, and what it sends
 * itself (RFC 8671). Only written: a station says nothing.
 */
import { ByteWriter } from '@patronus/wire';
import type { FamilyKey } from '../codec/families.ts';
import { encodeNotification } from '../codec/notification.ts';
import type { DownReason } from '../session/effects.ts';
import { events } from '../session/transitions.ts';

const VERSION = 3;

/** §4.1. */
export const BmpType = {
  routeMonitoring: 0,
  statistics: 1,
  peerDown: 2,
  peerUp: 3,
  initiation: 4,
  termination: 5,
} as const;

/** §4.2. */
export interface BmpPeer {
  /** 4 or 16 bytes. */
  readonly address: Uint8Array;
  readonly as: number;
  readonly identifier: number;
  /** AS_PATH of the UPDATEs has two bytes for each number: the peer is an old one. */
  readonly isTwoOctetAs: boolean;
  /** After the import policy, rather than as it came. */
  readonly isAfterPolicy: boolean;
  /** What we send to it, rather than what it sends (RFC 8671 §4). */
  readonly isOut: boolean;
}

const Flag = { ipv6: 0x80, afterPolicy: 0x40, twoOctetAs: 0x20, out: 0x10 } as const;

/** Since 1970, µs. */
export type TimestampUs = number;

function message(type: number, write: (body: ByteWriter) => void): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.u8(VERSION);
  const length = writer.reserve(4);
  writer.u8(type);
  write(writer);
  writer.patchU16(length, writer.length >>> 16);
  writer.patchU16(length + 2, writer.length & 0xffff);
  return writer.copy();
}

/** Sixteen bytes, an IPv4 address in the last four (§4.2). */
function writeAddress(writer: ByteWriter, address: Uint8Array): void {
  for (let at = address.length; at < 16; at++) writer.u8(0);
  writer.bytes(address.subarray(0, 16));
}

function writePeer(writer: ByteWriter, peer: BmpPeer, atUs: TimestampUs): void {
  const { address, isAfterPolicy, isTwoOctetAs, isOut } = peer;
  // A peer of the global instance (type 0), whose distinguisher is zero.
  writer.u8(0);
  writer.u8(
    (address.length === 16 ? Flag.ipv6 : 0) |
      (isAfterPolicy ? Flag.afterPolicy : 0) |
      (isTwoOctetAs ? Flag.twoOctetAs : 0) |
      (isOut ? Flag.out : 0),
  );
  writer.u64(0n);
  writeAddress(writer, address);
  writer.u32(peer.as);
  writer.u32(peer.identifier);
  writer.u32(Math.floor(atUs / 1_000_000) >>> 0);
  writer.u32(Math.floor(atUs % 1_000_000));
}

function writeText(writer: ByteWriter, type: number, text: string): void {
  const bytes = new TextEncoder().encode(text).subarray(0, 0xffff);
  writer.u16(type);
  writer.u16(bytes.length);
  writer.bytes(bytes);
}

/** The first message of a connection (§4.3). */
export function encodeInitiation(systemDescription: string, systemName: string): Uint8Array<ArrayBuffer> {
  return message(BmpType.initiation, (writer) => {
    writeText(writer, 1, systemDescription);
    writeText(writer, 2, systemName);
  });
}

/** §4.5. */
export const terminationReasons = {
  administrativelyClosed: 0,
  unspecified: 1,
  outOfResources: 2,
  redundant: 3,
  permanentlyClosed: 4,
} as const;

/** The last message of a connection (§4.5). */
export function encodeTermination(reason: keyof typeof terminationReasons, text?: string): Uint8Array<ArrayBuffer> {
  return message(BmpType.termination, (writer) => {
    if (text !== undefined) writeText(writer, 0, text);
    writer.u16(1);
    writer.u16(2);
    writer.u16(terminationReasons[reason]);
  });
}

/** One UPDATE, whole, as it came or as it would be told after policy (§4.6). */
export function encodeRouteMonitoring(peer: BmpPeer, atUs: TimestampUs, update: Uint8Array): Uint8Array<ArrayBuffer> {
  return message(BmpType.routeMonitoring, (writer) => {
    writePeer(writer, peer, atUs);
    writer.bytes(update);
  });
}

export interface PeerUp {
  /** 4 or 16 bytes, as the peer's. */
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  readonly remotePort: number;
  /** Both OPENs, whole. */
  readonly sentOpen: Uint8Array;
  readonly receivedOpen: Uint8Array;
}

/** §4.10. */
export function encodePeerUp(peer: BmpPeer, atUs: TimestampUs, up: PeerUp): Uint8Array<ArrayBuffer> {
  return message(BmpType.peerUp, (writer) => {
    writePeer(writer, peer, atUs);
    writeAddress(writer, up.localAddress);
    writer.u16(up.localPort);
    writer.u16(up.remotePort);
    writer.bytes(up.sentOpen);
    writer.bytes(up.receivedOpen);
  });
}

/** §4.9: who ended it, with the NOTIFICATION, or with the event of our state machine. `null`: it is not told of any more. */
export function encodePeerDown(
  peer: BmpPeer,
  atUs: TimestampUs,
  reason: Pick<DownReason, 'event' | 'notification'> | null,
): Uint8Array<ArrayBuffer> {
  return message(BmpType.peerDown, (writer) => {
    writePeer(writer, peer, atUs);
    const notification = reason?.notification ?? null;
    if (reason === null) writer.u8(5);
    else if (notification !== null) {
      const { code, subcode } = notification;
      writer.u8(notification.from === 'local' ? 1 : 3);
      writer.bytes(encodeNotification({ code, subcode, data: new Uint8Array(0) }));
    } else if (reason.event === 'TcpConnectionFails') writer.u8(4);
    else {
      writer.u8(2);
      writer.u16(events.indexOf(reason.event) + 1);
    }
  });
}

/** §4.8, by number: 32-bit counters, 64-bit gauges, and gauges for one family. */
export const Statistic = {
  rejectedByPolicy: 0,
  duplicateAnnouncements: 1,
  duplicateWithdrawals: 2,
  clusterListLoops: 3,
  asPathLoops: 4,
  originatorIdLoops: 5,
  adjRibIn: 7,
  locRib: 8,
  familyAdjRibIn: 9,
  familyLocRib: 10,
  treatedAsWithdraw: 11,
  prefixesTreatedAsWithdraw: 12,
} as const;

const gauges: ReadonlySet<number> = new Set([
  ...[Statistic.adjRibIn, Statistic.locRib, Statistic.familyAdjRibIn, Statistic.familyLocRib],
]);

export interface StatisticValue {
  readonly statistic: keyof typeof Statistic;
  readonly value: number;
  /** For those that are kept by family. */
  readonly family?: FamilyKey;
}

export function encodeStatistics(
  peer: BmpPeer,
  atUs: TimestampUs,
  values: readonly StatisticValue[],
): Uint8Array<ArrayBuffer> {
  return message(BmpType.statistics, (writer) => {
    writePeer(writer, peer, atUs);
    writer.u32(values.length);
    for (const { statistic, value, family } of values) {
      const type = Statistic[statistic];
      writer.u16(type);
      if (!gauges.has(type)) {
        writer.u16(4);
        writer.u32(value >>> 0);
        continue;
      }
      writer.u16(family === undefined ? 8 : 11);
      if (family !== undefined) {
        writer.u16(family >>> 8);
        writer.u8(family & 0xff);
      }
      writer.u64(BigInt(value));
    }
  });
}
