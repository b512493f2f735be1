/** One forwarder process and the socket to it. What it is told and when, process.ts decides. */
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { closeDescriptor, FrameChannel, libc, unixStreamPair } from '@patronus/system/linux';
import type { ForwarderCommand, ForwarderEvent } from '../control.ts';

const entry = fileURLToPath(new URL('./main.ts', import.meta.url));
/**
 * Compiled code is kept beside the dependencies, which belong to whoever the code belongs to: it saves two thirds of
 * the start. Where it cannot be written, Node does without.
 */
const compileCache = fileURLToPath(new URL('../../../node_modules/.cache/patronus', import.meta.url));
/** A forwarder that was hung up on ends by itself; one that doesn't is ended. */
const PATIENCE_MS = 1_000;
const F_GETFD = 1;
/** A message and its stack. */
const MOST_WORDS = 2_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface ChildEvents {
  readonly onEvent: (event: ForwarderEvent) => void;
  /** Once. `lastWords`: the end of what it wrote to its standard error. */
  readonly onEnd: (code: number | null, signal: NodeJS.Signals | null, lastWords: string) => void;
}

export class ForwarderChild {
  readonly startedAt = performance.now();
  readonly #process: ChildProcess;
  readonly #channel: FrameChannel;
  #hasEnded = false;
  #lastWords = '';

  constructor(nodeBinary: string, events: ChildEvents) {
    const [ours, theirs] = unixStreamPair();
    this.#process = spawn(nodeBinary, [entry], {
      stdio: ['ignore', 'inherit', 'pipe', theirs],
      // Ctrl-C in a terminal is for the owner, which then hangs up in its own time.
      detached: true,
      // An environment of its own: nothing that the owner was given by it is a packet path's business.
      // One arena for all of its threads: each of V8's helpers would keep megabytes of its own from the start.
      env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: compileCache, MALLOC_ARENA_MAX: '1' },
    });
    closeDescriptor(theirs);
    this.#channel = new FrameChannel(ours, {
      onFrame: (payload) => events.onEvent(JSON.parse(decoder.decode(payload)) as ForwarderEvent),
      onClose: () => undefined,
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => {
      process.stderr.write(chunk);
      this.#lastWords = (this.#lastWords + chunk.toString()).slice(-MOST_WORDS);
    });
    const end = (code: number | null, signal: NodeJS.Signals | null) => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      this.#channel.close();
      events.onEnd(code, signal, this.#lastWords.trim());
    };
    // `close` comes once its last words are read, which is at once: nobody else holds the other end.
    this.#process.once('close', end);
    this.#process.once('error', () => end(null, null));
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  say(command: ForwarderCommand, fd?: number): void {
    this.#channel.send(encoder.encode(JSON.stringify(command)), fd === undefined ? [] : [fd]);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Hangs up; resolves once the process is gone. */
  stop(): Promise<void> {
    if (this.#hasEnded) return Promise.resolve();
    return new Promise((resolve) => {
      const patience = setTimeout(() => this.kill(), PATIENCE_MS);
      const settle = () => {
        clearTimeout(patience);
        resolve();
      };
      this.#process.once('exit', settle);
      this.#process.once('error', settle);
      this.#channel.close();
    });
  }
}

/** A closed descriptor in a frame would stop every frame behind it. */
export function isOpenDescriptor(fd: number): boolean {
  return libc.fcntl(fd, F_GETFD, 0) >= 0;
}
