/** The controller that the lab's edges belong to: one that runs already, or one the lab starts for itself. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { answers, type ControllerClient, controllerClient } from './controller-client.ts';
import { LabError } from './errors.ts';
import type { Report } from './lab.ts';
import { type LabPaths, writePid } from './state.ts';
import { type Supervised, supervise } from './supervisor.ts';

const program = join(import.meta.dirname, '../controller/main.ts');
/** A first start makes keys and a database; on a busy machine that takes a while. */
const startMs = 60_000;

export interface ControllerChoice {
  readonly client: ControllerClient;
  /** Undefined when somebody else runs it. */
  readonly process: Supervised | undefined;
}

export interface Ports {
  /** HTTPS for people and for enrolment. */
  readonly web: number;
  /** The edges' channel. */
  readonly edges: number;
}

/** Uses the controller at `socket` if given (it must answer), else the usual one if it runs, else starts one. */
export async function chooseController(
  paths: LabPaths,
  socket: string | undefined,
  report: Report,
  signal: AbortSignal,
): Promise<ControllerChoice> {
  if (socket !== undefined) {
    const given = resolve(socket);
    if (await answers(given)) return { client: controllerClient(given), process: undefined };
    throw new LabError(
      'lab.no_controller',
      `no controller answers at ${given}; start one with \`npm start\` or \`patronus controller\`, or leave --controller-socket out and the lab starts its own`,
    );
  }
  const usual = join(paths.controller, 'admin.sock');
  if (await answers(usual)) return { client: controllerClient(usual), process: undefined };
  report('starting a controller');
  return startController(paths, usual, report, signal);
}

async function startController(
  paths: LabPaths,
  socket: string,
  report: Report,
  signal: AbortSignal,
): Promise<ControllerChoice> {
  mkdirSync(paths.controller, { recursive: true, mode: 0o700 });
  const ports = await portsFor(join(dirname(paths.record), 'controller-ports.json'), paths.controllerPorts);
  const logFile = join(paths.logs, 'controller.log');
  const args = ['--data', paths.controller, '--port', String(ports.web), '--edge-port', String(ports.edges)];
  const controller = {
    name: 'controller',
    command: process.execPath,
    args: () => [program, '--announce', ...args],
    logFile,
    onLine: (line: string) => announce(line, report),
  };
  // It runs in the root namespace, where no namespace's name finds it again after a crash of the lab.
  const supervised = supervise(controller, (pid) => writePid(paths.controllerPid, pid));
  const deadline = Date.now() + startMs;
  try {
    while (!(await answers(socket))) {
      // Ended twice: what keeps it from starting will not go away by itself.
      if (supervised.restarts() > 1 || Date.now() > deadline) {
        throw new LabError('lab.controller_failed', `the controller did not start:\n${lastLines(logFile)}`);
      }
      await sleep(100, undefined, { signal });
    }
  } catch (error) {
    await supervised.stop();
    throw error;
  }
  return { client: controllerClient(socket), process: supervised };
}

/** The controller says once where it is, and, until there is an administrator, by which link one is made. */
function announce(line: string, report: Report): void {
  const said = announcement.safeParse(parsed(line));
  if (!said.success) return;
  report(`the dashboard is at ${said.data.url}`);
  const { setupUrl } = said.data;
  if (setupUrl !== null)
    report(`make the first administrator with this one-time link: ${setupUrl}`, { isSecret: true });
}

const announcement = z.object({ ready: z.literal(true), url: z.string(), setupUrl: z.string().nullable() });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same ports at every start, because enrolled edges remember them; the usual ones if the lab may have them. */
async function portsFor(file: string, usual: Ports | undefined): Promise<Ports> {
  if (usual !== undefined) return usual;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Ports;
  } catch {
    const ports = { web: await freePort(), edges: await freePort() };
    writeFileSync(file, JSON.stringify(ports));
    return ports;
  }
}

function freePort(): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

export function lastLines(file: string, count = 5): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
  } catch {
    return `(no log at ${file})`;
  }
}
