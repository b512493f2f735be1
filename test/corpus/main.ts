/** Holds decoders against the files of a folder. Prints one line of JSON a file and a last one with the sums. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { comparePrefixText } from './prefixes.ts';

export interface Comparison {
  /** What was compared. */
  readonly compared: number;
  /** How many came out different from what the file says. */
  readonly differences: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

/** Which comparison takes which file, by the end of its name. Files that no row names are counted as passed over. */
const comparisons: readonly { readonly ending: string; readonly compare: (path: string) => Comparison }[] = [
  { ending: '.bgp.gz', compare: comparePrefixText },
];

const folder = process.argv[2] as string;
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const total = { files: 0, passedOver: 0, compared: 0, differences: 0 };
for (const file of files) {
  const row = comparisons.find(({ ending }) => file.endsWith(ending));
  if (row === undefined) {
    total.passedOver += 1;
    continue;
  }
  const result = row.compare(file);
  total.files += 1;
  total.compared += result.compared;
  total.differences += result.differences;
  process.stdout.write(`${JSON.stringify({ file: relative(folder, file), ...result })}\n`);
}
process.stdout.write(`${JSON.stringify(total)}\n`);
if (total.files === 0)
  process.stderr.write('patronus: nothing in that folder is known here; see test/corpus/main.ts for what is\n');
process.exitCode = total.differences > 0 || total.files === 0 ? 1 : 0;
