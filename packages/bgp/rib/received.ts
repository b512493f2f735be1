/**
 * From the body of an UPDATE to routes. Most bodies are in order, and for those no object is made: attributes are looked up
 * as the bytes they are, and NLRI is read in place. All others take the way through `decodeUpdate`, whose verdicts are the
 * only ones there are: this way only leaves out work, and the tests hold it against that one.
 */

import { Trait } from '../codec/attributes/quickScan.ts';
import { Verdict } from '../codec/attributes/table.ts';
import { AttributeCode, Flag } from '../codec/attributes/values.ts';
import type { MessageError } from '../codec/errors.ts';
import { type FamilyKey, IPV4_UNICAST, prefixFamily } from '../codec/families.ts';
import { decodeUpdate, type Negotiated, type Update } from '../codec/update.ts';
import type { AttributeTable } from './attributeTable.ts';

/** Where the routes go. Bytes are views that hold until it answers; NLRI has been checked. */
export interface RouteSink {
  withdraw(family: FamilyKey, bytes: Uint8Array, offset: number, end: number, hasPathIds: boolean): void;
  /** `set`: the number of the attributes. */
  announce(family: FamilyKey, bytes: Uint8Array, offset: number, end: number, hasPathIds: boolean, set: number): void;
}

/** What an UPDATE came to. */
export type Received = MessageError | { readonly endOfRib: FamilyKey } | undefined;

const NONE = -1;

export class UpdateReader {
  readonly #table: AttributeTable;
  #scratch = new Uint8Array(8_192);
  /** What `#find` found. */
  #attributesOffset = 0;
  #attributesEnd = 0;
  #isSorted = false;
  #hasOthers = false;
  #reach = NONE;
  #reachEnd = 0;
  #unreach = NONE;
  #unreachEnd = 0;
  /** UPDATEs that took the long way. */
  slowCount = 0;

  constructor(table: AttributeTable) {
    this.#table = table;
  }

