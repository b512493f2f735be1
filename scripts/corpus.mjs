/**
 * `npm run corpus -- DIR`: holds the decoders against a folder of outside test data and prints what differs.
 * Data of others is never part of the project; each kind of file has its comparison in test/corpus.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { bundledNode, ensureInstalled, environment, give, refuseOldNode, root, run } from './bootstrap.mjs';

refuseOldNode();
const folder = process.argv[2];
if (folder === undefined || folder.startsWith('-')) give('name a folder of test data: npm run corpus -- DIR', 2);
if (!existsSync(folder)) give(`there is no folder ${folder}; name one that holds test data`, 2);
await ensureInstalled();
process.exit(await run(bundledNode(), [join(root, 'test/corpus/main.ts'), resolve(folder)], { env: environment() }));
