/**
 * Lines of text in memory that is taken at the start and never grows: what was written last as it is, what came before
 * compressed, in a ring. It is written in chapters, and the oldest chapter goes when there is no room for more, because what
 * is left has to begin where it can be understood.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';

/** Compressed together: more gains little, and each is a few ms of work at once. */
const PAGE_BYTES = 64 * 1024;

export interface Chapter {
  /** Whatever the writer knows it by. */
  readonly mark: number;
  /** Of text, with those that are not compressed yet. */
  readonly bytes: number;
}

/** Where compressed lines lie in the ring. */
interface Block {
  readonly at: number;
  readonly length: number;
}

interface OpenChapter extends Chapter {
  bytes: number;
  readonly blocks: Block[];
}

export class Archive {
  readonly #ring: Buffer<ArrayBuffer>;
  readonly #page: Buffer<ArrayBuffer>;
  #chapters: OpenChapter[] = [];
  /** Of the ring: where the next block goes. */
  #end = 0;
  /** Of the page. */
  #used = 0;

  constructor(bytes: number, pageBytes = PAGE_BYTES) {
    // Written to, for the system gives memory only where it is used: it is this process's from now on.
    this.#ring = Buffer.alloc(bytes).fill(1);
    this.#page = Buffer.alloc(pageBytes).fill(1);
  }

  /** Oldest first. None: nothing was begun, or one chapter alone was more than there is room for. */
  get chapters(): readonly Chapter[] {
    return this.#chapters;
  }

  /** What is written from now on is another chapter. */
  begin(mark: number): void {
    this.#compressPage();
    this.#chapters.push({ mark, bytes: 0, blocks: [] });
  }

  /** One line, without its end. It goes nowhere while there is no chapter. */
  write(line: string): void {
    const length = Buffer.byteLength(line) + 1;
    if (this.#used + length > this.#page.length) this.#compressPage();
    const chapter = this.#chapters.at(-1);
    if (chapter === undefined) return;
    chapter.bytes += length;
    if (length > this.#page.length) this.#keep(Buffer.from(`${line}\n`));
    else this.#used += this.#page.write(`${line}\n`, this.#used);
  }

  /** As they were written. */
  linesOf(chapter: Chapter): string[] {
    const { blocks } = this.#chapters.find((one) => one === chapter) ?? { blocks: [] };
    const pages = blocks.map(({ at, length }) => inflateRawSync(this.#ring.subarray(at, at + length)));
    if (chapter === this.#chapters.at(-1)) pages.push(this.#page.subarray(0, this.#used));
    return pages.flatMap((page) => page.toString().split('\n').slice(0, -1));
  }

  #compressPage(): void {
    if (this.#used > 0) this.#keep(this.#page.subarray(0, this.#used));
    this.#used = 0;
  }

  #keep(text: Buffer<ArrayBuffer>): void {
    const compressed = deflateRawSync(text);
    const { length } = compressed;
    if (length > this.#ring.length) {
      this.#forget();
      return;
    }
    // What does not fit before the ring's end goes to its beginning, past the oldest, which lie behind `#end`.
    const isTurning = this.#end + length > this.#ring.length;
    const at = isTurning ? 0 : this.#end;
    for (;;) {
      const oldest = this.#chapters.find(({ blocks }) => blocks.length > 0)?.blocks[0];
      if (oldest === undefined) break;
      const isInTheWay = oldest.at < at + length && at < oldest.at + oldest.length;
      if (!isInTheWay && !(isTurning && oldest.at >= this.#end)) break;
      this.#chapters.shift();
    }
    const chapter = this.#chapters.at(-1);
    if (chapter === undefined) {
      this.#forget();
      return;
    }
    this.#ring.set(compressed, at);
    chapter.blocks.push({ at, length });
    this.#end = at + length;
  }

  /** A chapter without its beginning is nothing. */
  #forget(): void {
    this.#chapters = [];
    this.#end = 0;
    this.#used = 0;
  }
}
