/**
 * The Unix socket that operators' commands ask: a request is one line of JSON, the answer is lines of JSON, the last of
 * which has `end`. Who may open the socket may command the router: it is the owner's alone.
 */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

export interface ControlRequest {
  readonly command: string;
  readonly neighbour?: string;
  readonly [option: string]: unknown;
}

/** What a command answers: values, told one by one as the asker takes them. Throws a ControlError where it cannot. */
export type ControlCommands = Readonly<Record<string, (request: ControlRequest) => Answers | Promise<Answers>>>;
export type Answers = Iterable<unknown>;

export class ControlError extends Error {}

const MOST_REQUEST = 65_536;

export class ControlSocket {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Takes the place of a socket that a process left behind; refuses where one answers. */
  static async listen(path: string, commands: ControlCommands): Promise<ControlSocket> {
    if (await answers(path)) throw new Error(`${path}: another router answers there; stop it, or set controlSocket`);
    mkdirSync(dirname(path), { recursive: true });
    rmSync(path, { force: true });
    const server = createServer((socket) => void serve(socket, commands));
    const before = process.umask(0o177);
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(path, resolve);
      });
    } finally {
      process.umask(before);
    }
    chmodSync(path, 0o600);
    return new ControlSocket(server, path);
  }

  close(): void {
    this.#server.close();
    rmSync(this.#path, { force: true });
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

async function serve(socket: Socket, commands: ControlCommands): Promise<void> {
  socket.on('error', () => socket.destroy());
  socket.setEncoding('utf8');
  let text = '';
  socket.on('data', (piece: string) => {
    text += piece;
    const end = text.indexOf('\n');
    if (end < 0) {
      if (text.length > MOST_REQUEST) socket.destroy();
      return;
    }
    socket.removeAllListeners('data');
    void answer(socket, text.slice(0, end), commands);
  });
}

async function answer(socket: Socket, line: string, commands: ControlCommands): Promise<void> {
  try {
    const request = JSON.parse(line) as ControlRequest;
    const command = Object.hasOwn(commands, request.command) ? commands[request.command] : undefined;
    if (command === undefined) throw new ControlError(`there is no command ${JSON.stringify(request.command)}`);
    let piece = '';
    for (const value of await command(request)) {
      piece += `${JSON.stringify({ value })}\n`;
      if (piece.length < 65_536) continue;
      await written(socket, piece);
      piece = '';
      if (socket.destroyed) return;
    }
    socket.end(`${piece}${JSON.stringify({ end: true })}\n`);
  } catch (error) {
    socket.end(`${JSON.stringify({ end: true, error: (error as Error).message })}\n`);
  }
}

/** Also lets the event loop turn, so that a long answer delays no keepalive. */
function written(socket: Socket, text: string): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('close', done);
      setImmediate(resolve);
    };
    socket.once('close', done);
    socket.write(text, done);
  });
}

/** Asks a router; yields what it answers. Throws a ControlError with the router's words, or an Error of the socket. */
export async function* ask(path: string, request: ControlRequest): AsyncGenerator<unknown> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.write(`${JSON.stringify(request)}\n`);
  for await (const line of createInterface({ input: socket })) {
    const told = JSON.parse(line) as { value?: unknown; end?: boolean; error?: string };
    if (told.end !== true) {
      yield told.value;
      continue;
    }
    if (told.error !== undefined) throw new ControlError(told.error);
    return;
  }
  throw new Error('the router ended before it had answered');
}
