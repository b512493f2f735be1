/**
 * Bytes as they travel: a cursor that cannot overrun, a writer that reuses its buffer, hexadecimal and base64 text, and
 * the `Result` that every decoder answers with.
 *
 * Refuses to know any protocol, to do I/O, and to throw because of what a network sent. Imports nothing.
 * Standards: RFC 4648 §4, §5, §8 (base64, base64url, base16).
 */
export { fromBase64, fromBase64Url, toBase64, toBase64Url } from './base64.ts';
export { equalBytes, fromHex, toHex } from './hex.ts';
export { ByteReader } from './reader.ts';
export { err, ok, type Result } from './result.ts';
export { ByteWriter } from './writer.ts';
