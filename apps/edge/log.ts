/**
 * Where an edge's log goes: standard output, for as long as there is somebody who reads it. An edge outlives whoever started
 * it, and forwards for a site: a reader who is slow makes lines wait, one who stopped reading costs lines, and one who is
 * gone costs the log. Pino's own stream waits for such a reader for ever when the process ends.
 */
import { write, writeSync } from 'node:fs';
import pino, { type Logger } from 'pino';

const STANDARD_OUTPUT = 1;
/** Characters that wait for a slow reader; what comes beyond is left out, and counted. */
const MOST_WAITING = 256 * 1024;
const RETRY_MS = 100;

export class LogOutput {
  readonly #fd: number;
  #waiting = '';
  #isWriting = false;
  #isGone = false;
  #lost = 0;

  constructor(fd = STANDARD_OUTPUT) {
    this.#fd = fd;
  }

  /** How many were left out so far. */
  get lost(): number {
    return this.#lost;
  }

  /** One line with its end. */
  write(line: string): void {
    if (this.#isGone || this.#waiting.length + line.length > MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#waiting += line;
    if (!this.#isWriting) this.#begin();
  }

  /** What waits, as far as it is taken at once: for the end of the process. */
  flush(): void {
    if (this.#isGone) return;
    try {
      writeSync(this.#fd, this.#waiting);
    } catch {
      // Nobody reads it, and nothing follows.
    }
    this.#waiting = '';
  }

  #begin(): void {
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#isWriting = true;
    this.#pass(bytes);
  }

  #pass(bytes: Uint8Array): void {
    write(this.#fd, bytes, (error, count) => {
      if (error === null && count < bytes.length) this.#pass(bytes.subarray(count));
      else if (error === null) this.#end();
      else if (error.code === 'EAGAIN') setTimeout(() => this.#pass(bytes), RETRY_MS).unref();
      else this.#lose();
    });
  }

  #end(): void {
    this.#isWriting = false;
    if (this.#waiting !== '') this.#begin();
  }

  #lose(): void {
    this.#isGone = true;
    this.#waiting = '';
  }
}

/** The log of this process. What is said on standard error may go unread as well, and ends nothing. */
export function openLog(level: string): Logger {
  const output = new LogOutput();
  process.on('exit', () => output.flush());
  process.stderr.on('error', () => undefined);
  return pino({ name: 'edge', level }, output);
}
