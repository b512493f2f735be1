/**
 * Canonical attributes rewritten into those that one kind of peer is told (RFC 4271 §5, §9.2), byte by byte: nothing is
 * decoded for it. Attributes come out in the order of their codes.
 */
import { ByteWriter } from '@patronus/wire';
import { numberAt } from '../codec/attributes/quickScan.ts';
import { attributeCodecOf } from '../codec/attributes/table.ts';
import { AttributeCode, Flag, type PathAttribute } from '../codec/attributes/values.ts';
import type { AttributeTable } from './attributeTable.ts';
import { canonicalBytes } from './canonical.ts';
import type { OwnIdentity } from './importing.ts';
import { hasAigp, type PeerSettings } from './peers.ts';

export interface Telling {
  readonly source: PeerSettings;
  readonly nextHop: Uint8Array;
  /** The NLRI goes into the UPDATE's body, the next hop into NEXT_HOP; otherwise both into MP_REACH_NLRI. */
  readonly isInBody: boolean;
  readonly keepsMed: boolean;
  /** What the metric of AIGP grows by, because we are the next hop now (RFC 7311 §3.4.3). */
  readonly addedMetric: number;
}

const AS_TRANS = 23_456;
const SEQUENCE = 2;
const MOST_NUMBERS = 255;
/** RFC 4360 §2: not beyond the AS. */
const NON_TRANSITIVE = 0x40;

export class WireWriter {
  readonly #own: OwnIdentity;
  readonly #target: PeerSettings;
  readonly #isFourOctetAs: boolean;
  readonly #out = new ByteWriter(4_096);
  readonly #canonical = new ByteWriter(1_024);
  readonly #path = new ByteWriter(1_024);
  /** Where each attribute's value begins, by code; 0: it is not there. */
  readonly #starts = new Uint32Array(256);
  readonly #lengths = new Uint32Array(256);
  readonly #flags = new Uint8Array(256);
  #bytes: Uint8Array = new Uint8Array(0);
  readonly #defaultLocalPreference: number;

  constructor(table: AttributeTable, own: OwnIdentity, target: PeerSettings, isFourOctetAs: boolean) {
    this.#own = own;
    this.#target = target;
    this.#isFourOctetAs = isFourOctetAs;
    this.#defaultLocalPreference = table.defaultLocalPreference;
  }

  /** A policy's values as bytes, good until the next call. */
  canonical(values: readonly PathAttribute[]): Uint8Array {
    const isReach = values.some(({ code }) => code === AttributeCode.mpReach);
    canonicalBytes(values, isReach ? 'reach' : 'body', true, this.#canonical);
    return this.#canonical.view();
  }

  /** The wire form, good until the next call. */
  write(bytes: Uint8Array, offset: number, length: number, telling: Telling): Uint8Array {
    this.#find(bytes, offset, length);
    const out = this.#out;
    out.reset();
    out.u8(telling.isInBody ? 0 : telling.nextHop.length);
    if (!telling.isInBody) out.bytes(telling.nextHop);
    for (let code = 1; code < 256; code++) this.#tell(code, telling);
    return out.view();
  }

  #find(bytes: Uint8Array, offset: number, length: number): void {
    this.#bytes = bytes;
    this.#starts.fill(0);
    for (let at = offset; at < offset + length; ) {
      const flags = bytes[at]!;
      const code = bytes[at + 1]!;
      const isLong = (flags & Flag.extendedLength) !== 0;
      const start = at + (isLong ? 4 : 3);
      this.#flags[code] = flags;
      this.#starts[code] = start;
      this.#lengths[code] = isLong ? (bytes[at + 2]! << 8) | bytes[at + 3]! : bytes[at + 2]!;
      at = start + this.#lengths[code]!;
    }
  }

