/**
 * `npm start`: from a fresh clone to a running controller and, as root on Linux, the three-site lab.
 * Ctrl-C stops everything that it started, in order: the lab first, then the controller.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  bundledNode,
  ensureBuilt,
  ensureDebianPackages,
  ensureInstalled,
  environment,
  refuseOldNode,
  root,
} from './bootstrap.mjs';
import { labPrograms } from './debian.mjs';

refuseOldNode();

const help = `npm start [-- --no-lab] [-- --port 8443] [-- --edge-port 8444]

Starts the controller and, as root on Linux, the lab: three sites with two uplinks each, joined by twelve tunnels.
State is kept in .patronus; delete that folder to begin anew.`;

const words = process.argv.slice(2);
if (words.includes('--help') || words.includes('-h')) {
  process.stdout.write(`${help}\n`);
  process.exit(0);
}
const port = option('--port') ?? process.env.PATRONUS_PORT ?? '8443';
const edgePort = option('--edge-port') ?? process.env.PATRONUS_EDGE_PORT ?? '8444';
const state = process.env.PATRONUS_STATE_DIR ?? join(root, '.patronus');
const labName = process.env.PATRONUS_LAB ?? 'lab';
const socket = join(state, 'controller', 'admin.sock');

/** Programs under way, in the order they were started; stopped from the last to the first. */
const running = [];
let stopping;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));

process.stderr.write('Patronus: setting up\n');
await ensureInstalled();
await ensureBuilt();

const labRefusal = whyNoLab();
if (labRefusal === undefined) await ensureDebianPackages(labPrograms);

process.stderr.write('Patronus: starting the controller\n');
const controller = start('controller', 'apps/controller/main.ts', [
  '--announce',
  '--data',
  join(state, 'controller'),
  '--port',
  port,
  '--edge-port',
  edgePort,
]);
const ready = await announcement(controller);
if (labRefusal === undefined) {
  process.stderr.write('Patronus: starting the lab\n');
  const lab = start('lab', 'apps/lab/main.ts', [
    ...['up', '--foreground', '--json', '--name', labName, '--state', state],
    ...['--controller-socket', socket],
  ]);
  await announcement(lab);
  await tunnelsUp();
}
farewell(ready);

function option(name) {
  const at = words.indexOf(name);
  return at < 0 ? undefined : words[at + 1];
}

function whyNoLab() {
  if (words.includes('--no-lab')) return 'it was started with --no-lab';
  if (process.platform !== 'linux') return `it needs Linux; this is ${process.platform}. Run it on any Linux machine`;
  if (process.getuid() !== 0) return 'it needs root for network namespaces: sudo npm start';
  if (!existsSync('/dev/net/tun')) return 'it needs /dev/net/tun: modprobe tun';
  return undefined;
}

/** A program in a process group of its own, so that a Ctrl-C at the terminal reaches it through us alone. */
function start(name, main, args) {
  const child = spawn(bundledNode(), [join(root, main), ...args], {
    cwd: root,
    env: environment(),
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
  });
  const program = { name, child, ended: new Promise((resolve) => child.once('exit', resolve)) };
  running.push(program);
  child.once('error', (error) => stop(1, `${name} could not be started: ${error.message}`));
  child.once('exit', (code) => {
    if (stopping === undefined) stop(code || 1, `${name} ended by itself (exit code ${code}); its last lines say why`);
  });
  return program;
}

/** The line of JSON with which a program says that it is ready. */
function announcement({ child }) {
  return new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      const message = parsed(line);
      if (message?.ready === true || message?.ok === true) resolve(message);
      else process.stderr.write(`${line}\n`);
    });
  });
}

/** Waits until every tunnel is up and says how it goes; gives up waiting, not running, after a minute. */
async function tunnelsUp() {
  const tty = process.stderr.isTTY === true;
  const end = Date.now() + 60_000;
  let shown = '';
  while (Date.now() < end) {
    const { up, total } = await tunnelCounts();
    const text = `  tunnels: ${up} of ${total} up`;
    if (text !== shown) process.stderr.write(tty ? `\r${text}` : `${text}\n`);
    shown = text;
    if (total > 0 && up === total && total >= 12) break;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  if (tty) process.stderr.write('\n');
}

function tunnelCounts() {
  const none = { up: 0, total: 0 };
  const body = JSON.stringify({ query: '{ overview { tunnels { up total } } }' });
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve) => {
    const options = { socketPath: socket, path: '/api/v2/graphql', method: 'POST', headers, timeout: 5_000 };
    const ask = request(options, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(parsed(text)?.data?.overview?.tunnels ?? none));
    });
    ask.on('error', () => resolve(none));
    ask.on('timeout', () => ask.destroy());
    ask.end(body);
  });
}

function parsed(line) {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function farewell({ url, setupUrl }) {
  const lines = ['', `  Patronus runs at  ${url}`];
  if (setupUrl) lines.push('', '  Make the first administrator with this one-time link:', `  ${setupUrl}`);
  if (labRefusal !== undefined) lines.push('', `  Without the lab: ${labRefusal}.`);
  else {
    lines.push('', '  The lab is up: berlin, london and tokyo, two uplinks each. In another terminal, try:');
    lines.push('    npx patronus lab status');
    lines.push('    npx patronus lab exec berlin ping 10.2.0.10');
    lines.push('    npx patronus lab cut berlin internet');
  }
  lines.push('', '  The certificate is our own, so a browser asks once. Ctrl-C stops everything.', '');
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Stops everything, once; a second signal at once is the terminal's and npm's, not impatience. */
async function stop(code, reason) {
  if (stopping !== undefined) {
    if (Date.now() - stopping < 500) return;
    for (const { child } of running) child.kill('SIGKILL');
    process.exit(code || 1);
  }
  stopping = Date.now();
  process.stderr.write(reason === undefined ? '\nPatronus: stopping\n' : `\npatronus: ${reason}\n`);
  for (const { name, child, ended } of running.toReversed()) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGTERM');
    const late = setTimeout(() => {
      process.stderr.write(`Patronus: the ${name} did not stop within 20 s and is ended\n`);
      child.kill('SIGKILL');
    }, 20_000);
    await ended;
    clearTimeout(late);
  }
  process.exit(code);
}
