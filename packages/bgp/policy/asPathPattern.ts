/**
 * Patterns over AS paths, as automata over AS numbers. What a peer sends is matched in time proportional to its length
 * times the states of the pattern, whatever either looks like: nothing is ever tried twice.
 *
 *     ^65001 65002$      this path and no other
 *     _65001_            65001 anywhere: without ^ and $ the ends are open; _ and spaces only separate
 *     ^65001+ .* 65009$  begins with 65001 once or more, ends with 65009
 *     [64512-65534]      a private number anywhere; [1 2 5-9] one of several
 *     ^(1|2 3)? .{0,3}$  groups, alternatives, and how often: ? * + {2} {0,3} {50,}
 *     ^$                 the empty path: routes of the own AS
 *
 * A set (RFC 4271 §4.3) stands for one step of the path, which each of its members can take. Confederation segments are
 * passed over.
 */
import { err, ok, type Result } from '@patronus/wire';
import type { AsSegment } from '../codec/attributes/values.ts';

/** Bounds what a pattern costs, whoever wrote it. */
const MOST_STATES = 1_024;
const MOST_REPEATS = 64;

/** Ranges of numbers, both ends counted; null: any. */
type NumberTest = readonly (readonly [number, number])[] | null;

type Piece =
  | { readonly kind: 'number'; readonly test: NumberTest }
  | { readonly kind: 'sequence'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'either'; readonly pieces: readonly Piece[] }
  | { readonly kind: 'repeat'; readonly piece: Piece; readonly least: number; readonly most: number };

export class AsPathPattern {
  readonly text: string;
  readonly #tests: readonly (NumberTest | undefined)[];
  /** Where each state leads: after a number has passed its test, or at once. */
  readonly #next: readonly (readonly number[])[];
  readonly #isOpenAtEnd: boolean;
  readonly #isOpenAtStart: boolean;
  readonly #marks: Uint32Array;
  #mark = 0;

  constructor(text: string, states: readonly AutomatonState[], isOpenAtStart: boolean, isOpenAtEnd: boolean) {
    this.text = text;
    this.#tests = states.map(({ test }) => test);
    this.#next = states.map(({ next }) => next);
    this.#isOpenAtStart = isOpenAtStart;
    this.#isOpenAtEnd = isOpenAtEnd;
    this.#marks = new Uint32Array(states.length);
  }

