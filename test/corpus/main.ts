/** Holds decoders against the files of a folder. Prints one line of JSON a file and a last one with the sums. */
import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { compareBadLengths } from './bgp/badLengths.ts';
import { compareMessages } from './bgp/messages.ts';
import { compareMrt } from './bgp/mrt.ts';
import { comparePrefixText } from './prefixes.ts';

export interface Comparison {
  /** What was compared. */
  readonly compared: number;
  /** Of these: read for what they mean, and carried as their bytes. All are the former where nothing is said. */
  readonly understood?: number;
  readonly carried?: number;
  /** How many came out different from what the file says, and for how many of these an RFC wants it so. */
  readonly differences: number;
  readonly explained?: number;
  /** The first few, in words. */
  readonly examples: readonly string[];
}

/**
 * Which comparison takes which file, by its path: the first that fits. Files that no row names, and those of which a
 * comparison says that it cannot be made, are counted as passed over.
 */
const comparisons: readonly {
  readonly path: RegExp;
  readonly compare: (path: string) => Comparison | undefined;
}[] = [
  { path: /\.bgp\.gz$/, compare: comparePrefixText },
  { path: /\.gz$/, compare: compareMrt },
  { path: /exabgp.*\.jsonl$/, compare: compareMessages },
  { path: /\/bad-len\/[0-9a-f]+$/, compare: compareBadLengths },
];

const folder = process.argv[2] as string;
const files = readdirSync(folder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .sort();
const total = { files: 0, passedOver: 0, compared: 0, understood: 0, carried: 0, differences: 0, explained: 0 };
for (const file of files) {
  const result = comparisons.find(({ path }) => path.test(file))?.compare(file);
  if (result === undefined) {
    total.passedOver += 1;
    continue;
  }
  total.files += 1;
  total.compared += result.compared;
  total.understood += result.understood ?? result.compared;
  total.carried += result.carried ?? 0;
  total.differences += result.differences;
  total.explained += result.explained ?? 0;
  process.stdout.write(`${JSON.stringify({ file: relative(folder, file), ...result })}\n`);
}
process.stdout.write(`${JSON.stringify(total)}\n`);
if (total.files === 0)
  process.stderr.write('patronus: nothing in that folder is known here; see test/corpus/main.ts for what is\n');
process.exitCode = total.differences > total.explained || total.files === 0 ? 1 : 0;
