/**
 * Sets of prefixes with ranges of lengths.
 *
 *     10.0.0.0/8            exactly this one
 *     10.0.0.0/8+           it and all inside
 *     10.0.0.0/8{16,24}     those inside with 16 to 24 bits; also 10.0.0.0/8 ge 16 le 24
 */
import { parsePrefix } from '@patronus/net';
import { err, ok, type Result } from '@patronus/wire';
import { NONE, PrefixTree } from '../trie/prefixTree.ts';

type LengthRange = readonly [number, number];

export class PrefixSet {
  readonly #trees = { 4: new PrefixTree(4), 6: new PrefixTree(6) };
  readonly #ranges: LengthRange[][] = [];

  add(family: 4 | 6, address: Uint8Array, length: number, range: LengthRange): void {
    const tree = this.#trees[family];
    const found = tree.get(address, length);
    if (found !== NONE) this.#ranges[found]!.push(range);
    else tree.set(address, length, this.#ranges.push([range]) - 1);
  }

  has(family: 4 | 6, address: Uint8Array, length: number): boolean {
    let isFound = false;
    this.#trees[family].covering(address, length, (value) => {
      for (const [low, high] of this.#ranges[value]!) isFound ||= length >= low && length <= high;
      return !isFound;
    });
    return isFound;
  }
}

const shape = /^(\S+?\/\d+)\s*(\+|\{\s*\d{1,3}\s*,\s*\d{1,3}\s*\}|(?:\s+(?:ge|le)\s+\d{1,3}){1,2})?$/;

/** The error names the text that is wrong, and why. */
export function parsePrefixSet(texts: readonly string[]): Result<PrefixSet, string> {
  const set = new PrefixSet();
  for (const text of texts) {
    const [, prefixText = text, rangeText = ''] = shape.exec(text.trim()) ?? [];
    const prefix = parsePrefix(prefixText);
    if (!prefix.ok) return err(prefix.error.message);
    const { family, bytes, length } = prefix.value;
    const most = family === 4 ? 32 : 128;
    const range = rangeOf(rangeText, length, most);
    if (range[0] < length || range[1] > most || range[0] > range[1]) {
      return err(`${JSON.stringify(text)}: lengths lie between ${length} and ${most}, the smaller one first`);
    }
    set.add(family, bytes, length, range);
  }
  return ok(set);
}

function rangeOf(text: string, length: number, most: number): LengthRange {
  if (text === '') return [length, length];
  if (text === '+') return [length, most];
  if (text.startsWith('{')) {
    const [low = 0, high = 0] = text.slice(1, -1).split(',').map(Number);
    return [low, high];
  }
  const bound = (word: string) => new RegExp(`${word}\\s+(\\d+)`).exec(text)?.[1];
  return [Number(bound('ge') ?? length), Number(bound('le') ?? most)];
}
