/**
 * The latest of what steering heard and decided, as lines of a recording, in memory. Bounded: it is cut into pieces that
 * each begin with a whole state, and the oldest piece goes when there is no room for more.
 */
import {
  type Decision,
  type RecordedLine,
  recordedStart,
  type SteeringConfiguration,
  type SteeringEvent,
  type SteeringState,
} from '@patronus/steering';

/** An hour of a dozen tunnels with traffic, a day of idle ones. */
const MOST_CHARACTERS = 16 * 1024 * 1024;
const PIECE_CHARACTERS = 1024 * 1024;

interface Piece {
  readonly fromMs: number;
  readonly lines: string[];
  characters: number;
  /** It is full with so many: more where its beginning is large, so that beginnings stay the smaller part. */
  most: number;
}

export class Recorder {
  readonly #most: number;
  readonly #piece: number;
  #pieces: Piece[] = [];

  constructor(most = MOST_CHARACTERS, piece = PIECE_CHARACTERS) {
    this.#most = most;
    this.#piece = piece;
  }

  /** One turn of steering: the state before it, what it heard, and what came of it. */
  note(
    before: SteeringState,
    configuration: SteeringConfiguration,
    event: SteeringEvent,
    decisions: readonly Decision[],
  ): void {
    let piece = this.#pieces.at(-1);
    if (piece === undefined || piece.characters >= piece.most) {
      piece = { fromMs: event.atMs, lines: [], characters: 0, most: this.#piece };
      this.#pieces.push(piece);
      this.#write(piece, recordedStart(before, configuration));
      piece.most += 3 * piece.characters;
    }
    // Told also where a piece begins with it: the beginning of a later piece is left out.
    if (event.type === 'configured') this.#write(piece, { type: 'configuration', configuration });
    this.#write(piece, { type: 'event', event });
    for (const decision of decisions) this.#write(piece, { type: 'decision', decision });
    while (this.#pieces.length > 1 && this.#characters() > this.#most) this.#pieces.shift();
  }

  /** From the beginning of the piece that holds that moment, monotonic ms; from the oldest unless given. */
  lines(sinceMs = Number.NEGATIVE_INFINITY): string[] {
    const from = this.#pieces.findLastIndex((piece) => piece.fromMs <= sinceMs);
    const [first, ...others] = this.#pieces.slice(Math.max(0, from));
    if (first === undefined) return [];
    // Later pieces go on where the one before ended: their own beginnings are left out.
    return [...first.lines, ...others.flatMap(({ lines }) => lines.slice(1))];
  }

  #characters(): number {
    return this.#pieces.reduce((total, { characters }) => total + characters, 0);
  }

  #write(piece: Piece, line: RecordedLine): void {
    const text = JSON.stringify(line);
    piece.lines.push(text);
    piece.characters += text.length;
  }
}
