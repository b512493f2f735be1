/**
 * The relay's dice: xoshiro128** seeded through splitmix32, so that one small number gives a long, well-mixed sequence.
 * Not for secrets.
 */
export interface Dice {
  /** Uniform in [0, 1), 32 bits of it. */
  next(): number;
}

export function createDice(seed: number): Dice {
  const split = splitmix32(seed);
  let [a, b, c, d] = [split(), split(), split(), split()];
  return {
    next() {
      const result = Math.imul(rotate(Math.imul(b, 5), 7), 9) >>> 0;
      const shifted = b << 9;
      c ^= a;
      d ^= b;
      b ^= c;
      a ^= d;
      c ^= shifted;
      d = rotate(d, 11);
      return result / 0x1_0000_0000;
    },
  };
}

/** A number in [-1, 1) that depends on seed and position alone: noise that can be looked up in any order. */
export function noiseAt(seed: number, position: number): number {
  const mixed = splitmix32((Math.imul(position, 0x9e37_79b1) ^ seed) >>> 0);
  mixed();
  return (mixed() >>> 0) / 0x8000_0000 - 1;
}

const rotate = (value: number, by: number) => (value << by) | (value >>> (32 - by));

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e37_79b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0_aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a_2d97);
    return z ^ (z >>> 15);
  };
}
