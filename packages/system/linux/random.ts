/**
 * The kernel's random numbers, through OpenSSL's generator. A call of it costs 4 µs whatever it is asked for, so that short
 * ones are served from a pool; what was handed out is wiped there.
 */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../index.ts';

const POOL = 4096;
/** More than this is not worth a copy. */
const SHORT = 64;

const pool = new Uint8Array(POOL);
let used = POOL;

export const systemRandom: Random = {
  bytes(count) {
    if (count > SHORT) return randomFillSync(new Uint8Array(new ArrayBuffer(count)));
    if (used + count > POOL) {
      randomFillSync(pool);
      used = 0;
    }
    const bytes = pool.slice(used, used + count);
    pool.fill(0, used, used + count);
    used += count;
    return bytes;
  },
};
