/** Both ends of the stream between two sites, and what was lost of it in a stretch of time. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { end } from '../../test/interop/fixtures/ending.ts';
import type { Answer, Question } from './stream.ts';

const program = fileURLToPath(new URL('./stream.ts', import.meta.url));
/** Of each end, and thereby how long one packet stands for. */
export const PACKETS_PER_SECOND = 1_000;
export const STREAM_PORT = 7_000;

/** Where an end of the stream stands. */
export interface Stand {
  readonly namespace: string;
  readonly address: string;
}

export interface Loss {
  /** Packets sent in that time, and those of them that never came. */
  readonly sent: number;
  readonly lost: number;
  /** Monotonic ms at which the first and the last of the lost were sent; undefined: none was. */
  readonly firstLostMs: number | undefined;
  readonly lastLostMs: number | undefined;
  /** Came more than once. */
  readonly twice: number;
}

type Unnumbered<Q> = Q extends unknown ? Omit<Q, 'id'> : never;

class End {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  readonly begun: Promise<Answer>;
  #asked = 0;

  constructor(at: Stand, to: Stand, port: number) {
    const args = ['netns', 'exec', at.namespace, process.execPath, program, at.address, to.address, String(port)];
    this.#child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.begun = new Promise((resolve) => this.#waiting.set(0, resolve));
    createInterface({ input: this.#child.stdout! }).on('line', (line) => {
      const answer = JSON.parse(line) as Answer;
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** `ip netns exec` becomes the program it starts. */
  get pid(): number {
    return this.#child.pid!;
  }

  ask(question: Unnumbered<Question>): Promise<Answer> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.#child.stdin!.write(`${JSON.stringify({ ...question, id })}\n`);
    });
  }

  async stop(): Promise<void> {
    await end(this.#child, () => this.#child.stdin!.end());
  }
}

export class Streams {
  readonly #ends: readonly [End, End];

  /** `port`: its own for each pair of streams. */
  constructor(left: Stand, right: Stand, port = STREAM_PORT) {
    this.#ends = [new End(left, right, port), new End(right, left, port)];
  }

  async begin(): Promise<void> {
    await Promise.all(this.#ends.map(({ begun }) => begun));
  }

  /** What was lost of what end `from` (0 left, 1 right) sent in that time. The last of it has to have had time to come. */
  async loss(from: 0 | 1, fromMs: number, toMs: number): Promise<Loss> {
    const sender = this.#ends[from];
    const [first, last] = (await sender.ask({ ask: 'sent', fromMs, toMs })).numbers as [number, number];
    const { numbers, twice } = await this.#ends[1 - from]!.ask({ ask: 'missing', from: first, to: last });
    const ends = numbers.length === 0 ? [] : [numbers[0]!, numbers.at(-1)!];
    const [firstLostMs, lastLostMs] = (await sender.ask({ ask: 'times', numbers: ends })).numbers;
    return { sent: last - first, lost: numbers.length, firstLostMs, lastLostMs, twice: twice ?? 0 };
  }

  /** Processes of both ends. */
  get pids(): number[] {
    return this.#ends.map(({ pid }) => pid);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#ends.map((end) => end.stop()));
  }
}
