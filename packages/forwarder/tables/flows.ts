/**
 * The flow table: what is known of a conversation, by segment and 5-tuple. Both directions are one entry, so an answer
 * finds what its question was allowed. Bounded by construction: sets of eight ways, in which a new flow replaces the one
 * that was quiet longest. A lost entry costs a new look at routes and policies, nothing else.
 *
 * Everything lies in typed arrays, so a packet allocates nothing. The hash is seeded, so that nobody outside can choose
 * flows that all fall into one set.
 */
import { type PacketView, Protocol } from '@patronus/net';

const WAYS = 8;
/** Segment and protocol, both ports, lower address, higher address: 40 bytes. */
const KEY_WORDS = 10;

export const NO_ENTRY = -1;
export const NO_EDGE = -1;
export const NO_APPLICATION = -1;

/** A flow that was quiet for so long begins anew: RFC 4787 §4.3 and RFC 5382 §5 ask NATs for no less. */
const QUIET_MS = 300_000;
const QUIET_TCP_MS = 7_440_000;

/** ICMP echoes have an identifier where others have ports: asking and answering end of one are told apart. */
const ECHO_PORT = 0xffff;
const ECHO_IDENTIFIER = 4;

export class FlowTable {
  readonly #sets: number;
  readonly #keys: Uint32Array;
  /** Of an empty way nothing: so a table that holds little takes little memory. */
  readonly #lastUsedMs: Float64Array;
  /** When what is remembered was last judged, as an epoch; 0 is an empty way. */
  readonly #epochs: Uint32Array;
  readonly #seed: number;
  readonly #key = new Uint32Array(KEY_WORDS);
  /** By entry: the flow's policy; what its first packet was, which is what policies are asked about. */
  readonly policies: Int16Array;
  /** Order (see `order`) of the packets of whoever began the flow, and the code point of the first. */
  readonly initiators: Uint8Array;
  readonly codePoints: Uint8Array;
  /** Which application it was recognised as, and how many more packets are looked at for that. */
  readonly applications: Int16Array;
  readonly inspections: Uint8Array;
  /** 0…63: its place in groups that balance. Of another hash than the one that finds it. */
  readonly buckets: Uint8Array;
  /** Changes whenever another flow takes the entry. */
  readonly stamps: Uint32Array;
  /** By side, `entry * 2 + order`: the edge it goes to; what compression learned of it (sampling.ts; 0 to begin with). */
  readonly edges: Int32Array;
  readonly samples: Uint16Array;
  #epoch = 1;
  /** Of the packet last looked up: which of the two directions of its flow it goes, the first way of its set, its hash. */
  #order = 0;
  #first = 0;
  #hash = 0;
  #last = 0;

  /** `capacity` flows, rounded up to a power of two, at least 8; `seed` is random. */
  constructor(capacity: number, seed: number) {
    this.#sets = 2 ** Math.max(0, Math.ceil(Math.log2(capacity / WAYS)));
    const entries = this.#sets * WAYS;
    this.#keys = new Uint32Array(entries * KEY_WORDS);
    this.#lastUsedMs = new Float64Array(entries);
    this.#epochs = new Uint32Array(entries);
    this.policies = new Int16Array(entries);
    this.initiators = new Uint8Array(entries);
    this.codePoints = new Uint8Array(entries);
    this.applications = new Int16Array(entries);
    this.inspections = new Uint8Array(entries);
    this.buckets = new Uint8Array(entries);
    this.stamps = new Uint32Array(entries);
    this.edges = new Int32Array(entries * 2);
    this.samples = new Uint16Array(entries * 2);
    this.#seed = seed >>> 0;
  }

  get capacity(): number {
    return this.#epochs.length;
  }

  /** 0 where the packet last looked up goes from the lower end (address, then port) to the higher one, otherwise 1. */
  get order(): 0 | 1 {
    return this.#order as 0 | 1;
  }

