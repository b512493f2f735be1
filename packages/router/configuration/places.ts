/** Where in a YAML text something stands, so that what is wrong with it can be told with line and column. */
import { type Document, isMap, isNode, type LineCounter, type Node, type Scalar } from 'yaml';

export interface ConfigurationError {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** `neighbours[0].address`; empty: the file. */
  readonly path: string;
  readonly message: string;
}

/** `bgp.yaml:7:5: neighbours[0].as: …`, as compilers and editors write it. */
export function describeError(file: string, { line, column, path, message }: ConfigurationError): string {
  return `${file}:${line}:${column}: ${path === '' ? '' : `${path}: `}${message}`;
}

export class Places {
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** The error at a path, or at the nearest thing around it that is there. */
  errorAt(path: readonly PropertyKey[], message: string, key?: string): ConfigurationError {
    const node = key === undefined ? this.#nearest(path) : (this.#keyNode(path, key) ?? this.#nearest(path));
    const offset = node?.range?.[0] ?? 0;
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1), path: pathText(path), message };
  }

  #nearest(path: readonly PropertyKey[]): Node | undefined {
    for (let length = path.length; length > 0; length--) {
      const found = this.#document.getIn(path.slice(0, length), true);
      if (isNode(found)) return found;
    }
    return this.#document.contents ?? undefined;
  }

  /** The key itself, where the value says nothing about the place. */
  #keyNode(path: readonly PropertyKey[], key: string): Node | undefined {
    const map = path.length === 0 ? this.#document.contents : this.#document.getIn(path, true);
    if (!isMap(map)) return undefined;
    const pair = map.items.find((item) => isNode(item.key) && (item.key as Scalar).value === key);
    return isNode(pair?.key) ? pair.key : undefined;
  }
}

export function pathText(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : at === 0 ? String(part) : `.${String(part)}`))
    .join('');
}

/** The word that was meant, if one is near: at most a third of its letters differ. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const ranked = words
    .map((one) => ({ one, distance: distance(word.toLowerCase(), one.toLowerCase()) }))
    .sort((left, right) => left.distance - right.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.one : undefined;
}

/** Letters to add, take away or change (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = from[i - 1] === to[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change);
    }
    row = next;
  }
  return row[to.length]!;
}
