#!/usr/bin/env node
/**
 * `patronus`: starts the command line under the Node 24 that came with the packages, whatever Node runs this file.
 * Plain JavaScript, so that an older Node gets as far as the sentence that says what to do.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
if (Number(process.versions.node.split('.')[0]) >= 24) await import('../main.ts');
else handOver();

function handOver() {
  const node = bundledNode(dirname(main));
  if (node === undefined) {
    process.stderr.write(
      `patronus: Node ${process.versions.node} is too old, Patronus needs Node 24; run \`npm ci\` in its folder, which brings one along\n`,
    );
    process.exit(1);
  }
  const child = spawn(node, [main, ...process.argv.slice(2)], { stdio: 'inherit' });
  // The terminal's Ctrl-C reaches the child by itself; other signals are passed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}

function bundledNode(from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}
