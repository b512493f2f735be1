/**
 * Frames on a byte stream: length of the payload (4 bytes), number of descriptors that came along (4 bytes), payload.
 * Little-endian; both ends are on one machine. This part is pure: bytes in, frames out.
 */

export const FRAME_HEADER_SIZE = 8;
/** A frame that claims more is an error, not an allocation. */
export const MOST_FRAME_BYTES = 32 * 1024 * 1024;
/** The kernel takes 253 at most (SCM_MAX_FD). */
export const MOST_FRAME_DESCRIPTORS = 16;

export interface FrameHead {
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly descriptorCount: number;
}

export function encodeFrame(payload: Uint8Array, descriptorCount: number): Uint8Array<ArrayBuffer> {
  if (payload.length > MOST_FRAME_BYTES) throw new RangeError(`a frame of ${payload.length} bytes is too long`);
  if (descriptorCount > MOST_FRAME_DESCRIPTORS) throw new RangeError(`${descriptorCount} descriptors are too many`);
  const frame = new Uint8Array(new ArrayBuffer(FRAME_HEADER_SIZE + payload.length));
  const view = new DataView(frame.buffer);
  view.setUint32(0, payload.length, true);
  view.setUint32(4, descriptorCount, true);
  frame.set(payload, FRAME_HEADER_SIZE);
  return frame;
}

/** Puts a stream back together. After `broken` nothing more can be read: the stream has lost its frame. */
export class FrameAssembler {
  #held = new Uint8Array(new ArrayBuffer(4096));
  #start = 0;
  #end = 0;
  #broken = false;

  get broken(): boolean {
    return this.#broken;
  }

  /** Takes bytes in; they are copied. */
  push(bytes: Uint8Array): void {
    this.#makeRoom(bytes.length);
    this.#held.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /** The next whole frame, a copy that is the caller's; undefined until more bytes come. */
  next(): FrameHead | undefined {
    if (this.#broken || this.#end - this.#start < FRAME_HEADER_SIZE) return undefined;
    const view = new DataView(this.#held.buffer);
    const length = view.getUint32(this.#start, true);
    const descriptorCount = view.getUint32(this.#start + 4, true);
    if (length > MOST_FRAME_BYTES || descriptorCount > MOST_FRAME_DESCRIPTORS) {
      this.#broken = true;
      return undefined;
    }
    const from = this.#start + FRAME_HEADER_SIZE;
    if (from + length > this.#end) return undefined;
    this.#start = from + length;
    return { payload: this.#held.slice(from, from + length), descriptorCount };
  }

  #makeRoom(length: number): void {
    if (this.#end + length <= this.#held.length) return;
    const waiting = this.#end - this.#start;
    const target = waiting + length <= this.#held.length / 2 ? this.#held : grown(this.#held, waiting + length);
    target.set(this.#held.subarray(this.#start, this.#end), 0);
    this.#held = target;
    this.#start = 0;
    this.#end = waiting;
  }
}

function grown(from: Uint8Array, needed: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new ArrayBuffer(Math.max(from.length, 2 ** Math.ceil(Math.log2(needed + 1)))));
}
