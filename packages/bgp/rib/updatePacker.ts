/**
 * Writes UPDATE messages (RFC 4271 §4.3, 4760 §3 and §4) as full as they get: prefixes come one by one, and a message ends
 * when the next one does not fit. IPv4 unicast goes into the body's own fields, unless its next hop does not fit there.
 */

import { AttributeCode, Flag } from '../codec/attributes/values.ts';
import { type FamilyKey, IPV4_UNICAST } from '../codec/families.ts';
import { HEADER_LENGTH, MessageType, writeHeader } from '../codec/header.ts';
import { prefixSize } from '../codec/nlri/prefixes.ts';
import { encodeRouteRefresh } from '../codec/routeRefresh.ts';
import type { ByteSets } from './byteSets.ts';
import type { PrefixTable } from './prefixTable.ts';

/** Bytes of messages, one after the other. */
export class MessageBuffer {
  bytes = new Uint8Array(8_192);
  length = 0;

  /** Makes room for so many more. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const longer = new Uint8Array(Math.max(this.bytes.length * 2, this.length + more));
    longer.set(this.bytes.subarray(0, this.length));
    this.bytes = longer;
  }

  append(message: Uint8Array): void {
    this.reserve(message.length);
    this.bytes.set(message, this.length);
    this.length += message.length;
  }
}

const NONE = -1;

export class UpdatePacker {
  readonly #out: MessageBuffer;
  readonly #wires: ByteSets;
  readonly #family: FamilyKey;
  readonly #prefixes: PrefixTable;
  readonly #most: number;
  readonly #hasPathIds: boolean;
  /** Where the open message begins. */
  #start = NONE;
  /** The attributes of the open message; 0: it withdraws. */
  #wire = 0;
  /** Where the length of MP_(UN)REACH_NLRI stands. */
  #lengthOffset = NONE;
  /** What follows the NLRI of the open message. */
  #tail = 0;

  constructor(
    out: MessageBuffer,
    wires: ByteSets,
    family: FamilyKey,
    prefixes: PrefixTable,
    mostMessageLength: number,
    hasPathIds: boolean,
  ) {
    this.#out = out;
    this.#wires = wires;
    this.#family = family;
    this.#prefixes = prefixes;
    this.#most = mostMessageLength;
    this.#hasPathIds = hasPathIds;
  }

  withdraw(prefix: number, pathId: number): void {
    this.#add(prefix, pathId, 0);
  }

  announce(prefix: number, pathId: number, wire: number): void {
    this.#add(prefix, pathId, wire);
  }

  /** RFC 4724 §2. */
  endOfRib(): void {
    this.flush();
    this.#open(0);
    this.flush();
  }

  /** RFC 7313 §4. */
  border(kind: 'begin' | 'end'): void {
    this.flush();
    this.#out.append(encodeRouteRefresh(this.#family, kind));
  }

  /** Ends the open message. */
  flush(): void {
    if (this.#start === NONE) return;
    const out = this.#out;
    const isInBody = this.#lengthOffset === NONE;
    if (isInBody && this.#wire === 0) {
      putU16(out.bytes, this.#start + HEADER_LENGTH, out.length - this.#start - HEADER_LENGTH - 2);
      out.length = putU16(out.bytes, out.length, 0);
    }
    if (!isInBody) {
      putU16(out.bytes, this.#lengthOffset, out.length - this.#lengthOffset - 2);
      if (this.#wire !== 0) this.#putAttributes();
      putU16(out.bytes, this.#start + HEADER_LENGTH + 2, out.length - this.#start - HEADER_LENGTH - 4);
    }
    writeHeader(out.bytes, this.#start, out.length - this.#start, MessageType.update);
    this.#start = NONE;
  }

  #add(prefix: number, pathId: number, wire: number): void {
    const size = prefixSize(this.#prefixes.lengthOf(prefix), this.#hasPathIds);
    const out = this.#out;
    const length = out.length - this.#start + size + this.#tail;
    if (this.#start !== NONE && (this.#wire !== wire || length > this.#most)) this.flush();
    if (this.#start === NONE) this.#open(wire);
    if (this.#hasPathIds) {
      putU16(out.bytes, out.length, pathId >>> 16);
      out.length = putU16(out.bytes, out.length + 2, pathId & 0xffff);
    }
    out.length = this.#prefixes.write(prefix, out.bytes, out.length);
  }

  /** Writes all that comes before the NLRI. */
  #open(wire: number): void {
    const out = this.#out;
    out.reserve(this.#most);
    this.#start = out.length;
    this.#wire = wire;
    this.#tail = 0;
    this.#lengthOffset = NONE;
    out.length = putU16(out.bytes, out.length + HEADER_LENGTH, 0);
    const nextHopLength = wire === 0 ? 0 : this.#wires.pageOf(wire)[this.#wires.offsetOf(wire)]!;
    if (wire === 0 && this.#family === IPV4_UNICAST) {
      this.#tail = 2;
      return;
    }
    out.length += 2;
    if (wire !== 0 && nextHopLength === 0) {
      this.#putAttributes();
      putU16(out.bytes, this.#start + HEADER_LENGTH + 2, out.length - this.#start - HEADER_LENGTH - 4);
      return;
    }
    this.#openMultiprotocol(wire, nextHopLength);
  }

  #openMultiprotocol(wire: number, nextHopLength: number): void {
    const out = this.#out;
    const { bytes } = out;
    bytes[out.length] = Flag.optional | Flag.extendedLength;
    bytes[out.length + 1] = wire === 0 ? AttributeCode.mpUnreach : AttributeCode.mpReach;
    this.#lengthOffset = out.length + 2;
    putU16(bytes, out.length + 4, this.#family >>> 8);
    bytes[out.length + 6] = this.#family & 0xff;
    out.length += 7;
    if (wire === 0) return;
    const page = this.#wires.pageOf(wire);
    const offset = this.#wires.offsetOf(wire);
    for (let at = 0; at <= nextHopLength; at++) bytes[out.length++] = page[offset + at]!;
    bytes[out.length++] = 0;
    this.#tail = this.#wires.lengthOf(wire) - 1 - nextHopLength;
  }

  /** All of the wire form but the next hop. */
  #putAttributes(): void {
    const out = this.#out;
    const page = this.#wires.pageOf(this.#wire);
    const offset = this.#wires.offsetOf(this.#wire);
    const end = offset + this.#wires.lengthOf(this.#wire);
    const { bytes } = out;
    let to = out.length;
    for (let at = offset + 1 + page[offset]!; at < end; at++) bytes[to++] = page[at]!;
    out.length = to;
  }
}

function putU16(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value & 0xff;
  return at + 2;
}
