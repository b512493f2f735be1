/**
 * Cuts messages out of a stream of bytes, however it was chopped. What lies whole in a chunk is handed on as a view of
 * it; only a message that two chunks share is put together, in a buffer that is kept.
 */
import type { MessageError } from '../codec/errors.ts';
import { HEADER_LENGTH, type MessageType, MOST_EXTENDED_LENGTH, MOST_LENGTH, readHeader } from '../codec/header.ts';

/**
 * One message without its header. The body is a view that holds until the visitor answers. `pause`: what follows is kept
 * until it is asked for; `stop`: nobody wants it any more.
 */
export type MessageVisitor = (type: MessageType, body: Uint8Array) => 'go on' | 'pause' | 'stop';

const nothing = new Uint8Array(0);

export class MessageStream {
  /** Both ends agreed on extended messages (RFC 8654). */
  isExtended = false;
  #held = new Uint8Array(0);
  #length = 0;
  /** What came behind a pause. */
  #rest: Uint8Array = nothing;

  /** Bytes that wait behind a pause. */
  get waitingBytes(): number {
    return this.#rest.length;
  }

  /** Answers the error of a header (RFC 4271 §6.1), after which nothing of the stream can be read. */
  read(bytes: Uint8Array, visit: MessageVisitor): MessageError | undefined {
    const chunk = this.#withRest(bytes);
    let at = 0;
    while (this.#length > 0) {
      const wanted = this.#wanted();
      if (typeof wanted !== 'number') return wanted;
      const part = Math.min(wanted - this.#length, chunk.length - at);
      this.#hold(chunk.subarray(at, at + part));
      at += part;
      if (this.#length < wanted) return undefined;
      if (wanted === HEADER_LENGTH && this.#wanted() !== HEADER_LENGTH) continue;
      const type = this.#held[HEADER_LENGTH - 1] as MessageType;
      const body = this.#held.subarray(HEADER_LENGTH, wanted);
      this.#length = 0;
      const answer = visit(type, body);
      if (answer === 'pause') this.#rest = chunk.slice(at);
      if (answer !== 'go on') return undefined;
    }
    for (;;) {
      const header = readHeader(chunk, at, chunk.length, this.isExtended);
      if (header?.ok === false) return header.error;
      if (header === undefined || at + header.value.length > chunk.length) break;
      const { length, type } = header.value;
      at += length;
      const answer = visit(type, chunk.subarray(at - length + HEADER_LENGTH, at));
      if (answer === 'pause') this.#rest = chunk.slice(at);
      if (answer !== 'go on') return undefined;
    }
    if (at < chunk.length) this.#hold(chunk.subarray(at));
    return undefined;
  }

  /** Bytes for later, behind what waits. */
  keep(bytes: Uint8Array): void {
    this.#rest = this.#withRest(bytes).slice();
  }

  forget(): void {
    this.isExtended = false;
    this.#length = 0;
    this.#held = new Uint8Array(0);
    this.#rest = nothing;
  }

  #withRest(bytes: Uint8Array): Uint8Array {
    const rest = this.#rest;
    if (rest.length === 0) return bytes;
    this.#rest = nothing;
    if (bytes.length === 0) return rest;
    const both = new Uint8Array(rest.length + bytes.length);
    both.set(rest);
    both.set(bytes, rest.length);
    return both;
  }

  /** Bytes that have to be held before more can be said. */
  #wanted(): number | MessageError {
    const header = readHeader(this.#held, 0, this.#length, this.isExtended);
    if (header === undefined) return HEADER_LENGTH;
    return header.ok ? header.value.length : header.error;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#held.length) {
      const grown = new Uint8Array(length > MOST_LENGTH ? MOST_EXTENDED_LENGTH : MOST_LENGTH);
      grown.set(this.#held.subarray(0, this.#length));
      this.#held = grown;
    }
    this.#held.set(bytes, this.#length);
    this.#length = length;
  }
}
