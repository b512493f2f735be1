/**
 * Which addresses a DNS answer gives for a name (RFC 1035 §4, RFC 3596), with the names that its CNAME records lead
 * through. The reader is made once and used again; its answers are good until the next read.
 */
import { LONGEST_NAME, nameByte } from '../names.ts';

const HEADER_LENGTH = 12;
/** Most records of an answer that are looked at, names that are followed, and addresses that are taken. */
const MOST_RECORDS = 64;
const MOST_NAMES = 9;
const MOST_ADDRESSES = 32;
const TYPE_A = 1;
const TYPE_CNAME = 5;
const TYPE_AAAA = 28;
const CLASS_INTERNET = 1;

/** Pointers followed for one name: real ones have one or two. */
const MOST_POINTERS = 16;

interface ResourceRecord {
  /** Hash of the owner's name: see `#hashAt`. */
  owner: number;
  type: number;
  ttlSeconds: number;
  data: number;
  dataLength: number;
}

export class DnsAnswerReader {
  /** The name asked for and those it leads to, in lower case: `names[at].subarray(0, nameLengths[at])`. */
  readonly names = Array.from({ length: MOST_NAMES }, () => new Uint8Array(LONGEST_NAME));
  readonly nameLengths = new Uint8Array(MOST_NAMES);
  nameCount = 0;
  /** Where the addresses lie in the message; 4 or 16 bytes each. */
  readonly addressOffsets = new Uint32Array(MOST_ADDRESSES);
  readonly addressFamilies = new Uint8Array(MOST_ADDRESSES);
  addressCount = 0;
  /** The least of all records used. */
  ttlSeconds = 0;
  readonly #records: ResourceRecord[] = Array.from({ length: MOST_RECORDS }, () => ({
    ...{ owner: 0, type: 0, ttlSeconds: 0, data: 0, dataLength: 0 },
  }));
  #recordCount = 0;
  readonly #nameHashes = new Float64Array(MOST_NAMES);
  readonly #owner = new Uint8Array(LONGEST_NAME);
  #bytes: Uint8Array = new Uint8Array(0);
  #from = 0;
  #end = 0;

  /** False: no answer, or none to an ordinary question about addresses, or damaged; then there is nothing in it. */
  read(bytes: Uint8Array, offset: number, length: number): boolean {
    this.nameCount = 0;
    this.addressCount = 0;
    this.#recordCount = 0;
    this.ttlSeconds = 0x7fff_ffff;
    if (offset < 0 || length < HEADER_LENGTH || offset + length > bytes.length) return false;
    this.#bytes = bytes;
    this.#from = offset;
    this.#end = offset + length;
    // RFC 1035 §4.1.1: a response (QR) to a standard query (OPCODE 0) without error (RCODE 0), of one question.
    if ((bytes[offset + 2]! & 0xf8) !== 0x80 || (bytes[offset + 3]! & 0x0f) !== 0) return false;
    if (this.#word(offset + 4) !== 1) return false;
    const question = offset + HEADER_LENGTH;
    const answers = this.#pastName(question) + 4;
    if (answers < HEADER_LENGTH || answers > this.#end) return false;
    if (this.#word(answers - 2) !== CLASS_INTERNET) return false;
    this.#readRecords(answers, this.#word(offset + 6));
    if (!this.#appendName(question)) return false;
    this.#followNames();
    return this.addressCount > 0;
  }

  #readRecords(start: number, count: number): void {
    let at = start;
    for (let number = 0; number < Math.min(count, MOST_RECORDS); number++) {
      const fields = this.#pastName(at);
      if (fields < 0 || fields + 10 > this.#end) return;
      const dataLength = this.#word(fields + 8);
      const data = fields + 10;
      if (data + dataLength > this.#end) return;
      if (this.#word(fields + 2) === CLASS_INTERNET) {
        const record = this.#records[this.#recordCount++]!;
        record.owner = this.#hashAt(at);
        record.type = this.#word(fields);
        record.ttlSeconds = this.#word(fields + 4) * 0x1_0000 + this.#word(fields + 6);
        record.data = data;
        record.dataLength = dataLength;
      }
      at = data + dataLength;
    }
  }

  /** Each name's addresses, and the name that stands for it if there is one (RFC 1034 §3.6.2). */
  #followNames(): void {
    for (let current = 0; current < this.nameCount; current++) {
      for (let at = 0; at < this.#recordCount; at++) {
        const record = this.#records[at]!;
        if (record.owner !== this.#nameHashes[current]) continue;
        if (record.type === TYPE_A && record.dataLength === 4) this.#takeAddress(record, 4);
        else if (record.type === TYPE_AAAA && record.dataLength === 16) this.#takeAddress(record, 6);
        else if (record.type === TYPE_CNAME && this.nameCount === current + 1 && this.#appendName(record.data)) {
          this.#takeTtl(record);
        }
      }
    }
  }

  #takeAddress(record: ResourceRecord, family: number): void {
    if (this.addressCount === MOST_ADDRESSES) return;
    this.addressOffsets[this.addressCount] = record.data;
    this.addressFamilies[this.addressCount++] = family;
    this.#takeTtl(record);
  }

  #takeTtl({ ttlSeconds }: ResourceRecord): void {
    // RFC 2181 §8: with the upper bit set it counts as zero.
    this.ttlSeconds = Math.min(this.ttlSeconds, ttlSeconds > 0x7fff_ffff ? 0 : ttlSeconds);
  }

  /** False where there is no name, or one that was there before: a loop. */
  #appendName(at: number): boolean {
    if (this.nameCount === MOST_NAMES) return false;
    const name = this.names[this.nameCount]!;
    const length = this.#readName(at, name);
    if (length <= 0) return false;
    const hash = hashOf(name, length);
    for (let earlier = 0; earlier < this.nameCount; earlier++) if (this.#nameHashes[earlier] === hash) return false;
    this.nameLengths[this.nameCount] = length;
    this.#nameHashes[this.nameCount++] = hash;
    return true;
  }

  /** -1: no name. Names are compared by their hash: who could make two collide could as well give the other answer. */
  #hashAt(at: number): number {
    const length = this.#readName(at, this.#owner);
    return length <= 0 ? -1 : hashOf(this.#owner, length);
  }

  /** After the name at `at`, as it stands there; -1 where it does not end. */
  #pastName(start: number): number {
    let at = start;
    while (at >= 0 && at < this.#end) {
      const length = this.#bytes[at]!;
      if (length === 0) return at + 1;
      if (length >= 0xc0) return at + 2 <= this.#end ? at + 2 : -1;
      if (length > 63) return -1;
      at += 1 + length;
    }
    return -1;
  }

  /**
   * The name at `start` as text; its length, or -1. Each pointer has to lead to before the place it was reached from
   * (RFC 1035 §4.1.4: a prior occurrence), so following them ends.
   */
  #readName(start: number, into: Uint8Array): number {
    let at = start;
    let earliest = start;
    let length = 0;
    let pointers = 0;
    for (;;) {
      if (at >= this.#end) return -1;
      const label = this.#bytes[at]!;
      if (label === 0) return length === 0 ? 0 : length - 1;
      if (label >= 0xc0) {
        if (at + 2 > this.#end || ++pointers > MOST_POINTERS) return -1;
        const target = this.#from + (((label & 0x3f) << 8) | this.#bytes[at + 1]!);
        if (target >= earliest || target < this.#from + HEADER_LENGTH) return -1;
        at = target;
        earliest = target;
        continue;
      }
      if (label > 63 || at + 1 + label > this.#end || length + label > LONGEST_NAME) return -1;
      for (let letter = at + 1; letter <= at + label; letter++) {
        const byte = nameByte(this.#bytes[letter]!);
        if (byte === 0 || byte === 0x2e) return -1;
        into[length++] = byte;
      }
      at += 1 + label;
      // The dot behind the last label is not counted, so it may lie outside of the name's room.
      if (length < LONGEST_NAME) into[length] = 0x2e;
      length++;
    }
  }

  #word(at: number): number {
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }
}

/** FNV-1a, and the length above it. */
function hashOf(name: Uint8Array, length: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < length; at++) hash = Math.imul(hash ^ name[at]!, 0x01000193);
  return length * 0x1_0000_0000 + (hash >>> 0);
}
