/** Whether a cipher that is not ours does what ours does, and faster: asked once, at the start. */
import type { KernelFunctions } from '../kernels/index.ts';
import { Layout, type PacketMemory } from '../memory.ts';

type Trial = Pick<KernelFunctions, 'seal' | 'open'>;

/** Every remainder of a block, and a few lengths around those of real packets. */
const lengths = [...Array.from({ length: 80 }, (_, at) => at), 640, 1_279, 1_280, 1_293, 1_420, 1_440, 1_999, 8_192];
const counters = [
  [0, 0],
  [1, 0],
  [0xffffffff, 0x7fffffff],
] as const;

/** Rounds and messages a round of the race, and how much faster it has to be to be worth having. */
const ROUNDS = 7;
const MESSAGES = 60;
const RACE_LENGTH = 1_420;
const WORTH = 0.9;

/**
 * Whether both seal to the same bytes, open each other's messages, and refuse a forged one. The kernels have been held
 * against the vectors of RFC 8439 before. Works at `offset` and with a key of its own; leaves zeros behind.
 */
export function agrees(candidate: Trial, kernels: Trial, { bytes }: PacketMemory, offset: number): boolean {
  const key = Layout.hashInput;
  for (let at = 0; at < 32; at++) bytes[key + at] = at * 7 + 1;
  const isRight = lengths.every((length, index) => {
    const [low, high] = counters[index % counters.length]!;
    const fill = () => {
      for (let at = 0; at < length; at++) bytes[offset + at] = at * 13 + length;
    };
    const before = bytes.slice(offset - 64, offset);
    fill();
    const plain = bytes.slice(offset, offset + length);
    kernels.seal(key, low, high, offset, length);
    const sealed = bytes.slice(offset, offset + length + 16);
    fill();
    candidate.seal(key, low, high, offset, length);
    const isSealed = holds(bytes, offset, sealed) && holds(bytes, offset - 64, before);
    const isOpened = candidate.open(key, low, high, offset, length) === 1 && holds(bytes, offset, plain);
    bytes.set(sealed, offset);
    bytes[offset + length]! ^= 1;
    const isRefused = candidate.open(key, low, high, offset, length) === 0;
    const isWiped = bytes.subarray(offset, offset + length).every((byte) => byte === 0);
    return isSealed && isOpened && isRefused && isWiped && holds(bytes, offset - 64, before);
  });
  bytes.fill(0, key, key + 32);
  bytes.fill(0, offset, offset + 8_192 + 16);
  return isRight;
}

/** Whether it seals full packets in less time. The two take turns, and each one's best round counts. */
export function isFaster(candidate: Trial, kernels: Trial, offset: number): boolean {
  const best = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, cipher] of [candidate, kernels].entries()) {
      const start = performance.now();
      for (let count = 0; count < MESSAGES; count++) cipher.seal(Layout.hashInput, count, 0, offset, RACE_LENGTH);
      best[at] = Math.min(best[at]!, performance.now() - start);
    }
  }
  return best[0]! < best[1]! * WORTH;
}

function holds(bytes: Uint8Array, offset: number, expected: Uint8Array): boolean {
  return expected.every((byte, at) => bytes[offset + at] === byte);
}
