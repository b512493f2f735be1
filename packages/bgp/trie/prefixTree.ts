/**
 * Prefixes of one family in a typed array, with the bits they share stored once (a path-compressed binary tree): for
 * asking which prefixes cover one. There are at most two nodes for a prefix; each lies in one line of the processor's
 * cache, 16 bytes for IPv4 and 32 for IPv6, because a look-up is a chain of nodes far from each other.
 */

/** No value. */
export const NONE = -1;
/** Values are below this. */
export const MOST_VALUES = 2 ** 24 - 1;

const FIRST_CAPACITY = 16;
/** Behind the words of the key: both children, then length and value in one. Node 0 is none. */
const CHILDREN = 0;
const CONTENT = 2;

export class PrefixTree {
  /** Prefixes that carry a value. */
  size = 0;
  readonly #words: 1 | 4;
  readonly #most: number;
  readonly #stride: number;
  #nodes: Uint32Array<ArrayBuffer>;
  #count = 1;
  #root = 0;
  readonly #address = new Uint32Array(4);

  constructor(family: 4 | 6) {
    this.#words = family === 4 ? 1 : 4;
    this.#most = family === 4 ? 32 : 128;
    this.#stride = family === 4 ? 4 : 8;
    this.#nodes = new Uint32Array(FIRST_CAPACITY * this.#stride);
  }

  /** Memory, bytes. */
  get bytes(): number {
    return this.#nodes.byteLength;
  }

  /** The value of exactly this prefix, or NONE. Bits behind the length mean nothing. */
  get(address: Uint8Array, length: number): number {
    let found = NONE;
    this.covering(address, length, (value, own) => {
      if (own === length) found = value;
      return true;
    });
    return found;
  }

  /** Sets a value of 0 and more; NONE takes it away (the node stays, for when the prefix comes back). */
  set(address: Uint8Array, length: number, value: number): void {
    if (!this.#load(address, length)) throw new RangeError(`a prefix of ${length} bits`);
    if (value < NONE || value >= MOST_VALUES) throw new RangeError(`value ${value}: use 0 to ${MOST_VALUES - 1}`);
    const at = this.#place(length) * this.#stride + this.#words + CONTENT;
    const had = this.#nodes[at]! > 0xff;
    if (had !== (value !== NONE)) this.size += had ? -1 : 1;
    this.#nodes[at] = (value + 1) * 256 + length;
  }

  /** Visits the values of all prefixes that cover this one, itself among them, the shortest first, until one says false. */
  covering(address: Uint8Array, length: number, visit: (value: number, coveringLength: number) => boolean): void {
    if (!this.#load(address, length)) return;
    const nodes = this.#nodes;
    const words = this.#words;
    let node = this.#root;
    while (node !== 0) {
      const at = node * this.#stride;
      const content = nodes[at + words + CONTENT]!;
      const own = content & 0xff;
      if (own > length || this.#shared(at) < own) return;
      if (content > 0xff && !visit((content >>> 8) - 1, own)) return;
      if (own === length) return;
      node = nodes[at + words + CHILDREN + this.#bit(own)]!;
    }
  }

  #load(address: Uint8Array, length: number): boolean {
    if (!(length >= 0 && length <= this.#most) || address.length < 4 * this.#words) return false;
    for (let word = 0; word < this.#words; word++) {
      const at = 4 * word;
      this.#address[word] =
        ((address[at]! << 24) | (address[at + 1]! << 16) | (address[at + 2]! << 8) | address[at + 3]!) >>> 0;
    }
    return true;
  }

  #bit(position: number): 0 | 1 {
    return ((this.#address[position >>> 5]! >>> (31 - (position & 31))) & 1) as 0 | 1;
  }

  /** Bits that the key at this place and the loaded address share from the front on. */
  #shared(at: number): number {
    const difference = this.#nodes[at]! ^ this.#address[0]!;
    if (difference !== 0) return Math.clz32(difference);
    for (let word = 1; word < this.#words; word++) {
      const next = this.#nodes[at + word]! ^ this.#address[word]!;
      if (next !== 0) return 32 * word + Math.clz32(next);
    }
    return this.#most;
  }

  #lengthOf(node: number): number {
    return this.#nodes[node * this.#stride + this.#words + CONTENT]! & 0xff;
  }

  /** The node of the loaded prefix, made where it is missing. */
  #place(length: number): number {
    let parent = 0;
    let side = 0;
    let node = this.#root;
    while (node !== 0) {
      const own = this.#lengthOf(node);
      const shared = Math.min(this.#shared(node * this.#stride), own, length);
      if (shared < own) return this.#split(parent, side, node, shared, length);
      if (own === length) return node;
      parent = node;
      side = this.#bit(own);
      node = this.#nodes[parent * this.#stride + this.#words + CHILDREN + side]!;
    }
    const leaf = this.#add(length);
    this.#link(parent, side, leaf);
    return leaf;
  }

  /** Puts a node of `shared` bits above `node`: the new prefix itself, or a fork to it. */
  #split(parent: number, side: number, node: number, shared: number, length: number): number {
    const above = this.#add(shared);
    const key = this.#nodes[node * this.#stride + (shared >>> 5)]!;
    const nodeSide = (key >>> (31 - (shared & 31))) & 1;
    this.#link(above, nodeSide, node);
    this.#link(parent, side, above);
    if (shared === length) return above;
    const leaf = this.#add(length);
    this.#link(above, 1 - nodeSide, leaf);
    return leaf;
  }

  #link(parent: number, side: number, node: number): void {
    if (parent === 0) this.#root = node;
    else this.#nodes[parent * this.#stride + this.#words + CHILDREN + side] = node;
  }

  #add(length: number): number {
    const node = this.#count++;
    const at = node * this.#stride;
    if (at + this.#stride > this.#nodes.length) {
      const larger = new Uint32Array(2 * this.#nodes.length);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    for (let word = 0; word < this.#words; word++) this.#nodes[at + word] = this.#address[word]!;
    this.#nodes[at + this.#words + CONTENT] = length;
    return node;
  }
}
