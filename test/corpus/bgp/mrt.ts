/** MRT files against the text that stands beside them: every line, in order. */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { MrtReader, textLines } from '@patronus/bgp';
import type { Comparison } from '../main.ts';

const EXAMPLES = 5;

/** undefined: no text stands beside it. */
export function compareMrt(path: string): Comparison | undefined {
  if (!existsSync(`${path}.bgp.gz`)) return undefined;
  const bytes = gunzipSync(readFileSync(path));
  const expected = gunzipSync(readFileSync(`${path}.bgp.gz`))
    .toString('utf8')
    .trimEnd()
    .split('\n');
  const lines: string[] = [];
  const faults: string[] = [];
  const reader = new MrtReader();
  for (let at = 0; at < bytes.length; ) {
    const read = reader.read(bytes, at);
    if (read === undefined) {
      faults.push(`the record at byte ${at} is not there as a whole`);
      break;
    }
    for (const record of read.records) {
      if (record.kind === 'fault') faults.push(record.reason);
      lines.push(...textLines(record));
    }
    at = read.next;
  }
  const most = Math.max(lines.length, expected.length);
  const wrong = Array.from({ length: most }, (_, at) => at).filter((at) => lines[at] !== expected[at]);
  return {
    compared: most,
    differences: wrong.length + faults.length,
    examples: [...faults, ...wrong.map((at) => `line ${at + 1}: ${lines[at]} instead of ${expected[at]}`)].slice(
      0,
      EXAMPLES,
    ),
  };
}
