/**
 * The latest of what steering heard and decided, as lines of a recording, compressed in memory that is taken at the start.
 * Each chapter begins with a whole state, so that what is left when the oldest has gone can still be replayed.
 */
import {
  type Decision,
  type RecordedLine,
  recordedStart,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
} from '@patronus/steering';
import { Archive } from './archive.ts';

/** Some 30 MB of text: an hour and more of a dozen tunnels with traffic, days of idle ones. */
const KEPT_BYTES = 4 * 1024 * 1024;
/** Of text. */
const CHAPTER_BYTES = 1024 * 1024;

export class Recorder {
  readonly #archive: Archive;
  readonly #chapterBytes: number;
  /** The chapter is full with so many: more where its beginning is large, so that beginnings stay the smaller part. */
  #mostBytes = 0;

  constructor(keptBytes = KEPT_BYTES, chapterBytes = CHAPTER_BYTES) {
    this.#archive = new Archive(keptBytes);
    this.#chapterBytes = chapterBytes;
  }

  /** One turn of steering: the state before it, what it heard, and what came of it. */
  note(
    before: SteeringState,
    configuration: SteeringConfiguration,
    event: SteeringEvent,
    decisions: readonly Decision[],
  ): void {
    const chapter = this.#archive.chapters.at(-1);
    if (chapter === undefined || chapter.bytes >= this.#mostBytes) {
      this.#archive.begin(event.atMs);
      this.#write(recordedStart(before, configuration));
      this.#mostBytes = this.#chapterBytes + 4 * (this.#archive.chapters.at(-1)?.bytes ?? 0);
    }
    // Told also where a chapter begins with it: the beginning of a later chapter is left out.
    if (event.type === 'configured') this.#write({ type: 'configuration', configuration });
    this.#write({ type: 'event', event });
    for (const decision of decisions) this.#write({ type: 'decision', decision });
  }

  /** From the beginning of the chapter that holds that moment, monotonic ms; from the oldest unless given. */
  lines(sinceMs = Number.NEGATIVE_INFINITY): string[] {
    const { chapters } = this.#archive;
    const from = chapters.findLastIndex(({ mark }) => mark <= sinceMs);
    const [first, ...others] = chapters.slice(Math.max(0, from));
    if (first === undefined) return [];
    // Later chapters go on where the one before ended: their own beginnings are left out.
    return [...this.#archive.linesOf(first), ...others.flatMap((chapter) => this.#archive.linesOf(chapter).slice(1))];
  }

  #write(line: RecordedLine): void {
    this.#archive.write(JSON.stringify(line));
  }
}
