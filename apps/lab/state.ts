/**
 * The lab's folder: what is up (`lab.json`), the daemon's pid, its control socket, logs, the edges' own folders.
 *
 *   .patronus/lab/NAME/ lab.json daemon.pid controller.pid lab.sock logs/*.log edges/SITE/
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Layout } from './layout.ts';

export interface LabPaths {
  readonly root: string;
  readonly record: string;
  readonly pid: string;
  /** Pid of the controller that the lab started itself. */
  readonly controllerPid: string;
  readonly socket: string;
  readonly logs: string;
  readonly edges: string;
  /** Data of the controller that the lab starts if none runs. */
  readonly controller: string;
  /** Its ports, if they are fixed. */
  readonly controllerPorts: { readonly web: number; readonly edges: number } | undefined;
}

/** Where a lab keeps its state: `--state`, else `$PATRONUS_STATE_DIR/lab/NAME`, else `.patronus/lab/NAME` here. */
export function labPaths(lab: string, stateDir?: string): LabPaths {
  const base = stateDir ?? process.env.PATRONUS_STATE_DIR ?? '.patronus';
  const root = resolve(base, 'lab', lab);
  // The default lab shares its controller with `npm start`; any other has one of its own.
  const isDefault = lab === 'lab';
  return {
    root,
    record: join(root, 'lab.json'),
    pid: join(root, 'daemon.pid'),
    controllerPid: join(root, 'controller.pid'),
    socket: join(root, 'lab.sock'),
    logs: join(root, 'logs'),
    edges: join(root, 'edges'),
    controller: isDefault ? resolve(base, 'controller') : join(root, 'controller'),
    controllerPorts: isDefault ? { web: 8443, edges: 8444 } : undefined,
  };
}

export function makeFolders(paths: LabPaths): void {
  for (const folder of [paths.root, paths.logs, paths.edges]) mkdirSync(folder, { recursive: true, mode: 0o700 });
}

/** Written whole or not at all. */
export function writeRecord(paths: LabPaths, layout: Layout): void {
  writeFileSync(`${paths.record}.new`, `${JSON.stringify(layout, null, 2)}\n`);
  renameSync(`${paths.record}.new`, paths.record);
}

/** The layout of the lab that is, or was last, up; undefined when there is none. */
export function readRecord(paths: LabPaths): Layout | undefined {
  try {
    return JSON.parse(readFileSync(paths.record, 'utf8')) as Layout;
  } catch {
    return undefined;
  }
}

/** Pid and start time, so that a number the kernel has given to somebody else since is not mistaken for ours. */
export function writePid(file: string, pid: number): void {
  writeFileSync(file, `${pid} ${startTimeOf(pid) ?? ''}\n`);
}

/** The pid in the file if that is still the same process. */
export function livingProcess(file: string): number | undefined {
  try {
    const [pid, startTime] = readFileSync(file, 'utf8').trim().split(' ');
    return startTime !== undefined && startTimeOf(Number(pid)) === startTime ? Number(pid) : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/PID/stat, ticks since boot; the name in field 2 may hold blanks, so count from its bracket. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended; it only waits for its parent.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** The edges' identities and keys. */
export function forgetEdges(paths: LabPaths): void {
  rmSync(paths.edges, { recursive: true, force: true });
  mkdirSync(paths.edges, { mode: 0o700 });
}

/** Forgets the running lab; logs and edges' state stay unless `wipe`. */
export function removeState(paths: LabPaths, wipe: boolean): void {
  for (const file of [paths.pid, paths.controllerPid, paths.socket]) rmSync(file, { force: true });
  if (wipe) rmSync(paths.root, { recursive: true, force: true });
}
