/** The daemon's control socket: one JSON request a line, one JSON answer a line, then the connection closes. */
import { closeSync, openSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { type ErrorReport, type ExitCode, errorReport, exitCodes, LabError } from './errors.ts';
import type { WireCondition } from './impair.ts';
import type { WireImpairment } from './topology.ts';

export type Request =
  | { readonly verb: 'status' }
  | { readonly verb: 'stop' }
  | { readonly verb: 'cut'; readonly site: string; readonly uplink: string; readonly oneWay: boolean }
  | { readonly verb: 'restore'; readonly site: string; readonly uplink: string }
  | { readonly verb: 'impair'; readonly site: string; readonly uplink: string; readonly impairment: WireImpairment };

export interface WireStatus extends WireCondition {
  readonly site: string;
  readonly uplink: string;
  readonly carriedBy: 'bridge' | 'relay';
}

export interface ProcessStatus {
  readonly name: string;
  readonly pid: number | undefined;
  readonly restarts: number;
}

export interface DaemonStatus {
  readonly pid: number;
  readonly since: string;
  readonly controllerSocket: string | undefined;
  readonly wires: readonly WireStatus[];
  readonly processes: readonly ProcessStatus[];
}

type Answer = { readonly ok: true; readonly result: unknown } | { readonly ok: false; readonly error: ErrorReport };

const maxRequestBytes = 65_536;

/**
 * A socket's path may have 107 bytes only, and clones live in deep folders: a long one goes by way of its folder's
 * descriptor. Call `done` once the socket is bound or connected.
 */
export function socketAddress(path: string): { path: string; done: () => void } {
  if (Buffer.byteLength(path) < 100) return { path, done: () => {} };
  const folder = openSync(dirname(path), 'r');
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, done: () => closeSync(folder) };
}

/** Serves requests until closed. Only the owner of the lab's folder (mode 0700) can reach the socket. */
export function serveControl(path: string, handle: (request: Request) => Promise<unknown>): Promise<Server> {
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('error', () => socket.destroy());
    socket.on('data', async (chunk: string) => {
      text += chunk;
      if (text.length > maxRequestBytes) socket.destroy();
      const end = text.indexOf('\n');
      if (end < 0 || socket.destroyed) return;
      const line = text.slice(0, end);
      text = '';
      socket.end(`${JSON.stringify(await answerTo(line, handle))}\n`);
    });
  });
  const address = socketAddress(path);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address.path, () => {
      address.done();
      resolve(server);
    });
  });
}

async function answerTo(line: string, handle: (request: Request) => Promise<unknown>): Promise<Answer> {
  try {
    return { ok: true, result: (await handle(JSON.parse(line) as Request)) ?? null };
  } catch (error) {
    return { ok: false, error: errorReport(error) };
  }
}

/** Asks the daemon; undefined when none listens there. */
export function tryAsk(path: string, request: Request): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let address: ReturnType<typeof socketAddress>;
    try {
      address = socketAddress(path);
    } catch {
      return resolve(undefined);
    }
    const socket = connect(address.path);
    let text = '';
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      address.done();
      socket.write(`${JSON.stringify(request)}\n`);
    });
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      ['ENOENT', 'ECONNREFUSED', 'ENOTDIR'].includes(error.code ?? '') ? resolve(undefined) : reject(error),
    );
    socket.on('end', () => {
      if (text === '') return resolve(undefined);
      const answer = readAnswer(text);
      if (answer === undefined) {
        const message = 'the lab ended before its answer was complete; see `patronus lab status`';
        return reject(new LabError('lab.no_answer', message));
      }
      if (answer.ok) resolve(answer.result);
      else reject(new LabError(answer.error.code, answer.error.message, answer.error.exitCode as ExitCode));
    });
  });
}

/** Undefined when it is cut off, as that of a daemon that was killed. */
function readAnswer(text: string): Answer | undefined {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return undefined;
  }
}

/** Asks the daemon of a lab that has to be up. */
export async function ask(path: string, request: Request): Promise<unknown> {
  const result = await tryAsk(path, request);
  if (result === undefined) throw notUp();
  return result;
}

export const notUp = () =>
  new LabError('lab.not_up', 'the lab is not up; bring it up with `patronus lab up`', exitCodes.notUp);
