/**
 * Addresses, prefixes, longest-prefix match, checksums and a look into IP packets. Pure calculation: no I/O, no clock.
 * Text and bytes that are wrong are ordinary outcomes (undefined, a verdict or a result), never exceptions.
 * Standards: RFC 791, 8200, 4291, 5952, 4632, 1071, 1624, 768, 9293.
 */

export * from './address.ts';
export * from './checksum.ts';
export * from './endpoint.ts';
export * from './packet.ts';
export * from './prefix.ts';
export * from './trie.ts';
