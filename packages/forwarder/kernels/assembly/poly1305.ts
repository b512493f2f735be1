import { BLOCK, copyBytes } from './scratch';

/**
 * Poly1305 (RFC 8439 §2.5) over whole 16-byte blocks, which is all that the AEAD construction needs.
 *
 * The accumulator is h0…h3 (32 bits each, held in 64) and h4 (what lies above 2^128). The key part r is clamped to 28
 * significant bits a word, and r1…r3 are multiples of four, so that x·2^128·r ≡ x·(5r/4) = x·s modulo 2^130 − 5. All
 * sums of products fit 64 bits: with h0 < 2.1·2^32, h1…h3 ≤ 2^32 and a message word added unreduced, every column
 * stays below 11·2^60.
 *
 * State is in module globals between calls and in locals inside of the loops.
 */
export let r0: u64 = 0;
export let r1: u64 = 0;
export let r2: u64 = 0;
export let r3: u64 = 0;
export let h0: u64 = 0;
export let h1: u64 = 0;
export let h2: u64 = 0;
export let h3: u64 = 0;
export let h4: u64 = 0;

/** Puts back what a loop elsewhere (chacha20.ts) worked out. */
// @ts-ignore: decorator
@inline
export function keepAccumulator(a0: u64, a1: u64, a2: u64, a3: u64, a4: u64): void {
  h0 = a0; h1 = a1; h2 = a2; h3 = a3; h4 = a4;
}

/** Starts a message: r from the first 16 bytes at `key`, clamped (§2.5.1), and an empty accumulator. */
export function begin(key: usize): void {
  r0 = load<u32>(key) & 0x0fffffff;
  r1 = load<u32>(key, 4) & 0x0ffffffc;
  r2 = load<u32>(key, 8) & 0x0ffffffc;
  r3 = load<u32>(key, 12) & 0x0ffffffc;
  h0 = 0; h1 = 0; h2 = 0; h3 = 0; h4 = 0;
}

/**
 * Adds the blocks from `from` to `to`, a whole number of them. chacha20.ts holds the same loop between its rounds:
 * neither AssemblyScript nor WebAssembly can inline a function with five results, and globals would cost a trip
 * through memory for each block.
 */
export function absorb(from: usize, to: usize): void {
  const k0 = r0, k1 = r1, k2 = r2, k3 = r3;
  const s1 = k1 + (k1 >> 2), s2 = k2 + (k2 >> 2), s3 = k3 + (k3 >> 2);
  let a0 = h0, a1 = h1, a2 = h2, a3 = h3, a4 = h4;
  for (; from < to; from += 16) {
    a0 += load<u32>(from);
    a1 += load<u32>(from, 4);
    a2 += load<u32>(from, 8);
    a3 += load<u32>(from, 12);
    a4 += 1;
    const d0 = a0 * k0 + a1 * s3 + (a2 * s2 + a3 * s1);
    let d1 = a0 * k1 + a1 * k0 + (a2 * s3 + a3 * s2) + a4 * s1;
    let d2 = a0 * k2 + a1 * k1 + (a2 * k0 + a3 * s3) + a4 * s2;
    let d3 = a0 * k3 + a1 * k2 + (a2 * k1 + a3 * k0) + a4 * s3;
    d1 += d0 >> 32;
    d2 += d1 >> 32;
    d3 += d2 >> 32;
    const top = a4 * k0 + (d3 >> 32);
    a0 = (d0 & 0xffffffff) + (top & ~3) + (top >> 2);
    a1 = d1 & 0xffffffff;
    a2 = d2 & 0xffffffff;
    a3 = d3 & 0xffffffff;
    a4 = top & 3;
  }
  keepAccumulator(a0, a1, a2, a3, a4);
}

/** Adds `length` bytes, filled up with zeros to a whole block (`pad16` of RFC 8439 §2.8). */
export function absorbPadded(offset: usize, length: usize): void {
  const whole = length & ~15;
  absorb(offset, offset + whole);
  if (whole == length) return;
  v128.store(BLOCK, i64x2.splat(0));
  copyBytes(BLOCK, offset + whole, length - whole);
  absorb(BLOCK, BLOCK + 16);
}

/** Writes the 16-byte tag: the accumulator modulo 2^130 − 5, plus the second half of the key (§2.5). No branches. */
export function finish(secondHalf: usize, target: usize): void {
  let a0 = h0;
  let a1 = h1 + (a0 >> 32); a0 &= 0xffffffff;
  let a2 = h2 + (a1 >> 32); a1 &= 0xffffffff;
  let a3 = h3 + (a2 >> 32); a2 &= 0xffffffff;
  let a4 = h4 + (a3 >> 32); a3 &= 0xffffffff;

  // Subtract the modulus when the value reaches it: adding 5 then carries past 2^130. Twice that cannot happen, as
  // the value is below 2^130 + 2^129.
  let b0 = a0 + 5;
  let b1 = a1 + (b0 >> 32);
  let b2 = a2 + (b1 >> 32);
  let b3 = a3 + (b2 >> 32);
  const reached: u64 = 0 - ((a4 + (b3 >> 32)) >> 2 & 1);
  a0 = (a0 & ~reached) | (b0 & 0xffffffff & reached);
  a1 = (a1 & ~reached) | (b1 & 0xffffffff & reached);
  a2 = (a2 & ~reached) | (b2 & 0xffffffff & reached);
  a3 = (a3 & ~reached) | (b3 & 0xffffffff & reached);

  a0 += load<u32>(secondHalf);
  a1 += load<u32>(secondHalf, 4) + (a0 >> 32);
  a2 += load<u32>(secondHalf, 8) + (a1 >> 32);
  a3 += load<u32>(secondHalf, 12) + (a2 >> 32);
  store<u32>(target, a0 as u32);
  store<u32>(target, a1 as u32, 4);
  store<u32>(target, a2 as u32, 8);
  store<u32>(target, a3 as u32, 12);
}