  matches(path: readonly AsSegment[]): boolean {
    let current: number[] = [];
    this.#mark = (this.#mark + 1) >>> 0;
    if (this.#enter(0, current)) return true;
    let isAtEnd = this.#isFinal(current);
    for (const { type, numbers } of path) {
      if (type === 'set') {
        const stepped = this.#step(current, numbers);
        if (stepped === null) return true;
        current = stepped;
        isAtEnd = this.#isFinal(current);
      } else if (type === 'sequence') {
        for (const number of numbers) {
          const stepped = this.#step(current, [number]);
          if (stepped === null) return true;
          current = stepped;
          isAtEnd = this.#isFinal(current);
        }
      }
      if (current.length === 0) return false;
    }
    return isAtEnd;
  }

  /** The states after one more step; null: it matches, whatever follows. */
  #step(current: readonly number[], numbers: readonly number[]): number[] | null {
    const following: number[] = [];
    this.#mark = (this.#mark + 1) >>> 0;
    for (const state of current) {
      const test = this.#tests[state];
      if (test === undefined || !numbers.some((number) => passes(test, number))) continue;
      for (const next of this.#next[state]!) if (this.#enter(next, following)) return null;
    }
    if (this.#isOpenAtStart && this.#enter(0, following)) return null;
    return following;
  }

  /** Adds a state and what follows from it at once; true: the pattern is through, and its end is open. */
  #enter(state: number, into: number[]): boolean {
    if (this.#marks[state] === this.#mark) return false;
    this.#marks[state] = this.#mark;
    into.push(state);
    if (state === this.#tests.length - 1) return this.#isOpenAtEnd;
    if (this.#tests[state] !== undefined) return false;
    return this.#next[state]!.some((next) => this.#enter(next, into));
  }

  #isFinal(current: readonly number[]): boolean {
    return current.includes(this.#tests.length - 1);
  }
}

function passes(test: NumberTest, number: number): boolean {
  return test === null || test.some(([low, high]) => number >= low && number <= high);
}

interface AutomatonState {
  /** What a number has to be; undefined: this state leads on at once. */
  readonly test: NumberTest | undefined;
  readonly next: number[];
}

/** The error says where the text is wrong, and how it would be right. */
export function compileAsPath(text: string): Result<AsPathPattern, string> {
  const tokens = tokensOf(text);
  if (!tokens.ok) return tokens;
  const parser = new Parser(tokens.value);
  const isOpenAtStart = !parser.take('^');
  const piece = parser.either();
  const isOpenAtEnd = !parser.take('$');
  const rest = parser.rest();
  if (piece === undefined || rest !== undefined) {
    const where = parser.error ?? `${JSON.stringify(rest ?? 'the end')} is out of place`;
    return err(`${where}; write AS numbers with . [ ] ( ) | ? * + { }, e.g. ^65001 .* 65009$`);
  }
  const states: AutomatonState[] = [];
  const first = build(piece, states);
  if (first === undefined) return err(`it unfolds into more than ${MOST_STATES} states; repeat less`);
  const end = states.push({ test: undefined, next: [] }) - 1;
  for (const loose of first.ends) states[loose]!.next.push(end);
  // The start is state 0.
  return ok(new AsPathPattern(text, states, isOpenAtStart, isOpenAtEnd));
}

type Token = string;

/** Numbers, ranges in brackets as a whole, counts in braces as a whole, and signs. */
function tokensOf(text: string): Result<Token[], string> {
  const tokens = text.match(/\d+|\[[^\]]*\]|\{[^}]*\}|[\s_]+|[^\s_]/g) ?? [];
  return text.length > 1_000
    ? err('it is longer than 1,000 characters')
    : ok(tokens.filter((token) => !/^[\s_]+$/.test(token)));
}

class Parser {
  error: string | undefined;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  rest(): Token | undefined {
    return this.#tokens[this.#at];
  }

  either(): Piece | undefined {
    const pieces: Piece[] = [];
    do {
      const sequence = this.#sequence();
      if (sequence === undefined) return undefined;
      pieces.push(sequence);
    } while (this.take('|'));
    return pieces.length === 1 ? pieces[0] : { kind: 'either', pieces };
  }

  #sequence(): Piece | undefined {
    const pieces: Piece[] = [];
    for (;;) {
      const token = this.rest();
      if (token === undefined || token === '|' || token === ')' || token === '$') return { kind: 'sequence', pieces };
      const atom = this.#atom();
      const repeated = atom && this.#repeats(atom);
      if (repeated === undefined) return undefined;
      pieces.push(repeated);
    }
  }

  #atom(): Piece | undefined {
    const token = this.#tokens[this.#at++]!;
    if (token === '.') return { kind: 'number', test: null };
    if (token === '(') return this.#group();
    const test = token.startsWith('[') ? rangesOf(token) : rangesOf(`[${token}]`);
    if (test !== undefined) return { kind: 'number', test };
    this.error = `${JSON.stringify(token)} is no AS number (0…4294967295) and no sign`;
    return undefined;
  }

