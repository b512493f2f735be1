/**
 * Reports that wait for the controller (hardening, fault 4): bounded in number and in bytes; the oldest go first, and are
 * counted. They wait compressed: those of ten minutes are much the same, and as objects they would take many times more of
 * memory than an edge has for all of its work.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Compressed. */
const MOST_BYTES = 8 * 1024 * 1024;

/** `Report`: what JSON can say. */
export class ReportBuffer<Report> {
  readonly #capacity: number;
  readonly #mostBytes: number;
  readonly #waiting: Uint8Array[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(capacity: number, mostBytes = MOST_BYTES) {
    this.#capacity = capacity;
    this.#mostBytes = mostBytes;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Reports lost so far because the buffer was full. */
  get dropped(): number {
    return this.#dropped;
  }

  add(report: Report): void {
    // A copy: what zlib gives is a part of a larger buffer.
    const compressed = Uint8Array.from(deflateRawSync(JSON.stringify(report)));
    this.#waiting.push(compressed);
    this.#bytes += compressed.length;
    while (this.#waiting.length > this.#capacity || this.#bytes > this.#mostBytes) {
      this.#bytes -= this.#waiting.shift()!.length;
      this.#dropped += 1;
    }
  }

  /** The oldest of them, at most `count`, which are no longer in the buffer. */
  take(count: number): Report[] {
    return this.#waiting.splice(0, count).map((compressed) => {
      this.#bytes -= compressed.length;
      return JSON.parse(inflateRawSync(compressed).toString());
    });
  }
}
