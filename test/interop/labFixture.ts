/** A lab of its own for a test file: brought up with its own controller, spoken to by commands, taken away with all its state. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const cli = join(import.meta.dirname, '../../apps/cli/main.ts');

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Why tests with a lab cannot run here; false when they can. */
export const needsRoot = process.getuid?.() === 0 ? false : 'needs root for network namespaces';

/** Runs a program to its end, at most `timeoutMs` long. */
export function run(program: string, args: readonly string[], timeoutMs = 60_000, env = process.env): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, args, { timeout: timeoutMs, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}

/** Looks again until it is so; fails with what it was about. */
export async function until(isSo: () => Promise<boolean>, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await isSo())) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export class TestLab {
  readonly name: string;
  readonly state = mkdtempSync(join(tmpdir(), 'patronus-lab-'));
  readonly #env: NodeJS.ProcessEnv;

  /** `name`: one to eight letters and digits, its own for each test file. */
  constructor(name: string) {
    this.name = name;
    const socket = join(this.state, 'lab', name, 'controller', 'admin.sock');
    this.#env = { ...process.env, NO_COLOR: '1', PATRONUS_STATE_DIR: this.state, PATRONUS_SOCKET: socket };
  }

  get folder(): string {
    return join(this.state, 'lab', this.name);
  }

  /** `patronus WORDS…`, whatever it answers. */
  patronus(words: readonly string[], timeoutMs = 60_000): Promise<Outcome> {
    return run(process.execPath, [cli, ...words], timeoutMs, this.#env);
  }

  /** `patronus WORDS…` that has to work; its standard output. */
  async must(words: readonly string[], timeoutMs = 60_000): Promise<string> {
    const { code, stdout, stderr } = await this.patronus(words, timeoutMs);
    assert.equal(code, 0, `patronus ${words.join(' ')}:\n${stderr}`);
    return stdout;
  }

  /** `patronus lab VERB …` of this lab. */
  lab(verb: string, words: readonly string[] = [], timeoutMs = 60_000): Promise<string> {
    return this.must(['lab', verb, '--name', this.name, '--state', this.state, ...words], timeoutMs);
  }

  /** Up, with every tunnel up. */
  async up(): Promise<void> {
    await this.lab('up', [], 120_000);
    await this.tunnelsUp(12, 60_000);
  }

  async tunnelsUp(count: number, timeoutMs: number): Promise<void> {
    let seen = '';
    await until(
      async () => {
        seen = (await this.patronus(['status', '--json'])).stdout;
        return seen !== '' && (JSON.parse(seen) as { tunnels: { up: number } }).tunnels.up === count;
      },
      timeoutMs,
      `${count} tunnels up`,
    ).catch((error: Error) => assert.fail(`${error.message}; the last status was ${seen}`));
  }

  /** Whether one echo from a site's first host to an address comes back within a second. */
  async reaches(site: string, address: string): Promise<boolean> {
    const words = [
      'ip',
      ['netns', 'exec', `pt${this.name}-${site}-h1`, 'ping', '-c', '1', '-W', '1', address],
    ] as const;
    return (await run(...words)).code === 0;
  }

  /** Gone, with everything it left; also after a failure half-way. */
  async gone(): Promise<void> {
    await this.patronus(['lab', 'down', '--name', this.name, '--state', this.state]);
    rmSync(this.state, { recursive: true, force: true });
  }
}
