/**
 * How fast does a full table come in, go out again and reach a third speaker, and what does it cost to keep? One sender
 * with UPDATEs that were encoded before feeds each speaker in turn, on the same wire, in the same run.
 *
 *     npm run -s bench -- bgp --json [--routes 100000,1000000] [--only patronus,bird]
 *
 * `installS`: from the first byte to the speaker saying that it has all routes. `bytesPerRoute`: what its memory (resident)
 * grew by. `withdrawS`: until it says that it has none. `toThirdS`: from the first byte, with a third speaker connected, to
 * that one having been told all. `latestKeepaliveMs`: by how much a keepalive came later than a third of the hold time.
 * Needs root; speakers that are not installed are left out.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { checked, libc } from '@patronus/system/linux';
import { end } from '../test/interop/fixtures/ending.ts';
import { AS, DAEMON, type Daemon, daemons, HOLD_S, isThere, type Running, SENDER, THIRD } from './bgp/daemons.ts';
import { Endpoint } from './bgp/endpoint.ts';
import { type EncodedTable, encodedTable } from './bgp/table.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    routes: { type: 'string', default: '100000,1000000' },
    only: { type: 'string', default: Object.keys(daemons).join(',') },
  },
});
if (process.getuid?.() !== 0) {
  process.stderr.write('bench: bgp needs root for network namespaces\n');
  process.exit(2);
}

const NAMESPACE = 'ptbgpbench';
const WIRE = 'ptbgpbench';
const CLONE_NEWNET = 0x4000_0000;
const PATIENCE_MS = 180_000;
const folder = mkdtempSync(join(tmpdir(), 'patronus-bench-bgp-'));
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const exec = (command: string, ...args: string[]) => run('ip', 'netns', 'exec', NAMESPACE, command, ...args);

interface Figures {
  readonly installS: number;
  readonly routesPerS: number;
  readonly bytesPerRoute: number;
  readonly withdrawS: number;
  readonly toThirdS: number;
  readonly latestKeepaliveMs: number;
}

/** What is measured now; it goes with the bench. */
let measured: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    endAll();
    cleanUp();
    process.exit(1);
  });
}

checked(libc.unshare(CLONE_NEWNET), 'unshare', 'make a network namespace');
run('ip', 'link', 'set', 'lo', 'up');
run('ip', 'netns', 'add', NAMESPACE);
try {
  run('ip', 'link', 'add', WIRE, 'type', 'veth', 'peer', 'name', WIRE, 'netns', NAMESPACE);
  for (const address of [SENDER, THIRD]) run('ip', 'addr', 'add', `${address}/24`, 'dev', WIRE);
  run('ip', 'link', 'set', WIRE, 'up');
  run('ip', '-n', NAMESPACE, 'addr', 'add', `${DAEMON}/24`, 'dev', WIRE);
  run('ip', '-n', NAMESPACE, 'link', 'set', WIRE, 'up');
  run('ip', '-n', NAMESPACE, 'link', 'set', 'lo', 'up');
  const result: Record<string, Record<string, Figures>> = {};
  for (const routes of values.routes.split(',').map(Number)) {
    const table = encodedTable(routes, AS.sender, Uint8Array.from(SENDER.split('.').map(Number)));
    result[routes] = {};
    for (const name of values.only.split(',')) {
      const daemon = daemons[name];
      if (daemon === undefined || !isThere(daemon)) {
        process.stderr.write(`${name} is not installed\n`);
        continue;
      }
      try {
        result[routes][name] = await measure(daemon, routes, table);
        process.stderr.write(`${routes} ${name} ${JSON.stringify(result[routes][name])}\n`);
      } catch (error) {
        process.stderr.write(`${routes} ${name}: ${(error as Error).message}\n`);
      }
    }
  }
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
} finally {
  cleanUp();
}
process.exit(0);

function cleanUp(): void {
  run('ip', 'netns', 'del', NAMESPACE);
  rmSync(folder, { recursive: true, force: true });
}

function endAll(): void {
  if (measured?.pid === undefined || measured.exitCode !== null || measured.signalCode !== null) return;
  for (const pid of processesOf(measured.pid)) process.kill(pid, 'SIGKILL');
}

async function measure(daemon: Daemon, routes: number, table: EncodedTable): Promise<Figures> {
  const own = mkdtempSync(join(folder, 'daemon-'));
  const running = daemon.prepare(own);
  const child = spawn('ip', ['netns', 'exec', NAMESPACE, running.command, ...running.args], { stdio: 'ignore' });
  measured = child;
  try {
    const sender = await connected({ local: SENDER, remote: DAEMON, as: AS.sender, identifier: 1, holdTimeS: HOLD_S });
    const before = residentBytes(child.pid!);
    const startedMs = performance.now();
    sender.reset();
    const sending = sender.send(table.announce);
    const installS = (await until(running, (count) => count >= routes, startedMs)) / 1_000;
    await sending;
    const bytesPerRoute = (residentBytes(child.pid!) - before) / routes;
    const withdrawnMs = performance.now();
    await sender.send(table.withdraw);
    const withdrawS = (await until(running, (count) => count === 0, withdrawnMs)) / 1_000;
    const third = await connected({ local: THIRD, remote: DAEMON, as: AS.third, identifier: 2, holdTimeS: HOLD_S });
    third.reset();
    const toldMs = performance.now();
    await sender.send(table.announce);
    while (third.announced < routes) {
      if (performance.now() - toldMs > PATIENCE_MS) throw new Error(`the third has ${third.announced} routes`);
      await pause(5);
    }
    const toThirdS = (performance.now() - toldMs) / 1_000;
    const silenceMs = Math.max(sender.longestSilenceMs, third.longestSilenceMs);
    sender.close();
    third.close();
    return {
      ...{ installS: rounded(installS), routesPerS: Math.round(routes / installS) },
      ...{ bytesPerRoute: Math.round(bytesPerRoute), withdrawS: rounded(withdrawS), toThirdS: rounded(toThirdS) },
      latestKeepaliveMs: Math.max(0, Math.round(silenceMs - (HOLD_S * 1_000) / 3)),
    };
  } finally {
    await end(child, endAll);
  }
}

/** Tries until the daemon listens. */
async function connected(options: ConstructorParameters<typeof Endpoint>[0]): Promise<Endpoint> {
  const end = performance.now() + 60_000;
  for (;;) {
    const endpoint = new Endpoint(options);
    try {
      await endpoint.connect();
      return endpoint;
    } catch (error) {
      endpoint.close();
      if (performance.now() > end) throw error;
      await pause(200);
    }
  }
}

/** ms since `sinceMs` when the count is so; asks seldom, because asking costs the speaker as well. */
async function until(running: Running, isSo: (count: number) => boolean, sinceMs: number): Promise<number> {
  for (;;) {
    const askedMs = performance.now();
    const count = await running.count(exec);
    if (count !== undefined && isSo(count)) return performance.now() - sinceMs;
    if (askedMs - sinceMs > PATIENCE_MS) throw new Error(`it has ${count} routes after ${PATIENCE_MS / 1_000} s`);
    await pause(50);
  }
}

function residentBytes(pid: number): number {
  return processesOf(pid).reduce((sum, one) => {
    const kilobytes = /^VmRSS:\s*(\d+)/m.exec(readFileSync(`/proc/${one}/status`, 'utf8'))?.[1];
    return sum + Number(kilobytes ?? 0) * 1_024;
  }, 0);
}

/** The process and its children, as OpenBGPD has some. */
function processesOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((one) => processesOf(Number(one))))];
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
