/**
 * The first bytes of a QUIC connection's CRYPTO stream, put together from Initials in whatever order they say them:
 * browsers cut their hello in many pieces and shuffle them, and one with post-quantum keys fills two packets.
 */
import { ClientHelloReader, Verdict } from './clientHello.ts';
import { openInitial, readCryptoFrames, readInitialHeader } from './quicInitial.ts';
import { clientInitialKeys, type InitialKeys, type QuicCrypto } from './quicKeys.ts';

/** Longer hellos are not looked at to their end. */
const MOST_STREAM_BYTES = 4096;
/** Datagrams of one flow that are looked into before it is given up. */
const MOST_DATAGRAMS = 4;

export class QuicStreamReader {
  readonly hello = new ClientHelloReader();
  readonly #stream = new Uint8Array(MOST_STREAM_BYTES);
  /** 1: this byte is there. */
  readonly #isThere = new Uint8Array(MOST_STREAM_BYTES);
  readonly #crypto: QuicCrypto;
  #keys: InitialKeys | undefined;
  #datagrams = 0;

  constructor(crypto: QuicCrypto) {
    this.#crypto = crypto;
  }

  reset(): void {
    this.hello.reset();
    this.#isThere.fill(0);
    this.#keys = undefined;
    this.#datagrams = 0;
  }

  /** Goes on with the flow's next datagram from the client, from `from` to before `to`. */
  push(bytes: Uint8Array, from: number, to: number): Verdict {
    const header = readInitialHeader(bytes, from, to);
    if (header === undefined || ++this.#datagrams > MOST_DATAGRAMS) return Verdict.none;
    const frames = this.#open(bytes, from, header);
    if (frames === undefined) return Verdict.none;
    if (!readCryptoFrames(frames, (place, start, end) => this.#keep(frames, place, start, end))) return Verdict.none;
    return this.#read();
  }

  /**
   * Keys stay those of the first connection id (RFC 9001 §5.2) though the client takes up the server's later; only
   * after a Retry are there new ones.
   */
  #open(bytes: Uint8Array, from: number, header: NonNullable<ReturnType<typeof readInitialHeader>>) {
    if (this.#keys !== undefined) {
      const frames = openInitial(this.#crypto, this.#keys, bytes, from, header);
      if (frames !== undefined) return frames;
    }
    const keys = clientInitialKeys(this.#crypto, header.version, header.connectionId);
    if (keys === undefined) return undefined;
    const frames = openInitial(this.#crypto, keys, bytes, from, header);
    if (frames === undefined) return undefined;
    if (this.#keys !== undefined) this.#isThere.fill(0);
    this.#keys = keys;
    return frames;
  }

  #keep(frames: Uint8Array, place: number, start: number, end: number): void {
    const length = Math.min(end - start, MOST_STREAM_BYTES - place);
    if (length <= 0) return;
    this.#stream.set(frames.subarray(start, start + length), place);
    this.#isThere.fill(1, place, place + length);
  }

  #read(): Verdict {
    const gap = this.#isThere.indexOf(0);
    const length = gap === -1 ? MOST_STREAM_BYTES : gap;
    this.hello.reset();
    const verdict = this.hello.push(this.#stream, 0, length);
    return verdict === Verdict.pending && length === MOST_STREAM_BYTES ? Verdict.none : verdict;
  }
}
