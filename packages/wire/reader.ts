const nothing = new Uint8Array(0);

/**
 * A cursor over received bytes.
 *
 * A read that would pass the end of the current window yields zeroes (or no bytes), and latches `failed`; it never
 * throws and never returns a shortened value as if it were whole. So a decoder reads straight through and asks `failed`
 * once, at its end. After a failure `remaining` is 0, so that loops over it end.
 */
export class ByteReader {
  /** True once any read, skip or enter did not fit. It never becomes false again. */
  failed = false;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #outerEnds: number[] = [];
  #position = 0;
  #end: number;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = bytes.length;
  }

  /** Offset of the next byte from the start of the whole input. */
  get position(): number {
    return this.#position;
  }

  /** Bytes left in the current window; 0 after a failure. */
  get remaining(): number {
    return this.failed ? 0 : this.#end - this.#position;
  }

  /** Narrows the cursor to the next `length` bytes, until the matching `leave`. */
  enter(length: number): void {
    this.#outerEnds.push(this.#end);
    if (this.#fits(length)) this.#end = this.#position + length;
  }

  /** Ends the innermost window; what it still held is skipped (ask `remaining` before, where that is an error). */
  leave(): void {
    const outerEnd = this.#outerEnds.pop();
    if (outerEnd === undefined) throw new Error('ByteReader: leave without enter');
    if (!this.failed) this.#position = this.#end;
    this.#end = outerEnd;
  }

  u8(): number {
    return this.#fits(1) ? this.#view.getUint8(this.#advance(1)) : 0;
  }

  u16(): number {
    return this.#fits(2) ? this.#view.getUint16(this.#advance(2)) : 0;
  }

  u32(): number {
    return this.#fits(4) ? this.#view.getUint32(this.#advance(4)) : 0;
  }

  u64(): bigint {
    return this.#fits(8) ? this.#view.getBigUint64(this.#advance(8)) : 0n;
  }

  u16le(): number {
    return this.#fits(2) ? this.#view.getUint16(this.#advance(2), true) : 0;
  }

  u32le(): number {
    return this.#fits(4) ? this.#view.getUint32(this.#advance(4), true) : 0;
  }

  u64le(): bigint {
    return this.#fits(8) ? this.#view.getBigUint64(this.#advance(8), true) : 0n;
  }

  /** The next `length` bytes as a view of the input (copy it to keep it); empty after a failure. */
  bytes(length: number): Uint8Array {
    if (!this.#fits(length)) return nothing;
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Everything left in the window, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  skip(length: number): void {
    if (this.#fits(length)) this.#advance(length);
  }

  #fits(length: number): boolean {
    // Written so that NaN and negative lengths, which arithmetic on hostile fields can produce, fail too.
    if (!this.failed && length >= 0 && length <= this.#end - this.#position) return true;
    this.failed = true;
    return false;
  }

  #advance(length: number): number {
    const start = this.#position;
    this.#position = start + length;
    return start;
  }
}
