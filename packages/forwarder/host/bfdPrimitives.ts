/** What BFD needs of the machine: the hash functions of its authentication (RFC 5880 §6.7), and chance. */
import { createHash } from 'node:crypto';
import type { Hashes } from '@patronus/bfd';
import { systemRandom } from '@patronus/system/linux';

export const bfdHashes: Hashes = {
  md5: (bytes) => createHash('md5').update(bytes).digest(),
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
};

export function systemRandom32(): number {
  const bytes = systemRandom.bytes(4);
  return new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
}
