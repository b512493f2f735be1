/** Generators of addresses and prefixes for property tests (fast-check). Not exported: tests of this package only. */

import fc from 'fast-check';
import type { IpAddress } from './address.ts';
import { type Prefix, prefixOf } from './prefix.ts';

export const addresses: fc.Arbitrary<IpAddress> = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes): IpAddress => ({ family: 4, bytes })),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes): IpAddress => ({ family: 6, bytes })),
  // Many zero groups, so that runs of every shape come up.
  fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }).map((groups): IpAddress => {
    return { family: 6, bytes: Uint8Array.from(groups.flatMap((set) => [0, set ? 1 : 0])) };
  }),
);

export const prefixes: fc.Arbitrary<Prefix> = fc
  .tuple(addresses, fc.nat(128))
  .map(([address, length]) => prefixOf(address, Math.min(length, address.bytes.length * 8)));
