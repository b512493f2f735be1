/** The edge's own Unix socket: whoever connects (root alone may) gets the status as one JSON document. */
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { basename, dirname } from 'node:path';
import { EdgeError, exitCodes } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import type { EdgeStatus } from './status.ts';

const answerWithinMs = 3_000;
const letGoAfterMs = 10_000;

/**
 * A socket's path may have 107 bytes only, and Node cuts off what is longer: a long one goes by way of its folder's
 * descriptor. Call `done` once the socket is bound or connected.
 */
function reach(path: string): { readonly address: string; readonly done: () => void } {
  if (Buffer.byteLength(path) < 100) return { address: path, done: () => {} };
  const folder = openSync(dirname(path), 'r');
  return { address: `/proc/self/fd/${folder}/${basename(path)}`, done: () => closeSync(folder) };
}

/** Serves until closed. Whoever neither reads nor leaves is let go after `patienceMs`. */
export function serveStatus(
  paths: StatePaths,
  status: () => EdgeStatus,
  patienceMs: number = letGoAfterMs,
): Promise<Server> {
  rmSync(paths.socket, { force: true });
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.setTimeout(patienceMs, () => socket.destroy());
      // What a client says is thrown away; unread, it would keep the socket from ever closing.
      socket.resume();
      socket.end(JSON.stringify(status()));
    });
    const { address, done } = reach(paths.socket);
    server.once('error', (error) => {
      done();
      reject(error);
    });
    server.listen(address, () => {
      done();
      chmodSync(paths.socket, 0o600);
      resolve(server);
    });
  });
}

/** Asks a running edge. Throws an EdgeError when there is none. */
export async function askStatus(paths: StatePaths): Promise<EdgeStatus> {
  const parts: Buffer[] = [];
  let done = () => {};
  try {
    const way = reach(paths.socket);
    done = way.done;
    const socket = createConnection(way.address);
    socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer')));
    for await (const part of socket) parts.push(part as Buffer);
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'EACCES') {
      throw new EdgeError('NOT_PERMITTED', `${paths.socket}: only root may ask; use sudo`, exitCodes.notPermitted);
    }
    if (code === undefined) {
      throw new EdgeError('NO_ANSWER', `the edge on ${paths.directory} does not answer`, exitCodes.unreachable);
    }
    throw new EdgeError(
      'NOT_RUNNING',
      `no edge runs on ${paths.directory}; start it with \`patronus edge run --state ${paths.directory}\``,
      exitCodes.unreachable,
    );
  } finally {
    done();
  }
}

export async function isRunning(paths: StatePaths): Promise<boolean> {
  return askStatus(paths).then(
    () => true,
    (error) => !(error instanceof EdgeError && error.code === 'NOT_RUNNING'),
  );
}
