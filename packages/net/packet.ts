/**
 * A read-only look at an IP packet inside a larger buffer. One view is made once and filled again for every packet,
 * so the packet path allocates nothing. Every offset it reports has been checked to lie inside the packet.
 */

import type { Family } from './address.ts';

/** Why a packet could not be read. `ok` is 0. */
export const PacketVerdict = {
  ok: 0,
  /** First nibble is neither 4 nor 6. */
  notIp: 1,
  /** Shorter than its headers, or than the length it claims. */
  truncated: 2,
  /** IPv4 header length below 20, total length below the header, or an extension header that makes no sense. */
  malformed: 3,
  /** More extension headers than we are willing to walk. */
  tooManyHeaders: 4,
} as const;
export type PacketVerdict = (typeof PacketVerdict)[keyof typeof PacketVerdict];

export const Protocol = { icmp: 1, tcp: 6, udp: 17, esp: 50, icmpv6: 58, none: 59, sctp: 132 } as const;

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const DESTINATION_OPTIONS = 60;
const MOBILITY = 135;

/** RFC 8504 §5.3 lets a node bound this; ordinary packets have none or one. */
const MOST_EXTENSION_HEADERS = 8;

/** Protocols that begin with source and destination port: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const hasPorts = (protocol: number) =>
  protocol === 6 || protocol === 17 || protocol === 33 || protocol === 132 || protocol === 136;

export class PacketView {
  /** The buffer last read. Offsets below index into it. */
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  /** Bytes of the packet by its own header; what follows in the buffer is padding. */
  totalLength = 0;
  family: Family = 4;
  sourceOffset = 0;
  destinationOffset = 0;
  /** DSCP and ECN (RFC 2474, RFC 3168). */
  trafficClass = 0;
  /** TTL or hop limit. */
  hopLimit = 0;
  /** Transport protocol after any extension headers. */
  protocol = 0;
  transportOffset = 0;
  transportLength = 0;
  /** 0 where the protocol has no ports, or where this is a later fragment, which doesn't carry them. */
  sourcePort = 0;
  destinationPort = 0;
  /** Any fragment, also the first. */
  isFragment = false;
  /** A fragment that is not the first: what follows its IP headers is the middle of something. */
  isLaterFragment = false;
  /** What the fragments of one packet have in common; 0 where it is no fragment. */
  fragmentId = 0;

  /**
   * Reads the packet in `length` bytes at `offset`; the stretch must lie inside `bytes`.
   * On any verdict but `ok` the fields are unspecified.
   */
  read(bytes: Uint8Array, offset: number, length: number): PacketVerdict {
    this.bytes = bytes;
    this.offset = offset;
    this.sourcePort = 0;
    this.destinationPort = 0;
    this.isFragment = false;
    this.isLaterFragment = false;
    this.fragmentId = 0;
    if (length < 1 || offset < 0 || offset + length > bytes.length) return PacketVerdict.truncated;
    const version = bytes[offset]! >>> 4;
    if (version === 4) return this.#readIpv4(bytes, offset, length);
    if (version === 6) return this.#readIpv6(bytes, offset, length);
    return PacketVerdict.notIp;
  }

  /** RFC 791 §3.1. */
  #readIpv4(bytes: Uint8Array, offset: number, length: number): PacketVerdict {
    if (length < 20) return PacketVerdict.truncated;
    const headerLength = (bytes[offset]! & 0x0f) * 4;
    const totalLength = wordAt(bytes, offset + 2);
    if (headerLength < 20 || totalLength < headerLength) return PacketVerdict.malformed;
    if (totalLength > length) return PacketVerdict.truncated;
    this.family = 4;
    this.totalLength = totalLength;
    this.trafficClass = bytes[offset + 1]!;
    this.hopLimit = bytes[offset + 8]!;
    this.protocol = bytes[offset + 9]!;
    this.sourceOffset = offset + 12;
    this.destinationOffset = offset + 16;
    this.transportOffset = offset + headerLength;
    this.transportLength = totalLength - headerLength;
    const fragment = wordAt(bytes, offset + 6) & 0x3fff;
    this.isFragment = fragment !== 0;
    if (this.isFragment) this.fragmentId = wordAt(bytes, offset + 4);
    this.isLaterFragment = (fragment & 0x1fff) !== 0;
    return this.#readPorts(!this.isLaterFragment);
  }

  /** RFC 8200 §3 and §4. */
  #readIpv6(bytes: Uint8Array, offset: number, length: number): PacketVerdict {
    if (length < 40) return PacketVerdict.truncated;
    const totalLength = 40 + wordAt(bytes, offset + 4);
    if (totalLength > length) return PacketVerdict.truncated;
    this.family = 6;
    this.totalLength = totalLength;
    this.trafficClass = (wordAt(bytes, offset) >>> 4) & 0xff;
    this.hopLimit = bytes[offset + 7]!;
    this.sourceOffset = offset + 8;
    this.destinationOffset = offset + 24;
    return this.#walkExtensionHeaders(bytes, bytes[offset + 6]!, offset + 40, offset + totalLength);
  }

  #walkExtensionHeaders(bytes: Uint8Array, first: number, start: number, end: number): PacketVerdict {
    let header = first;
    let at = start;
    for (let walked = 0; isExtension(header); walked++) {
      if (walked === MOST_EXTENSION_HEADERS) return PacketVerdict.tooManyHeaders;
      if (at + 8 > end) return PacketVerdict.truncated;
      const next = bytes[at]!;
      if (header === FRAGMENT) {
        this.isFragment = true;
        this.isLaterFragment = wordAt(bytes, at + 2) >>> 3 !== 0;
        this.fragmentId = wordAt(bytes, at + 4) * 0x1_0000 + wordAt(bytes, at + 6);
        at += 8;
        if (this.isLaterFragment) {
          // What follows is the middle of something: no header can be read there.
          this.#setTransport(next, at, end);
          return PacketVerdict.ok;
        }
      } else {
        // The authentication header counts 4-byte words less two (RFC 4302 §2.2), the others 8-byte words less one.
        at += header === AUTHENTICATION ? (bytes[at + 1]! + 2) * 4 : (bytes[at + 1]! + 1) * 8;
        if (at > end) return PacketVerdict.truncated;
      }
      header = next;
    }
    this.#setTransport(header, at, end);
    return this.#readPorts(true);
  }

  #setTransport(protocol: number, at: number, end: number): void {
    this.protocol = protocol;
    this.transportOffset = at;
    this.transportLength = end - at;
  }

  #readPorts(isFirstFragment: boolean): PacketVerdict {
    if (!isFirstFragment || !hasPorts(this.protocol)) return PacketVerdict.ok;
    if (this.transportLength < 4) return PacketVerdict.truncated;
    this.sourcePort = wordAt(this.bytes, this.transportOffset);
    this.destinationPort = wordAt(this.bytes, this.transportOffset + 2);
    return PacketVerdict.ok;
  }
}

function isExtension(header: number): boolean {
  return (
    header === HOP_BY_HOP ||
    header === ROUTING ||
    header === FRAGMENT ||
    header === AUTHENTICATION ||
    header === DESTINATION_OPTIONS ||
    header === MOBILITY
  );
}

function wordAt(bytes: Uint8Array, offset: number): number {
  return (bytes[offset]! << 8) | bytes[offset + 1]!;
}