  read(body: Uint8Array, negotiated: Negotiated, sink: RouteSink): Received {
    if (this.#find(body) && this.#readQuickly(body, negotiated, sink)) return undefined;
    return this.#readCarefully(body, negotiated, sink);
  }

  /** Finds the parts; false: not as expected. */
  #find(body: Uint8Array): boolean {
    if (body.length <= 4) return false;
    const withdrawnLength = (body[0]! << 8) | body[1]!;
    if (withdrawnLength + 4 > body.length) return false;
    this.#attributesOffset = withdrawnLength + 4;
    const end = this.#attributesOffset + ((body[withdrawnLength + 2]! << 8) | body[withdrawnLength + 3]!);
    if (end > body.length) return false;
    this.#attributesEnd = end;
    this.#reach = NONE;
    this.#unreach = NONE;
    this.#hasOthers = false;
    this.#isSorted = true;
    let last = 0;
    for (let at = this.#attributesOffset; at < end; ) {
      if (end - at < 4) {
        // ATOMIC_AGGREGATE has three bytes; nothing else as short is in order.
        if (end - at < 3 || body[at + 2] !== 0) return false;
      }
      const code = body[at + 1]!;
      const isLong = (body[at]! & Flag.extendedLength) !== 0;
      if (isLong && end - at < 4) return false;
      const start = at + (isLong ? 4 : 3);
      const behind = start + (isLong ? (body[at + 2]! << 8) | body[at + 3]! : body[at + 2]!);
      if (behind > end) return false;
      if (code === AttributeCode.mpReach) {
        if (this.#reach !== NONE || (body[at]! & 0xc0) !== Flag.optional) return false;
        this.#reach = start;
        this.#reachEnd = behind;
      } else if (code === AttributeCode.mpUnreach) {
        if (this.#unreach !== NONE || (body[at]! & 0xc0) !== Flag.optional || behind - start < 3) return false;
        this.#unreach = start;
        this.#unreachEnd = behind;
      } else {
        if (code <= last) this.#isSorted = false;
        last = code;
        this.#hasOthers = true;
        // Low four bits of the flags mean nothing and are not kept (RFC 4271 §4.3).
        if ((body[at]! & 0x0f) !== 0) this.#isSorted = false;
      }
      at = behind;
    }
    return this.#isSorted;
  }

  /** False: nothing was done, and the long way has to be taken. */
  #readQuickly(body: Uint8Array, negotiated: Negotiated, sink: RouteSink): boolean {
    const nlri = this.#attributesEnd;
    const hasNlri = nlri < body.length;
    const { addPath, isExternal } = negotiated;
    const withdrawnEnd = this.#attributesOffset - 2;
    const hasBodyPathIds = addPath.has(IPV4_UNICAST);
    let bodySet = 0;
    let reachSet = 0;
    let reachFamily = 0;
    let reachNlri = 0;
    if (hasNlri || this.#reach !== NONE) {
      if (!negotiated.isFourOctetAs) return false;
      if (this.#reach !== NONE) {
        if (this.#reachEnd - this.#reach < 5) return false;
        reachFamily = familyAt(body, this.#reach);
        reachNlri = this.#reach + 5 + body[this.#reach + 3]!;
        if (reachNlri > this.#reachEnd || prefixFamily(reachFamily) === undefined) return false;
        // The table's numbers stay good until something is collected, which nobody does here.
        reachSet = this.#internReach(body);
        if (reachSet === 0 || !this.#isComplete(reachSet, Trait.origin | Trait.asPath, isExternal)) return false;
      }
      if (hasNlri) {
        bodySet = this.#internBody(body);
        const needed = Trait.origin | Trait.asPath | Trait.nextHop;
        if (bodySet === 0 || !this.#isComplete(bodySet, needed, isExternal)) return false;
      }
    } else if (this.#hasOthers || (this.#unreach === NONE && withdrawnEnd === 2)) return false;
    const unreachFamily = this.#unreach === NONE ? 0 : familyAt(body, this.#unreach);
    if (this.#unreach !== NONE) {
      if (prefixFamily(unreachFamily) === undefined) return false;
      // Maybe End-of-RIB.
      if (this.#unreachEnd - this.#unreach === 3) return false;
    }
    const isSound =
      isReadable(body, 2, withdrawnEnd, 4, hasBodyPathIds) &&
      isReadable(body, nlri, body.length, 4, hasBodyPathIds) &&
      (this.#reach === NONE ||
        isReadable(body, reachNlri, this.#reachEnd, prefixFamily(reachFamily)!, addPath.has(reachFamily))) &&
      (this.#unreach === NONE ||
        isReadable(
          body,
          this.#unreach + 3,
          this.#unreachEnd,
          prefixFamily(unreachFamily)!,
          addPath.has(unreachFamily),
        ));
    if (!isSound) return false;
    if (withdrawnEnd > 2) sink.withdraw(IPV4_UNICAST, body, 2, withdrawnEnd, hasBodyPathIds);
    if (this.#unreach !== NONE) {
      sink.withdraw(unreachFamily, body, this.#unreach + 3, this.#unreachEnd, addPath.has(unreachFamily));
    }
    if (reachSet !== 0) {
      sink.announce(reachFamily, body, reachNlri, this.#reachEnd, addPath.has(reachFamily), reachSet);
    }
    if (hasNlri) sink.announce(IPV4_UNICAST, body, nlri, body.length, hasBodyPathIds, bodySet);
    return true;
  }

  /** What the long way would complain about: something missing, or something that an external peer has no say in. */
  #isComplete(set: number, needed: number, isExternal: boolean): boolean {
    const traits = this.#table.traits[set]!;
    return (traits & needed) === needed && !(isExternal && (traits & Trait.internal) !== 0);
  }

  #internBody(body: Uint8Array): number {
    if (this.#reach === NONE && this.#unreach === NONE) {
      const length = this.#attributesEnd - this.#attributesOffset;
      return this.#table.internCanonical(body, this.#attributesOffset, length);
    }
    const length = this.#copyOthers(body, true);
    return this.#table.internCanonical(this.#scratch, 0, length);
  }

  #internReach(body: Uint8Array): number {
    const length = this.#copyOthers(body, false);
    const scratch = this.#scratch;
    const nextHopLength = body[this.#reach + 3]!;
    let to = length;
    scratch[to++] = Flag.optional;
    scratch[to++] = AttributeCode.mpReach;
    scratch[to++] = 5 + nextHopLength;
    // An impossible length gives bytes that `quickScan` does not take.
    for (let at = 0; at < 4 + nextHopLength; at++) scratch[to++] = body[this.#reach + at]!;
    scratch[to++] = 0;
    return this.#table.internCanonical(scratch, 0, to);
  }

  /** All attributes but the multiprotocol ones, and NEXT_HOP if wanted. */
  #copyOthers(body: Uint8Array, withNextHop: boolean): number {
    const most = this.#attributesEnd - this.#attributesOffset + 300;
    if (this.#scratch.length < most) this.#scratch = new Uint8Array(most * 2);
    const scratch = this.#scratch;
    let to = 0;
    for (let at = this.#attributesOffset; at < this.#attributesEnd; ) {
      const isLong = (body[at]! & Flag.extendedLength) !== 0;
      const code = body[at + 1]!;
      const behind = at + (isLong ? 4 + ((body[at + 2]! << 8) | body[at + 3]!) : 3 + body[at + 2]!);
      const isLeftOut =
        code === AttributeCode.mpReach ||
        code === AttributeCode.mpUnreach ||
        (code === AttributeCode.nextHop && !withNextHop);
      if (!isLeftOut) for (let from = at; from < behind; from++) scratch[to++] = body[from]!;
      at = behind;
    }
    return to;
  }

  #readCarefully(body: Uint8Array, negotiated: Negotiated, sink: RouteSink): Received {
    this.slowCount += 1;
    const decoded = decodeUpdate(body, negotiated);
    if (!decoded.ok) return decoded.error;
    const update = decoded.value;
    if (update.endOfRib !== undefined) return { endOfRib: update.endOfRib };
    this.#apply(update, negotiated, sink);
    return undefined;
  }

  #apply({ withdrawn, unreach, nlri, reach, verdict, attributes }: Update, negotiated: Negotiated, sink: RouteSink) {
    const { addPath, isFourOctetAs } = negotiated;
    const withdraw = (family: FamilyKey, bytes: Uint8Array) => {
      if (bytes.length > 0) sink.withdraw(family, bytes, 0, bytes.length, addPath.has(family));
    };
    const announce = (family: FamilyKey, bytes: Uint8Array, isFor: 'body' | 'reach') => {
      if (bytes.length === 0) return;
      const set = verdict === Verdict.withdraw ? 0 : this.#table.internValues(attributes, isFor, isFourOctetAs);
      // RFC 7606 §2: what cannot be used counts as withdrawn.
      if (set === 0) withdraw(family, bytes);
      else sink.announce(family, bytes, 0, bytes.length, addPath.has(family), set);
    };
    withdraw(IPV4_UNICAST, withdrawn);
    if (unreach !== undefined && prefixFamily(unreach.family) !== undefined) withdraw(unreach.family, unreach.nlri);
    if (reach !== undefined && prefixFamily(reach.family) !== undefined) announce(reach.family, reach.nlri, 'reach');
    announce(IPV4_UNICAST, nlri, 'body');
  }
}

function familyAt(body: Uint8Array, at: number): FamilyKey {
  return (((body[at]! << 8) | body[at + 1]!) << 8) | body[at + 2]!;
}

/** Whether the NLRI can be read to its end (RFC 7606 §5.3). */
function isReadable(bytes: Uint8Array, offset: number, end: number, family: 4 | 6, hasPathIds: boolean): boolean {
  const most = family === 4 ? 32 : 128;
  const head = hasPathIds ? 5 : 1;
  let at = offset;
  while (at < end) {
    if (at + head > end) return false;
    const length = bytes[at + head - 1]!;
    if (length > most) return false;
    at += head + ((length + 7) >>> 3);
  }
  return at === end;
}
