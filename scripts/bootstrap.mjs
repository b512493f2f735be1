/**
 * What every entry point needs before Patronus itself can run: the packages of the lockfile, and the Node of our own
 * that comes with them. Plain JavaScript, because the machine's own Node, which starts it, may be an older one.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unwantedServices } from './debian.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));
const lockMark = join(root, 'node_modules', '.patronus-lock');

/** Ends the program with one sentence that says what to do. */
export function give(message, code = 1) {
  process.stderr.write(`\npatronus: ${message}\n`);
  process.exit(code);
}

export function refuseOldNode() {
  if (Number(process.versions.node.split('.')[0]) >= 20) return;
  give(
    `Node ${process.versions.node} is too old to set Patronus up; install Node 20 or later (Debian: apt-get install nodejs npm) and try again`,
  );
}

/** The Node 24 that the lockfile brings, or the running one where that is new enough. */
export function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const path = join(root, 'node_modules', name, 'bin', 'node');
  if (existsSync(path)) return path;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return give(
    `no Node 24 for ${process.platform} on ${process.arch} among the packages; install Node 24 yourself and run this again with it`,
  );
}

/** The environment in which `node` and the packages' commands are those of this checkout. */
export function environment(extra = {}) {
  const path = [join(bundledNode(), '..'), join(root, 'node_modules', '.bin'), process.env.PATH].join(':');
  return { ...process.env, ...extra, PATH: path };
}

/** Runs a program with its output shown; resolves with its exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? (signal === null ? 1 : 128)));
  });
}

/**
 * Runs a step whose output matters only when it fails, and says how long it takes meanwhile:
 * a moving line on a terminal, a line every 15 s elsewhere.
 */
export async function step(title, command, args, options = {}) {
  const began = Date.now();
  const seconds = () => Math.round((Date.now() - began) / 1000);
  const tty = process.stderr.isTTY === true;
  process.stderr.write(tty ? `  ${title} …` : `  ${title}\n`);
  const beat = setInterval(
    () => process.stderr.write(tty ? `\r  ${title} … ${seconds()} s` : `  ${title}: ${seconds()} s so far\n`),
    tty ? 1_000 : 15_000,
  );
  let output = '';
  const code = await new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options });
    const keep = (bytes) => {
      output = (output + bytes).slice(-20_000);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      output += String(error);
      resolve(127);
    });
    child.once('close', (status) => resolve(status ?? 1));
  });
  clearInterval(beat);
  process.stderr.write(tty ? `\r  ${title}: ${code === 0 ? 'done' : 'failed'} in ${seconds()} s\n` : '');
  if (code !== 0) {
    process.stderr.write(output);
    give(`"${title}" failed (exit code ${code}); the output above says why`);
  }
  return output;
}

/** Installs what the lockfile names, unless exactly that is already there. */
export async function ensureInstalled() {
  const wanted = digest([join(root, 'package-lock.json')]);
  if (existsSync(lockMark) && readFileSync(lockMark, 'utf8') === wanted) return;
  await step('installing packages from the lockfile', 'npm', ['ci', '--no-audit', '--no-fund']);
  writeFileSync(lockMark, wanted);
}

/** Debian packages by the program that shows each is there. Only root can install; others are told what to ask for. */
export async function ensureDebianPackages(programs) {
  const missing = Object.entries(programs)
    .filter(([program]) => !isOnPath(program))
    .map(([, name]) => name);
  if (missing.length === 0) return true;
  const isRoot = process.platform === 'linux' && process.getuid() === 0;
  if (!isRoot || !isOnPath('apt-get')) {
    process.stderr.write(`  missing: ${missing.join(' ')} (as root: apt-get install ${missing.join(' ')})\n`);
    return false;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step('refreshing the list of Debian packages', 'apt-get', ['update', '-qq'], { env });
  const names = [...new Set(missing)];
  await step(
    `installing ${names.join(' ')}`,
    'apt-get',
    ['install', '-y', '-qq', '--no-install-recommends', ...names],
    {
      env,
    },
  );
  for (const name of names) if (name in unwantedServices) await stopService(unwantedServices[name]);
  return true;
}

/** A package starts its service as it is installed; this machine's routing is not ours to change. */
async function stopService(name) {
  const [command, ...args] = existsSync('/run/systemd/system')
    ? ['systemctl', 'disable', '--now', name]
    : ['service', name, 'stop'];
  if (isOnPath(command)) await run(command, args, { stdio: 'ignore' });
}

function isOnPath(program) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(join(folder, program)));
}

/** Builds the parts that Node cannot run as they are, each only when its sources changed since. */
export async function ensureBuilt() {
  const node = bundledNode();
  const env = environment();
  await ensurePart(
    'kernels',
    ['packages/forwarder/kernels'],
    'building the packet kernels',
    node,
    ['packages/forwarder/kernels/build.mjs'],
    { env },
  );
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  await ensurePart(
    'dashboard',
    ['apps/dashboard', 'apps/controller/graphql/schema.graphql'],
    'building the dashboard',
    node,
    [vite, 'build', '--logLevel', 'warn'],
    { env, cwd: join(root, 'apps', 'dashboard') },
  );
}

async function ensurePart(name, sources, title, command, args, options) {
  const mark = join(root, 'node_modules', `.patronus-built-${name}`);
  const wanted = digest([
    join(root, 'package-lock.json'),
    ...sources.flatMap((source) => filesBelow(join(root, source))),
  ]);
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted && outputOf(name)) return;
  await step(title, command, args, options);
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(mark, wanted);
}

function outputOf(name) {
  return existsSync(join(root, name === 'kernels' ? 'packages/forwarder/kernels/build' : 'apps/dashboard/dist'));
}

const generated = new Set(['node_modules', 'dist', 'build', '.git']);

/** All files of a folder, sorted, without what is generated or installed. */
export function filesBelow(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => !generated.has(entry.name))
    .sort((one, other) => (one.name < other.name ? -1 : 1))
    .flatMap((entry) => filesBelow(join(path, entry.name)));
}

function digest(files) {
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(root.length)).update('\0').update(readFileSync(file)).update('\0');
  return hash.digest('hex');
}
