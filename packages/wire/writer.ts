/**
 * Builds messages in one buffer that grows when it must and is used again after `reset`.
 * Integers are taken modulo their width, as DataView does; lengths known only later are reserved, then patched.
 */
export class ByteWriter {
  #bytes: Uint8Array<ArrayBuffer>;
  #view: DataView;
  #length = 0;

  constructor(initialCapacity = 256) {
    this.#bytes = new Uint8Array(Math.max(16, initialCapacity));
    this.#view = new DataView(this.#bytes.buffer);
  }

  /** Bytes written since the last reset. */
  get length(): number {
    return this.#length;
  }

  reset(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    const offset = this.#grow(1);
    this.#view.setUint8(offset, value);
  }

  u16(value: number): void {
    const offset = this.#grow(2);
    this.#view.setUint16(offset, value);
  }

  u32(value: number): void {
    const offset = this.#grow(4);
    this.#view.setUint32(offset, value);
  }

  u64(value: bigint): void {
    const offset = this.#grow(8);
    this.#view.setBigUint64(offset, value);
  }

  u16le(value: number): void {
    const offset = this.#grow(2);
    this.#view.setUint16(offset, value, true);
  }

  u32le(value: number): void {
    const offset = this.#grow(4);
    this.#view.setUint32(offset, value, true);
  }

  u64le(value: bigint): void {
    const offset = this.#grow(8);
    this.#view.setBigUint64(offset, value, true);
  }

  bytes(value: Uint8Array): void {
    const offset = this.#grow(value.length);
    this.#bytes.set(value, offset);
  }

  /** Writes `length` zero bytes and returns their offset, for a later patch. */
  reserve(length: number): number {
    const offset = this.#grow(length);
    this.#bytes.fill(0, offset, offset + length);
    return offset;
  }

  patchU8(offset: number, value: number): void {
    this.#view.setUint8(this.#written(offset, 1), value);
  }

  patchU16(offset: number, value: number): void {
    this.#view.setUint16(this.#written(offset, 2), value);
  }

  patchU32(offset: number, value: number): void {
    this.#view.setUint32(this.#written(offset, 4), value);
  }

  patchBytes(offset: number, value: Uint8Array): void {
    this.#bytes.set(value, this.#written(offset, value.length));
  }

  /** What was written, as a view that is valid until the next write or reset. */
  view(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#length);
  }

  /** What was written, as a copy of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#length);
  }

  /** May replace buffer and view: call it before either is read. */
  #grow(length: number): number {
    const offset = this.#length;
    const needed = offset + length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    this.#length = needed;
    return offset;
  }

  #written(offset: number, length: number): number {
    if (offset < 0 || offset + length > this.#length)
      throw new RangeError(`ByteWriter: patch at ${offset} of ${length}`);
    return offset;
  }
}
