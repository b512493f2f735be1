/** A TLS connection's first bytes: records (RFC 8446 §5.1) of type handshake, which hold the ClientHello. */
import { ClientHelloReader, Verdict } from './clientHello.ts';

const HANDSHAKE = 22;
const LONGEST_RECORD = 0x4000;
/** RFC 8446 §5.1: a hello may be cut over records; nobody cuts it finer than this for a good reason. */
const MOST_RECORDS = 64;

export class TlsStreamReader {
  readonly hello = new ClientHelloReader();
  #headerAt = 0;
  #recordLeft = 0;
  #records = 0;
  /** The upper byte of a length that is half read. */
  #high = 0;

  reset(): void {
    this.hello.reset();
    this.#headerAt = 0;
    this.#recordLeft = 0;
    this.#records = 0;
  }

  /** Goes on with the next bytes of the stream, from `from` to before `to`. */
  push(bytes: Uint8Array, from: number, to: number): Verdict {
    let at = from;
    while (at < to) {
      if (this.#recordLeft === 0) {
        if (!this.#readHeader(bytes[at++]!)) return Verdict.none;
        continue;
      }
      const end = Math.min(to, at + this.#recordLeft);
      const verdict = this.hello.push(bytes, at, end);
      if (verdict !== Verdict.pending) return verdict;
      this.#recordLeft -= end - at;
      at = end;
    }
    return Verdict.pending;
  }

  /** Type, version (3.x whatever it says, RFC 8446 §5.1), length; its value is gathered in `#recordLeft` at the end. */
  #readHeader(byte: number): boolean {
    switch (this.#headerAt++) {
      case 0:
        return byte === HANDSHAKE && ++this.#records <= MOST_RECORDS;
      case 1:
        return byte === 3;
      case 2:
        return true;
      case 3:
        this.#high = byte;
        return byte <= LONGEST_RECORD >>> 8;
      default: {
        this.#headerAt = 0;
        this.#recordLeft = this.#high * 256 + byte;
        // A handshake record is never empty.
        return this.#recordLeft > 0 && this.#recordLeft <= LONGEST_RECORD;
      }
    }
  }
}
