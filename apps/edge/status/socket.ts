/** The edge's own Unix socket: whoever connects (root alone may) gets the status as one JSON document. */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server } from 'node:net';
import { EdgeError, exitCodes } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import type { EdgeStatus } from './status.ts';

const answerWithinMs = 3_000;

/** Serves until closed. */
export function serveStatus(paths: StatePaths, status: () => EdgeStatus): Promise<Server> {
  rmSync(paths.socket, { force: true });
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(JSON.stringify(status()));
    });
    server.once('error', reject);
    server.listen(paths.socket, () => {
      chmodSync(paths.socket, 0o600);
      resolve(server);
    });
  });
}

/** Asks a running edge. Throws an EdgeError when there is none. */
export async function askStatus(paths: StatePaths): Promise<EdgeStatus> {
  const socket = createConnection(paths.socket);
  socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer')));
  const parts: Buffer[] = [];
  try {
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
  }
}

export async function isRunning(paths: StatePaths): Promise<boolean> {
  return askStatus(paths).then(
    () => true,
    (error) => !(error instanceof EdgeError && error.code === 'NOT_RUNNING'),
  );
}
