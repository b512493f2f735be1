/**
 * Taking a lab out of the kernel by its names alone, so that it works after any crash: processes in its namespaces,
 * its cable to the root namespace (routes go with it), its namespaces. Nothing without the lab's own prefix is touched.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import * as names from './names.ts';
import { controlRemoval } from './network.ts';
import { run, runSteps } from './run.ts';
import { type LabPaths, livingProcess } from './state.ts';

/** How long processes in a namespace get between SIGTERM and SIGKILL. */
const graceMs = 3_000;

/** The lab's namespaces that exist now. */
export async function labNamespaces(lab: string): Promise<string[]> {
  const listing = await run('ip', ['-j', 'netns', 'list']);
  const entries = JSON.parse(listing.trim() || '[]') as { name: string }[];
  return entries.map((entry) => entry.name).filter((name) => name.startsWith(names.namespacePrefix(lab)));
}

async function hasControlInterface(lab: string): Promise<boolean> {
  const listing = await run('ip', ['-j', 'link', 'show', 'type', 'veth']);
  const links = JSON.parse(listing.trim() || '[]') as { ifname?: string }[];
  return links.some((link) => link.ifname === names.controlInterface(lab));
}

/** True when there is anything of this lab in the kernel. */
export async function hasRemains(lab: string): Promise<boolean> {
  return (await labNamespaces(lab)).length > 0 || (await hasControlInterface(lab));
}

/** Removes everything of this lab from the kernel. Does nothing, and succeeds, when there is nothing. */
export async function removeNetwork(lab: string): Promise<void> {
  const namespaces = await labNamespaces(lab);
  await endProcesses(namespaces);
  if (await hasControlInterface(lab)) await runSteps([controlRemoval(lab)]);
  for (const namespace of namespaces) await run('ip', ['netns', 'delete', namespace]);
}

async function endProcesses(namespaces: readonly string[]): Promise<void> {
  let pids = await pidsIn(namespaces);
  for (const pid of pids) signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (pids.length > 0 && Date.now() < deadline) {
    await sleep(20);
    pids = await pidsIn(namespaces);
  }
  for (const pid of pids) signal(pid, 'SIGKILL');
}

/** Ends the controller that a lab which crashed had started; a controller of anybody else is left alone. */
export async function endLeftController(paths: LabPaths): Promise<void> {
  const pid = livingProcess(paths.controllerPid);
  if (pid === undefined) return;
  signal(pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (livingProcess(paths.controllerPid) === pid && Date.now() < deadline) await sleep(20);
  if (livingProcess(paths.controllerPid) === pid) signal(pid, 'SIGKILL');
}

async function pidsIn(namespaces: readonly string[]): Promise<number[]> {
  const listings = await Promise.all(namespaces.map((namespace) => run('ip', ['netns', 'pids', namespace])));
  return listings.flatMap((listing) => listing.split('\n').filter(Boolean).map(Number)).filter((pid) => pid > 1);
}

/** A process that has ended meanwhile is what was wanted. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** Slots that other labs' routes show to be taken. */
export async function takenSlots(lab: string): Promise<Set<number>> {
  const listing = await run('ip', ['-j', 'route', 'show']);
  const routes = JSON.parse(listing.trim() || '[]') as { dst?: string; dev?: string }[];
  const taken = new Set<number>();
  for (const { dst = '', dev } of routes) {
    const match = /^198\.(18|19)\.(\d+)\.0\/20$/.exec(dst);
    if (match === null || dev === names.controlInterface(lab)) continue;
    taken.add((Number(match[1]) - 18) * 16 + Number(match[2]) / 16);
  }
  return taken;
}
