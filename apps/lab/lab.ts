/**
 * A running lab, in this process: its network, wires, edges and control socket. `lab up --foreground` runs it in the
 * terminal, plain `lab up` in a daemon of its own.
 */
import type { Server } from 'node:net';
import { endLeftController, hasRemains, removeNetwork, takenSlots } from './cleanup.ts';
import { type DaemonStatus, type Request, serveControl, tryAsk } from './control.ts';
import { type Edges, noEdges, startEdges } from './edges.ts';
import { exitCodes, LabError } from './errors.ts';
import { type Layout, layOut, slots } from './layout.ts';
import { buildSteps } from './network.ts';
import { runSteps } from './run.ts';
import {
  forgetEdges,
  type LabPaths,
  labPaths,
  makeFolders,
  readRecord,
  removeState,
  writePid,
  writeRecord,
} from './state.ts';
import { loadTopology } from './topology.ts';
import { createWires, type Wires } from './wires.ts';

export interface UpOptions {
  readonly lab: string;
  readonly topology: string;
  readonly stateDir: string | undefined;
  readonly withEdges: boolean;
  /** Admin socket of a controller that runs already; without it the lab looks in the usual place, then starts one. */
  readonly controllerSocket: string | undefined;
}

/** Tells a person how far things are. What is secret is shown, and never written into a log. */
export type Report = (progress: string, options?: { readonly isSecret: boolean }) => void;

export interface Lab {
  readonly layout: Layout;
  readonly paths: LabPaths;
  /** Resolves when somebody asks for the lab to end over its control socket. */
  readonly stopAsked: Promise<void>;
  stop(): Promise<void>;
}

/** Brings everything up, or nothing: on failure or when aborted, whatever was made is taken away again. */
export async function startLab(options: UpOptions, report: Report, signal: AbortSignal): Promise<Lab> {
  const paths = labPaths(options.lab, options.stateDir);
  const topology = loadTopology(options.topology);
  await refuseSecond(paths, options.lab);
  makeFolders(paths);
  if (await hasRemains(options.lab)) {
    report('cleaning up after an earlier run');
    await removeNetwork(options.lab);
  }
  await endLeftController(paths);
  const slotBefore = readRecord(paths)?.slot;
  const layout = layOut(topology, options.lab, await freeSlot(options.lab, slotBefore));
  // Enrolled edges look for the controller where the lab was before, so they have to enrol anew.
  if (slotBefore !== undefined && slotBefore !== layout.slot) forgetEdges(paths);
  writePid(paths.pid, process.pid);
  writeRecord(paths, layout);
  const wires = createWires(layout, paths.logs);
  const undo: (() => Promise<unknown>)[] = [async () => removeState(paths, false), () => removeNetwork(options.lab)];
  const stop = async () => {
    while (undo.length > 0) await undo.pop()?.();
  };
  try {
    report(`making ${layout.sites.length} sites: ${layout.sites.map((site) => site.name).join(', ')}`);
    await runSteps(buildSteps(layout), signal);
    undo.push(() => wires.stop());
    await wires.begin();
    const edges = options.withEdges ? await startEdges({ layout, paths, ...options }, report, signal) : noEdges;
    undo.push(() => edges.stop());
    const { promise: stopAsked, resolve: askStop } = Promise.withResolvers<void>();
    const server = await serveControl(paths.socket, handler(wires, edges, askStop));
    undo.push(async () => closeServer(server));
    return { layout, paths, stopAsked, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function refuseSecond(paths: LabPaths, lab: string): Promise<void> {
  const running = (await tryAsk(paths.socket, { verb: 'status' })) as DaemonStatus | undefined;
  if (running === undefined) return;
  throw new LabError(
    'lab.already_up',
    `the lab "${lab}" is already up (process ${running.pid}); see it with \`patronus lab status\`, end it with \`patronus lab down\`, or give another --name`,
    exitCodes.alreadyUp,
  );
}

/** The one it had before, because enrolled edges remember the controller's address in it; slot 0 is the default lab's. */
async function freeSlot(lab: string, before: number | undefined): Promise<number> {
  const taken = await takenSlots(lab);
  const all = Array.from({ length: slots }, (_, slot) => slot);
  const wanted = [...(before === undefined ? [] : [before]), ...(lab === 'lab' ? all : all.slice(1))];
  const free = wanted.find((slot) => !taken.has(slot));
  if (free !== undefined) return free;
  throw new LabError(
    'lab.no_room',
    `${slots} labs are up already; take one down with \`patronus lab down --name NAME\``,
  );
}

function handler(wires: Wires, edges: Edges, askStop: () => void) {
  const since = new Date().toISOString();
  return async (request: Request): Promise<unknown> => {
    switch (request.verb) {
      case 'status': {
        const relay = wires.relayPid();
        const processes = edges.processes();
        return {
          pid: process.pid,
          since,
          controllerSocket: edges.controllerSocket,
          wires: wires.status(),
          processes: relay === undefined ? processes : [...processes, { name: 'relay', pid: relay, restarts: 0 }],
        } satisfies DaemonStatus;
      }
      case 'cut':
        return wires.change(request.site, request.uplink, (now) => ({
          ...now,
          cut: request.oneWay ? 'outgoing' : 'both ways',
        }));
      case 'restore':
        return wires.restore(request.site, request.uplink);
      case 'impair':
        return wires.change(request.site, request.uplink, (now) => ({ ...now, impairment: request.impairment }));
      case 'stop':
        return askStop();
    }
  };
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
