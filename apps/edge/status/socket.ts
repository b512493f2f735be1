/**
 * The edge's own Unix socket (root alone may connect): one line of JSON asks, one document answers, and the connection
 * ends. `{"ask":"status"}`, `{"ask":"record"}`, `{"ask":"explain"}`.
 */
import { chmodSync, closeSync, openSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import { EdgeError, exitCodes, messageOf } from '../errors.ts';
import type { StatePaths } from '../state/paths.ts';
import type { EdgeStatus } from './status.ts';

const answerWithinMs = 3_000;
const letGoAfterMs = 10_000;
const longestQuestion = 4_096;

const portSchema = z.int().min(0).max(0xffff);
export const questionSchema = z.discriminatedUnion('ask', [
  z.object({ ask: z.literal('status') }),
  /** The latest so many ms, or everything that is remembered. */
  z.object({ ask: z.literal('record'), latestMs: z.number().min(0).optional() }),
  z.object({
    ask: z.literal('explain'),
    from: z.string().max(64),
    to: z.string().max(64),
    protocol: z.int().min(0).max(255).optional(),
    port: portSchema.optional(),
  }),
]);
export type Question = z.infer<typeof questionSchema>;

/** What is asked, to the text of the answer. Throws an EdgeError that says why not. */
export type Answer = (question: Question) => string | Promise<string>;

/** How an answer begins that is a failure. */
const failureSchema = z.object({ failure: z.object({ code: z.string(), message: z.string(), exitCode: z.int() }) });

/**
 * A socket's path may have 107 bytes only, and Node cuts off what is longer: a long one goes by way of its folder's
 * descriptor. Call `done` once the socket is bound or connected.
 */
function reach(path: string): { readonly address: string; readonly done: () => void } {
  if (Buffer.byteLength(path) < 100) return { address: path, done: () => {} };
  const folder = openSync(dirname(path), 'r');
  return { address: `/proc/self/fd/${folder}/${basename(path)}`, done: () => closeSync(folder) };
}

/** Serves until closed. Whoever neither asks, reads nor leaves is let go after `patienceMs`. */
export function serveQuestions(paths: StatePaths, answer: Answer, patienceMs: number = letGoAfterMs): Promise<Server> {
  rmSync(paths.socket, { force: true });
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.setTimeout(patienceMs, () => socket.destroy());
      hear(socket, answer);
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

/** Answers the first line; what else a client says is thrown away, for unread it would keep the socket from closing. */
function hear(socket: Socket, answer: Answer): void {
  let heard = '';
  let isAnswered = false;
  socket.on('data', (part) => {
    if (isAnswered) return;
    heard += part.toString('latin1');
    if (!heard.includes('\n') && heard.length <= longestQuestion) return;
    isAnswered = true;
    reply(heard.slice(0, heard.indexOf('\n')), answer).then((text) => socket.end(text));
  });
}

async function reply(line: string, answer: Answer): Promise<string> {
  try {
    const question = questionSchema.safeParse(JSON.parse(line));
    if (!question.success)
      throw new EdgeError('BAD_QUESTION', 'the edge does not know this question; it may be of another release');
    return await answer(question.data);
  } catch (error) {
    const [code, exitCode] = error instanceof EdgeError ? [error.code, error.exitCode] : ['FAILED', exitCodes.failed];
    return JSON.stringify({ failure: { code, message: messageOf(error), exitCode } });
  }
}

/** Asks a running edge. Throws an EdgeError when there is none, or what it says against it. */
export async function ask(paths: StatePaths, question: Question): Promise<string> {
  const parts: Buffer[] = [];
  let done = () => {};
  try {
    const way = reach(paths.socket);
    done = way.done;
    const socket = createConnection(way.address);
    socket.setTimeout(answerWithinMs, () => socket.destroy(new Error('no answer')));
    socket.write(`${JSON.stringify(question)}\n`);
    for await (const part of socket) parts.push(part as Buffer);
  } catch (error) {
    throw unanswered(paths, (error as NodeJS.ErrnoException).code);
  } finally {
    done();
  }
  const text = Buffer.concat(parts).toString('utf8');
  // An edge that ends meanwhile, or that lets go, says nothing.
  if (text === '') throw unanswered(paths, undefined);
  refuseFailure(text);
  return text;
}

function refuseFailure(text: string): void {
  if (!text.startsWith('{"failure":')) return;
  const { failure } = failureSchema.parse(JSON.parse(text));
  throw new EdgeError(failure.code, failure.message, failure.exitCode);
}

function unanswered(paths: StatePaths, code: string | undefined): EdgeError {
  if (code === 'EACCES') {
    return new EdgeError('NOT_PERMITTED', `${paths.socket}: only root may ask; use sudo`, exitCodes.notPermitted);
  }
  if (code === undefined) {
    return new EdgeError('NO_ANSWER', `the edge on ${paths.directory} does not answer`, exitCodes.unreachable);
  }
  return new EdgeError(
    'NOT_RUNNING',
    `no edge runs on ${paths.directory}; start it with \`patronus edge run --state ${paths.directory}\``,
    exitCodes.unreachable,
  );
}

export async function askStatus(paths: StatePaths): Promise<EdgeStatus> {
  return JSON.parse(await ask(paths, { ask: 'status' }));
}

export async function isRunning(paths: StatePaths): Promise<boolean> {
  return askStatus(paths).then(
    () => true,
    (error) => !(error instanceof EdgeError && error.code === 'NOT_RUNNING'),
  );
}
