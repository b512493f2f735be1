/**
 * `npm run -s bench -- NAME --json`: answers one question about speed, as a ratio to a peer measured in the same run.
 * One file a question in bench/; each prints one line of JSON.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  bundledNode,
  ensureBuilt,
  ensureInstalled,
  environment,
  give,
  refuseOldNode,
  root,
  run,
} from './bootstrap.mjs';

refuseOldNode();
const [name, ...words] = process.argv.slice(2);
const folder = join(root, 'bench');
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length));
if (name === undefined || name.startsWith('-')) give(`name a benchmark: ${names.join(', ')}`, 2);
const file = join(folder, `${name}.ts`);
if (!/^[a-z0-9-]+$/.test(name) || !existsSync(file))
  give(`there is no benchmark "${name}"; there are: ${names.join(', ')}`, 2);
await ensureInstalled();
await ensureBuilt();
process.exit(await run(bundledNode(), [file, ...words], { env: environment() }));