  /** The entry of this packet's flow, or NO_ENTRY. It counts as used now. */
  lookup(segment: number, packet: PacketView, nowMs: number): number {
    this.#writeKey(segment, packet);
    const entry = this.#find();
    if (entry === NO_ENTRY) return NO_ENTRY;
    const isTcp = packet.protocol === Protocol.tcp;
    if (nowMs - this.#lastUsedMs[entry]! > (isTcp ? QUIET_TCP_MS : QUIET_MS)) {
      this.#epochs[entry] = 0;
      return NO_ENTRY;
    }
    this.#lastUsedMs[entry] = nowMs;
    return entry;
  }

  /** Whether the entry was judged since the last `reconsider`. */
  isJudged(entry: number): boolean {
    return this.#epochs[entry] === this.#epoch;
  }

  /** The entry counts as judged from now on. */
  judged(entry: number): void {
    this.#epochs[entry] = this.#epoch;
  }

  /**
   * Makes an entry for the flow of the packet that was last looked up, begun by that packet: in place of what was known
   * of it, or of the quietest flow of its set. Who calls says what its policy is.
   */
  remember(codePoint: number, inspections: number, nowMs: number): number {
    this.#locate();
    let entry = this.#findInSet();
    if (entry === NO_ENTRY) {
      entry = this.#quietest(this.#first);
      this.#keys.set(this.#key, entry * KEY_WORDS);
    }
    this.#last = entry;
    this.stamps[entry]! += 1;
    this.#epochs[entry] = this.#epoch;
    this.#lastUsedMs[entry] = nowMs;
    this.initiators[entry] = this.#order;
    this.codePoints[entry] = codePoint;
    this.applications[entry] = NO_APPLICATION;
    this.inspections[entry] = inspections;
    this.buckets[entry] = this.bucket;
    this.#clearSides(entry);
    return entry;
  }

  /** Where a packet that has no entry, and was looked up last, belongs in a group that balances. */
  get bucket(): number {
    return Math.imul(this.#hash ^ (this.#seed >>> 7), 0xcc9e2d51) >>> 26;
  }

  /** Forgets which edges the flow goes to. */
  clearEdges(entry: number): void {
    this.edges[entry * 2] = this.edges[entry * 2 + 1] = NO_EDGE;
  }

  /** Routes or policies have changed: every flow has to be judged again, but who began it stays known. */
  reconsider(): void {
    this.#epoch = (this.#epoch + 1) >>> 0;
    if (this.#epoch !== 0) return;
    // After 2^32 changes the numbers begin again; only then do old entries have to be wiped.
    this.#epochs.fill(0);
    this.#epoch = 1;
  }

  /** Whether there is a flow, for those who look through the table: at an entry of 0 to `capacity`. */
  isTaken(entry: number): boolean {
    return this.#epochs[entry] !== 0;
  }

  lastUsedMs(entry: number): number {
    return this.#lastUsedMs[entry]!;
  }

  /** The ten words of the flow's key: see `#writeKey`. */
  keyOf(entry: number): Uint32Array {
    return this.#keys.subarray(entry * KEY_WORDS, (entry + 1) * KEY_WORDS);
  }

  #clearSides(entry: number): void {
    this.clearEdges(entry);
    this.samples[entry * 2] = this.samples[entry * 2 + 1] = 0;
  }

  /** Segment, family and protocol; port of the lower and the higher end; lower address; higher address. */
  #writeKey(segment: number, packet: PacketView): void {
    const key = this.#key;
    const { bytes, sourceOffset, destinationOffset } = packet;
    key[0] = (segment << 16) | (packet.family << 8) | packet.protocol;
    let { sourcePort, destinationPort } = packet;
    if (packet.protocol === Protocol.icmp || packet.protocol === Protocol.icmpv6) {
      const identifier = echoIdentifier(packet);
      if (identifier >= 0) {
        sourcePort = asks(packet) ? identifier : ECHO_PORT;
        destinationPort = asks(packet) ? ECHO_PORT : identifier;
      }
    }
    const ports = sourcePort <= destinationPort ? 0 : 1;
    if (packet.family === 4) {
      const source = wordAt(bytes, sourceOffset);
      const destination = wordAt(bytes, destinationOffset);
      const order = source === destination ? ports : source >>> 0 < destination >>> 0 ? 0 : 1;
      this.#order = order;
      key[2] = order === 0 ? source : destination;
      key[6] = order === 0 ? destination : source;
      key[3] = key[4] = key[5] = key[7] = key[8] = key[9] = 0;
    } else {
      this.#order = orderOf(bytes, sourceOffset, destinationOffset, ports);
      const low = this.#order === 0 ? sourceOffset : destinationOffset;
      const high = this.#order === 0 ? destinationOffset : sourceOffset;
      for (let word = 0; word < 4; word++) {
        key[2 + word] = wordAt(bytes, low + word * 4);
        key[6 + word] = wordAt(bytes, high + word * 4);
      }
    }
    key[1] = this.#order === 0 ? (sourcePort << 16) | destinationPort : (destinationPort << 16) | sourcePort;
  }

