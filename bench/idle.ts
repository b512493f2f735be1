/**
 * What does an edge cost that has nothing to do? Starts the lab of three sites, waits until all its tunnels are up and a
 * while longer, and watches one edge with its forwarder and the forwarder that stands by.
 *
 *     npm run -s bench -- idle --json [--seconds 60]
 *
 * `cpuPercent` of one core, `pssMiB` (memory shared with others counted in parts, so that sums are true) and `rssMiB`, all of
 * them together. Needs root.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cpuSeconds } from './forwarding/world.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean', default: false }, seconds: { type: 'string', default: '60' } },
});
const seconds = Number(values.seconds);
const cli = fileURLToPath(new URL('../apps/cli/main.ts', import.meta.url));
const SETTLE_MS = 20_000;
const LAB = 'ptidle';
process.env.PATRONUS_STATE_DIR = mkdtempSync(join(tmpdir(), 'pt-idle-'));

if (process.getuid?.() !== 0 || !(seconds > 0)) {
  process.stderr.write('bench: idle needs root for network namespaces, and --seconds above 0\n');
  process.exit(2);
}

function patronus(...args: string[]): string {
  return execFileSync(process.execPath, [cli, ...args], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Every process by its parent. */
function childrenOf(pid: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((candidate) => {
      try {
        return Number(readFileSync(`/proc/${candidate}/stat`, 'latin1').split(') ')[1]!.split(' ')[1]) === pid;
      } catch {
        return false;
      }
    });
}

function memoryKiB(pid: number, name: 'Pss' | 'Rss'): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1'))?.[1]);
}

interface LabStatus {
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

try {
  process.stderr.write('starting a lab …\n');
  patronus('lab', 'up', '--name', LAB);
  await pause(SETTLE_MS);
  const { processes } = JSON.parse(patronus('lab', 'status', '--name', LAB, '--json')) as LabStatus;
  const edge = processes.find(({ name }) => name === 'edge berlin');
  if (edge === undefined) throw new Error(`bench: no edge among ${processes.map(({ name }) => name).join(', ')}`);
  const pids = [edge.pid, ...childrenOf(edge.pid)];
  process.stderr.write(`watching ${pids.length} processes for ${seconds} s …\n`);
  const before = pids.map((pid) => cpuSeconds([pid]));
  await pause(seconds * 1_000);
  const shares = pids.map((pid, at) => ((cpuSeconds([pid]) - before[at]!) / seconds) * 100);
  const sum = (values: readonly number[]) => Number(values.reduce((one, other) => one + other, 0).toFixed(2));
  const result = {
    processes: pids.length,
    cpuPercent: sum(shares),
    cpuPercentEach: shares.map((share) => Number(share.toFixed(2))),
    pssMiB: sum(pids.map((pid) => memoryKiB(pid, 'Pss') / 1024)),
    rssMiB: sum(pids.map((pid) => memoryKiB(pid, 'Rss') / 1024)),
  };
  process.stdout.write(values.json ? `${JSON.stringify(result)}\n` : `${JSON.stringify(result, null, 2)}\n`);
} finally {
  patronus('lab', 'down', '--name', LAB);
  rmSync(process.env.PATRONUS_STATE_DIR, { recursive: true, force: true });
}