  #group(): Piece | undefined {
    this.#depth += 1;
    const inner = this.#depth > 20 ? undefined : this.either();
    this.#depth -= 1;
    if (inner !== undefined && this.take(')')) return inner;
    this.error ??= 'a ( has no ), or there are too many of them in each other';
    return undefined;
  }

  #repeats(atom: Piece): Piece | undefined {
    const token = this.rest();
    const counts: Readonly<Record<string, readonly [number, number]>> = {
      '?': [0, 1],
      '*': [0, Number.POSITIVE_INFINITY],
      '+': [1, Number.POSITIVE_INFINITY],
    };
    const found = counts[token ?? ''] ?? (token?.startsWith('{') === true ? countOf(token) : null);
    if (found === null) return atom;
    if (found === undefined) {
      this.error = `${token} is no count: write {2}, {0,${MOST_REPEATS}} or {2,}`;
      return undefined;
    }
    this.#at += 1;
    return this.#repeats({ kind: 'repeat', piece: atom, least: found[0], most: found[1] });
  }
}

/** `{2}`, `{0,3}`, `{50,}`. */
function countOf(token: Token): readonly [number, number] | undefined {
  const found = /^\{(\d{1,3})(,(\d{0,3}))?\}$/.exec(token);
  if (found === null) return undefined;
  const least = Number(found[1]);
  const most = found[2] === undefined ? least : found[3] === '' ? Number.POSITIVE_INFINITY : Number(found[3]);
  const isBounded = least <= MOST_REPEATS && (most <= MOST_REPEATS || most === Number.POSITIVE_INFINITY);
  return isBounded && least <= most ? [least, most] : undefined;
}

function rangesOf(token: Token): NumberTest | undefined {
  // What people write for any number where patterns are over characters.
  if (token === '[0-9]') return null;
  const ranges: (readonly [number, number])[] = [];
  for (const part of token.slice(1, -1).split(/[\s,]+/)) {
    const found = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(part);
    if (found === null) return undefined;
    const low = Number(found[1]);
    const high = Number(found[2] ?? found[1]);
    if (high > 0xffff_ffff || low > high) return undefined;
    ranges.push([low, high]);
  }
  return ranges;
}

/** States from which the piece begins and those that lead out of it. */
interface Built {
  readonly start: number;
  readonly ends: readonly number[];
}

/** Thompson's construction; undefined: too many states. The piece's start is the next state that is added. */
function build(piece: Piece, states: AutomatonState[]): Built | undefined {
  if (states.length > MOST_STATES) return undefined;
  const start = states.push({ test: piece.kind === 'number' ? piece.test : undefined, next: [] }) - 1;
  if (piece.kind === 'number') return { start, ends: [start] };
  if (piece.kind === 'sequence') return chain(start, piece.pieces, states);
  if (piece.kind === 'either') {
    const ends: number[] = [];
    for (const one of piece.pieces) {
      const built = build(one, states);
      if (built === undefined) return undefined;
      states[start]!.next.push(built.start);
      ends.push(...built.ends);
    }
    return { start, ends };
  }
  const { piece: inner, least, most } = piece;
  const needed = chain(
    start,
    Array.from({ length: least }, () => inner),
    states,
  );
  if (needed === undefined) return undefined;
  if (most === Number.POSITIVE_INFINITY) {
    const loop = states.push({ test: undefined, next: [] }) - 1;
    for (const end of needed.ends) states[end]!.next.push(loop);
    const body = build(inner, states);
    if (body === undefined) return undefined;
    states[loop]!.next.push(body.start);
    for (const end of body.ends) states[end]!.next.push(loop);
    return { start, ends: [loop] };
  }
  const ends = [...needed.ends];
  let last = needed.ends;
  for (let count = least; count < most; count++) {
    const built = build(inner, states);
    if (built === undefined) return undefined;
    for (const end of last) states[end]!.next.push(built.start);
    ends.push(...built.ends);
    last = built.ends;
  }
  return { start, ends };
}

function chain(start: number, pieces: readonly Piece[], states: AutomatonState[]): Built | undefined {
  let ends: readonly number[] = [start];
  for (const one of pieces) {
    const built = build(one, states);
    if (built === undefined) return undefined;
    for (const end of ends) states[end]!.next.push(built.start);
    ends = built.ends;
  }
  return { start, ends };
}
