/**
 * A made-up routing table as UPDATE messages, encoded before anything is measured: prefix lengths and path lengths as the
 * Internet has them, about seven prefixes to a set of attributes, nearly every set different. The same seed gives the same.
 */
import { type AsSegment, attribute, encodeUpdate, type PathAttribute } from '@patronus/bgp';

export interface EncodedTable {
  /** UPDATEs that announce, one after the other. */
  readonly announce: Uint8Array;
  /** UPDATEs that withdraw the same prefixes. */
  readonly withdraw: Uint8Array;
  readonly messages: number;
}

const PREFIXES_A_MESSAGE = 7;
/** Of a full table, in percent: nearly two thirds are /24. */
const lengths: readonly (readonly [length: number, percent: number])[] = [
  [24, 60],
  [23, 9],
  [22, 13],
  [21, 5],
  [20, 5],
  [19, 4],
  [18, 2],
  [17, 1],
  [16, 1],
];
const context = { isFourOctetAs: true, isExternal: true } as const;
const nothing = new Uint8Array(0);

export function encodedTable(routes: number, peerAs: number, nextHop: Uint8Array, seed = 1): EncodedTable {
  const random = mulberry32(seed);
  const announce: Uint8Array[] = [];
  const withdraw: Uint8Array[] = [];
  let address = 0x0100_0000;
  let left = routes;
  while (left > 0) {
    const count = Math.min(left, PREFIXES_A_MESSAGE);
    const nlri = new Uint8Array(count * 4);
    let size = 0;
    // One length a message keeps addresses without gaps; over a table the shares are as they should be.
    const length = pick(random);
    const step = 2 ** (32 - length);
    for (let at = 0; at < count; at++) {
      address = Math.ceil(address / step) * step;
      // Loopback is nobody's route.
      if (address >>> 24 === 127) address = 0x8000_0000;
      nlri[size++] = length;
      for (let bits = 0; bits < length; bits += 8) nlri[size++] = (address >>> (24 - bits)) & 0xff;
      address += step;
    }
    if (address > 0xdfff_ffff) throw new RangeError(`${routes} routes do not fit into unicast IPv4`);
    const prefixes = nlri.subarray(0, size);
    announce.push(
      encodeUpdate({ withdrawn: nothing, nlri: prefixes, attributes: attributesOf(random, peerAs, nextHop) }, context),
    );
    withdraw.push(encodeUpdate({ withdrawn: prefixes, nlri: nothing, attributes: [] }, context));
    left -= count;
  }
  return { announce: Buffer.concat(announce), withdraw: Buffer.concat(withdraw), messages: announce.length };
}

function attributesOf(random: () => number, peerAs: number, nextHop: Uint8Array): PathAttribute[] {
  // None of them is that of a speaker under test, which would refuse its own.
  const numbers = Array.from({ length: 2 + Math.floor(random() * 4) }, () => 100_000 + Math.floor(random() * 300_000));
  const path: AsSegment[] = [{ type: 'sequence', numbers: [peerAs, ...numbers] }];
  const attributes = [attribute(1, random() < 0.9 ? 'igp' : 'incomplete'), attribute(2, path), attribute(3, nextHop)];
  if (random() < 0.3) attributes.push(attribute(4, Math.floor(random() * 1_000)));
  if (random() < 0.6) {
    const communities = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
      return (((peerAs & 0xffff) << 16) | Math.floor(random() * 0xffff)) >>> 0;
    });
    attributes.push(attribute(8, communities));
  }
  return attributes;
}

function pick(random: () => number): number {
  let at = random() * 100;
  for (const [length, percent] of lengths) {
    at -= percent;
    if (at < 0) return length;
  }
  return 24;
}

function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