  #tell(code: number, telling: Telling): void {
    const isThere = this.#starts[code] !== 0;
    switch (code) {
      case AttributeCode.asPath:
        this.#tellAsPath(isThere);
        break;
      case AttributeCode.nextHop:
        if (telling.isInBody) this.#put(code, Flag.transitive, telling.nextHop);
        break;
      case AttributeCode.multiExitDiscriminator:
        if (isThere && telling.keepsMed) this.#copy(code);
        break;
      case AttributeCode.localPreference:
        // RFC 4271 §5.1.5: to internal peers always, to external ones never.
        if (this.#isExternal) break;
        if (isThere) this.#copy(code);
        else this.#putNumber(code, Flag.transitive, this.#defaultLocalPreference);
        break;
      case AttributeCode.aggregator:
        if (isThere) this.#tellAggregator();
        break;
      case AttributeCode.originatorId:
        // RFC 4456 §8: made by the first reflector, kept by the others.
        if (this.#isExternal) break;
        if (isThere) this.#copy(code);
        else if (isInternal(telling.source)) this.#putNumber(code, Flag.optional, telling.source.identifier);
        break;
      case AttributeCode.clusterList:
        if (!this.#isExternal) this.#tellClusterList(isThere, isInternal(telling.source));
        break;
      case AttributeCode.extendedCommunities:
        if (isThere) this.#tellExtendedCommunities();
        break;
      case AttributeCode.as4Path:
        if (!this.#isFourOctetAs) this.#tellAs4Path();
        break;
      case AttributeCode.as4Aggregator:
        if (!this.#isFourOctetAs) this.#tellAs4Aggregator();
        break;
      case AttributeCode.aigp:
        if (isThere && hasAigp(this.#target)) this.#tellAigp(telling.addedMetric);
        break;
      case AttributeCode.onlyToCustomer:
        // RFC 9234 §5: what goes down or across is marked, if it was not before.
        if (isThere) this.#copy(code);
        else if (this.#marksForCustomers) {
          this.#putNumber(code, Flag.optional | Flag.transitive, this.#target.localAs);
        }
        break;
      case AttributeCode.mpReach:
        break;
      default:
        if (isThere) this.#tellOther(code);
    }
  }

  get #isExternal(): boolean {
    return this.#target.kind === 'external';
  }

  get #marksForCustomers(): boolean {
    const { role } = this.#target;
    return this.#isExternal && (role === 'provider' || role === 'peer' || role === 'route-server');
  }

  /** RFC 4271 §5: unknown ones go on if they are transitive, with the partial bit. */
  #tellOther(code: number): void {
    if (attributeCodecOf(code) !== undefined) this.#copy(code);
    else if ((this.#flags[code]! & Flag.transitive) !== 0) {
      const start = this.#starts[code]!;
      const value = this.#bytes.subarray(start, start + this.#lengths[code]!);
      this.#put(code, this.#flags[code]! | Flag.partial, value);
    }
  }

  #copy(code: number): void {
    const start = this.#starts[code]!;
    this.#put(code, this.#flags[code]!, this.#bytes.subarray(start, start + this.#lengths[code]!));
  }

  #put(code: number, flags: number, value: Uint8Array): void {
    this.#head(code, flags, value.length);
    this.#out.bytes(value);
  }

  #putNumber(code: number, flags: number, value: number): void {
    this.#head(code, flags, 4);
    this.#out.u32(value);
  }

  #head(code: number, flags: number, length: number): void {
    const isLong = length > 255 || (flags & Flag.extendedLength) !== 0;
    this.#out.u8(isLong ? flags | Flag.extendedLength : flags);
    this.#out.u8(code);
    if (isLong) this.#out.u16(length);
    else this.#out.u8(length);
  }

