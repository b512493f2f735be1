/**
 * `npm test [-- PART… [FILE…]]`: sets up what tests need and runs them all, or only the named parts or files.
 * With CI=true a skipped test fails the run. Ends with one line: how many passed and failed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bundledNode,
  ensureBuilt,
  ensureDebianPackages,
  ensureInstalled,
  environment,
  filesBelow,
  give,
  refuseOldNode,
  root,
} from './bootstrap.mjs';
import { testPrograms } from './debian.mjs';

refuseOldNode();

/** Each part: what it runs, in order. Interop and browser tests share interfaces and ports: one file at a time. */
const parts = {
  types: () => [
    check('types', [tsc(), '-p', 'tsconfig.json']),
    check('types of the dashboard', [tsc(), '-p', 'apps/dashboard/tsconfig.json']),
  ],
  lint: () => [
    check('lint', [
      join(root, 'node_modules/@biomejs/biome/bin/biome'),
      'ci',
      '--error-on-warnings',
      process.stdout.isTTY ? '--colors=force' : '--colors=off',
      '.',
    ]),
  ],
  unit: () => [tests('unit', ['packages', 'apps', 'test/rules'], 2)],
  scenarios: () => [tests('scenarios', ['test/scenarios'], 2)],
  interop: () => [tests('interop', ['test/interop'], 1)],
  e2e: () => [tests('e2e', ['test/e2e'], 1)],
};

const help = `npm test [-- PART… | FILE…]

Sets up what the tests need (packages of the lockfile; Debian packages too, when root) and runs them.
Parts: ${Object.keys(parts).join(', ')}. Without any: all of them, in this order.

Examples:
  npm test
  npm test -- unit
  npm test -- test/interop/forwarder.test.ts`;

const asked = process.argv.slice(2);
if (asked.includes('--help') || asked.includes('-h')) {
  process.stdout.write(`${help}\n`);
  process.exit(0);
}
const files = asked.filter((word) => word.endsWith('.test.ts'));
const named = asked.filter((word) => !word.endsWith('.test.ts'));
const unknown = named.find((word) => !(word in parts));
if (unknown !== undefined) give(`there is no part "${unknown}"; the parts are ${Object.keys(parts).join(', ')}`, 2);

const began = Date.now();
process.stderr.write('Setting up\n');
await ensureInstalled();
const wantsSystem = named.length === 0 || named.some((part) => part === 'interop' || part === 'e2e');
if (wantsSystem && !(await ensureDebianPackages(testPrograms)) && process.env.CI === 'true') {
  give(
    'programs that tests need are missing and cannot be installed without root; with CI=true nothing may be skipped',
  );
}
const buildsNothing = named.length > 0 && named.every((part) => part === 'types' || part === 'lint');
if (!buildsNothing) await ensureBuilt();

const chosen = named.length > 0 ? named : files.length > 0 ? [] : Object.keys(parts);
const jobs = chosen.flatMap((part) => parts[part]());
if (files.length > 0) jobs.push(tests('files', files, 1));

const total = { passed: 0, failed: 0, skipped: 0 };
for (const job of jobs) {
  const at = Date.now();
  process.stderr.write(`\n── ${job.title}\n`);
  const result = await job.run();
  for (const key of Object.keys(total)) total[key] += result[key];
  const seconds = ((Date.now() - at) / 1000).toFixed(1);
  process.stderr.write(`── ${job.title}: ${result.failed === 0 ? 'passed' : 'FAILED'} in ${seconds} s\n`);
}
const skippedCounts = process.env.CI === 'true' && total.skipped > 0;
if (skippedCounts) process.stdout.write(`${total.skipped} skipped, which CI=true does not allow\n`);
process.stderr.write(`\nAll in ${Math.round((Date.now() - began) / 1000)} s\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed > 0 || skippedCounts ? 1 : 0);

function tsc() {
  return join(root, 'node_modules', 'typescript-7', 'bin', 'tsc');
}

/** A check that passes or fails as one. */
function check(title, args) {
  return {
    title,
    run: async () => {
      const code = await spawned(args);
      return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 };
    },
  };
}

/** Test files under Node's runner; its own counts are read from a second, machine-readable report. */
function tests(title, places, concurrency) {
  return {
    title,
    run: async () => {
      const found = places.flatMap(testsIn);
      if (found.length === 0) return { passed: 0, failed: 0, skipped: 0 };
      const folder = mkdtempSync(join(tmpdir(), 'patronus-test-'));
      const report = join(folder, 'report.tap');
      try {
        const code = await spawned([
          '--test',
          `--test-concurrency=${concurrency}`,
          '--test-timeout=600000',
          '--test-reporter=spec',
          '--test-reporter-destination=stdout',
          '--test-reporter=tap',
          `--test-reporter-destination=${report}`,
          ...found,
        ]);
        const counts = existsSync(report)
          ? countsOf(readFileSync(report, 'utf8'))
          : { passed: 0, failed: 1, skipped: 0 };
        return code === 0 || counts.failed > 0 ? counts : { ...counts, failed: 1 };
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}

function countsOf(report) {
  const count = (name) => Number(new RegExp(`^# ${name} (\\d+)$`, 'm').exec(report)?.[1] ?? 0);
  // The runner's own sum leaves out a group that is skipped as a whole.
  const skipped = report.match(/^ *(?:not )?ok .* # (?:SKIP|TODO)\b/gm)?.length ?? 0;
  return { passed: count('pass'), failed: count('fail') + count('cancelled'), skipped };
}

/** The test files in a folder, or the one file that is named. */
function testsIn(place) {
  const path = join(root, place);
  return existsSync(path) ? filesBelow(path).filter((file) => file.endsWith('.test.ts')) : [];
}

function spawned(args) {
  return new Promise((resolve) => {
    const child = spawn(bundledNode(), args, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: environment(),
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
}
