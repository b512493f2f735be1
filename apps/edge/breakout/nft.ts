/** `nft`, started with an argument list and a ruleset on its standard input. One at a time, in order. */
import { spawn } from 'node:child_process';
import { filterTable } from '../kernel/plan.ts';

const patienceMs = 10_000;

export interface NftResult {
  readonly output: string;
  /** What it complained of; undefined: it did all of it. */
  readonly complaint: string | undefined;
}

export class Nft {
  #last: Promise<unknown> = Promise.resolve();

  /** Does all of this ruleset in one step, or nothing of it. */
  apply(ruleset: string): Promise<NftResult> {
    return this.#next(['-f', '-'], ruleset);
  }

  /** Our table, without what counts or comes and goes; empty where there is none. */
  async list(): Promise<string> {
    return (await this.#next(['-s', '-t', 'list', 'table', 'inet', filterTable])).output;
  }

  /** Packets and bytes of the table's counters, by name. */
  async counters(): Promise<ReadonlyMap<string, { readonly packets: number; readonly bytes: number }>> {
    const { output } = await this.#next(['-j', 'list', 'counters', 'table', 'inet', filterTable]);
    if (output === '') return new Map();
    const { nftables } = JSON.parse(output) as { nftables: readonly { counter?: Counter }[] };
    return new Map(nftables.flatMap(({ counter }) => (counter === undefined ? [] : [[counter.name, counter]])));
  }

  #next(args: readonly string[], input = ''): Promise<NftResult> {
    const result = this.#last.then(() => run(args, input));
    this.#last = result;
    return result;
  }
}

interface Counter {
  readonly name: string;
  readonly packets: number;
  readonly bytes: number;
}

function run(args: readonly string[], input: string): Promise<NftResult> {
  return new Promise((resolve) => {
    const child = spawn('nft', args, { stdio: ['pipe', 'pipe', 'pipe'], timeout: patienceMs });
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (text) => (output += String(text)));
    child.stderr.on('data', (text) => (complaint += String(text)));
    child.stdin.on('error', () => undefined);
    child.once('error', (error) => resolve({ output: '', complaint: `nft could not be started: ${error.message}` }));
    child.once('close', (code, signal) => {
      const failed = `nft ended with ${signal ?? code}: ${complaint.trim().slice(0, 500)}`;
      resolve({ output: code === 0 ? output : '', complaint: code === 0 ? undefined : failed });
    });
    child.stdin.end(input);
  });
}
