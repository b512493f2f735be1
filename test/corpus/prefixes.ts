/**
 * Routing tables of the Internet, as bgpdump prints them (one line a route, fields divided by `|`, gzipped):
 * every prefix and address is read and written again, and the trie is held against a search by length.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { formatAddress, formatPrefix, type Prefix, PrefixTrie, parseAddress, parsePrefix } from '@patronus/net';
import type { Comparison } from './main.ts';

const EXAMPLES = 5;

export function comparePrefixText(path: string): Comparison {
  const lines = gunzipSync(readFileSync(path)).toString('utf8').trimEnd().split('\n');
  const differences: string[] = [];
  const prefixes = new Map<string, Prefix>();
  let compared = 0;
  for (const line of lines) {
    const [, , kind, peer, , field] = line.split('|');
    // A STATE line tells of the session: old and new state stand where a route has its prefix.
    const prefixText = kind === 'STATE' ? undefined : field;
    for (const [text, again] of [
      [peer, (value: string) => formatted(parseAddress(value))],
      [prefixText, (value: string) => rewritten(value, prefixes)],
    ] as const) {
      if (text === undefined || text === '') continue;
      compared += 1;
      const result = again(text);
      if (result !== text) differences.push(`${text} came out as ${result}`);
    }
  }
  const lookups = compareLookups([...prefixes.values()]);
  return {
    compared: compared + lookups.compared,
    differences: differences.length + lookups.differences.length,
    examples: [...differences, ...lookups.differences].slice(0, EXAMPLES),
  };
}

function formatted(address: ReturnType<typeof parseAddress>): string {
  return address === undefined ? 'no address' : formatAddress(address);
}

function rewritten(text: string, prefixes: Map<string, Prefix>): string {
  const parsed = parsePrefix(text);
  if (!parsed.ok) return parsed.error.message;
  prefixes.set(text, parsed.value);
  return formatPrefix(parsed.value);
}

/** The first address of every prefix, looked up in the trie and by trying each length in a map. */
function compareLookups(prefixes: readonly Prefix[]): { compared: number; differences: string[] } {
  const trie = new PrefixTrie<string>();
  const byText = new Set<string>();
  for (const prefix of prefixes) {
    trie.insert(0, prefix, formatPrefix(prefix));
    byText.add(formatPrefix(prefix));
  }
  const differences: string[] = [];
  for (const prefix of prefixes) {
    const found = trie.lookup(0, prefix.family, prefix.bytes);
    const expected = longestByLength(byText, prefix);
    if (found !== expected)
      differences.push(`${formatAddress(prefix)}: the trie says ${found}, the search ${expected}`);
  }
  return { compared: prefixes.length, differences };
}

function longestByLength(byText: ReadonlySet<string>, { family, bytes }: Prefix): string | undefined {
  for (let length = bytes.length * 8; length >= 0; length--) {
    const masked = Uint8Array.from(
      bytes,
      (byte, at) => byte & (0xff00 >>> Math.min(8, Math.max(0, length - at * 8))) & 0xff,
    );
    const text = formatPrefix({ family, bytes: masked, length });
    if (byText.has(text)) return text;
  }
  return undefined;
}