  /** One multiplication and one rotation a word, then MurmurHash3's finish. */
  #hashKey(): number {
    let hash = this.#seed;
    for (let word = 0; word < KEY_WORDS; word++) {
      hash = Math.imul(hash ^ this.#key[word]!, 0x9e3779b1);
      hash = (hash << 13) | (hash >>> 19);
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }

  /** Packets come in bursts of one flow: the entry of the last one is tried before anything is hashed. */
  #find(): number {
    if (this.#epochs[this.#last] !== 0 && this.#matches(this.#last * KEY_WORDS)) return this.#last;
    this.#locate();
    return this.#findInSet();
  }

  #locate(): void {
    this.#hash = this.#hashKey();
    this.#first = (this.#hash & (this.#sets - 1)) * WAYS;
  }

  #findInSet(): number {
    for (let way = this.#first; way < this.#first + WAYS; way++) {
      if (this.#epochs[way] === 0 || !this.#matches(way * KEY_WORDS)) continue;
      this.#last = way;
      return way;
    }
    return NO_ENTRY;
  }

  #matches(at: number): boolean {
    for (let word = 0; word < KEY_WORDS; word++) if (this.#keys[at + word] !== this.#key[word]) return false;
    return true;
  }

  #quietest(first: number): number {
    let quietest = first;
    for (let way = first; way < first + WAYS; way++) {
      if (this.#epochs[way] === 0) return way;
      if (this.#lastUsedMs[way]! < this.#lastUsedMs[quietest]!) quietest = way;
    }
    return quietest;
  }
}

/** Of IPv6 addresses, 0: the source is the lower end. `ports` says it where they are the same. */
function orderOf(bytes: Uint8Array, source: number, destination: number, ports: 0 | 1): 0 | 1 {
  for (let at = 0; at < 16; at++) {
    const difference = bytes[source + at]! - bytes[destination + at]!;
    if (difference !== 0) return difference < 0 ? 0 : 1;
  }
  return ports;
}

/** Identifier of an ICMP echo (RFC 792, RFC 4443 §4), or -1. */
function echoIdentifier(packet: PacketView): number {
  const { bytes, transportOffset: at } = packet;
  if (packet.isLaterFragment || packet.transportLength < ECHO_IDENTIFIER + 2) return -1;
  const type = bytes[at]!;
  const isEcho = packet.protocol === Protocol.icmp ? type === 8 || type === 0 : type === 128 || type === 129;
  return isEcho ? (bytes[at + ECHO_IDENTIFIER]! << 8) | bytes[at + ECHO_IDENTIFIER + 1]! : -1;
}

function asks(packet: PacketView): boolean {
  const type = packet.bytes[packet.transportOffset]!;
  return type === 8 || type === 128;
}

function wordAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
