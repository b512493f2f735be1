/** The kernel's random numbers, through OpenSSL's generator. */

import { randomFillSync } from 'node:crypto';
import type { Random } from '../index.ts';

export const systemRandom: Random = {
  bytes: (count) => randomFillSync(new Uint8Array(new ArrayBuffer(count))),
};