  /** RFC 4271 §5.1.2: our AS in front for external peers; RFC 7947 §2.2.2: not as a route server. */
  #tellAsPath(isThere: boolean): void {
    this.#buildPath(isThere);
    const path = this.#path.view();
    if (this.#isFourOctetAs) {
      this.#put(AttributeCode.asPath, Flag.transitive, path);
      return;
    }
    this.#head(AttributeCode.asPath, Flag.transitive, shortPathLength(path));
    for (let at = 0; at < path.length; ) {
      const count = path[at + 1]!;
      this.#out.u8(path[at]!);
      this.#out.u8(count);
      for (let one = 0; one < count; one++) {
        const number = numberAt(path, at + 2 + 4 * one);
        this.#out.u16(number > 0xffff ? AS_TRANS : number);
      }
      at += 2 + 4 * count;
    }
  }

  #buildPath(isThere: boolean): void {
    const path = this.#path;
    path.reset();
    let start = this.#starts[AttributeCode.asPath]!;
    const end = isThere ? start + this.#lengths[AttributeCode.asPath]! : start;
    if (this.#isExternal && this.#target.isRouteServerClient !== true) {
      const count = start < end && this.#bytes[start] === SEQUENCE ? this.#bytes[start + 1]! : 0;
      const joins = count > 0 && count < MOST_NUMBERS;
      path.u8(SEQUENCE);
      path.u8(joins ? count + 1 : 1);
      path.u32(this.#target.localAs);
      if (joins) start += 2;
    }
    path.bytes(this.#bytes.subarray(start, end));
  }

  /** RFC 6793 §4.2.2: the whole path beside the short one, where that cannot say it. */
  #tellAs4Path(): void {
    const path = this.#path.view();
    if (isShort(path)) return;
    this.#put(AttributeCode.as4Path, Flag.optional | Flag.transitive, withoutConfederations(path));
  }

  #tellAggregator(): void {
    if (this.#isFourOctetAs) {
      this.#copy(AttributeCode.aggregator);
      return;
    }
    const start = this.#starts[AttributeCode.aggregator]!;
    const as = numberAt(this.#bytes, start);
    this.#head(AttributeCode.aggregator, this.#flags[AttributeCode.aggregator]!, 6);
    this.#out.u16(as > 0xffff ? AS_TRANS : as);
    this.#out.bytes(this.#bytes.subarray(start + 4, start + 8));
  }

  #tellAs4Aggregator(): void {
    const start = this.#starts[AttributeCode.aggregator]!;
    if (start === 0 || numberAt(this.#bytes, start) <= 0xffff) return;
    this.#put(AttributeCode.as4Aggregator, Flag.optional | Flag.transitive, this.#bytes.subarray(start, start + 8));
  }

  /** RFC 4456 §8: each reflector puts its cluster in front. */
  #tellClusterList(isThere: boolean, isReflected: boolean): void {
    const start = this.#starts[AttributeCode.clusterList]!;
    const length = isThere ? this.#lengths[AttributeCode.clusterList]! : 0;
    const added = isReflected ? 4 : 0;
    if (length + added === 0) return;
    this.#head(AttributeCode.clusterList, Flag.optional, length + added);
    if (isReflected) this.#out.u32(this.#own.clusterId ?? this.#own.identifier);
    this.#out.bytes(this.#bytes.subarray(start, start + length));
  }

  #tellExtendedCommunities(): void {
    const code = AttributeCode.extendedCommunities;
    const start = this.#starts[code]!;
    const end = start + this.#lengths[code]!;
    let kept = 0;
    for (let at = start; at < end; at += 8) if (this.#staysIn(at)) kept += 8;
    if (kept === 0) return;
    this.#head(code, this.#flags[code]!, kept);
    for (let at = start; at < end; at += 8) if (this.#staysIn(at)) this.#out.bytes(this.#bytes.subarray(at, at + 8));
  }

  #staysIn(at: number): boolean {
    return !this.#isExternal || (this.#bytes[at]! & NON_TRANSITIVE) === 0;
  }

  /** RFC 7311 §3.4.3: whoever becomes the next hop adds what it costs to get on; at the end of the numbers it stays. */
  #tellAigp(addedMetric: number): void {
    const code = AttributeCode.aigp;
    const start = this.#starts[code]!;
    const value = this.#bytes.slice(start, start + this.#lengths[code]!);
    const view = new DataView(value.buffer);
    for (let at = 0; at < value.length && addedMetric > 0; at += view.getUint16(at + 1)) {
      if (value[at] !== 1) continue;
      const sum = view.getBigUint64(at + 3) + BigInt(addedMetric);
      view.setBigUint64(at + 3, sum > 0xffff_ffff_ffff_ffffn ? 0xffff_ffff_ffff_ffffn : sum);
      break;
    }
    this.#put(code, this.#flags[code]!, value);
  }
}

function isInternal({ kind }: PeerSettings): boolean {
  return kind === 'internal' || kind === 'client';
}

function shortPathLength(path: Uint8Array): number {
  let length = 0;
  for (let at = 0; at < path.length; at += 2 + 4 * path[at + 1]!) length += 2 + 2 * path[at + 1]!;
  return length;
}

function isShort(path: Uint8Array): boolean {
  for (let at = 0; at < path.length; at += 2 + 4 * path[at + 1]!) {
    for (let one = 0; one < path[at + 1]!; one++) if (numberAt(path, at + 2 + 4 * one) > 0xffff) return false;
  }
  return true;
}

/** RFC 6793 §4.2.2: confederation segments are left out of AS4_PATH. */
function withoutConfederations(path: Uint8Array): Uint8Array {
  const kept: number[] = [];
  for (let at = 0; at < path.length; at += 2 + 4 * path[at + 1]!) {
    if (path[at]! <= 2) kept.push(...path.subarray(at, at + 2 + 4 * path[at + 1]!));
  }
  return Uint8Array.from(kept);
}
