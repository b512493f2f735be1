/** What a newcomer's story stands on: `npm start` with a lab and ports of its own, a page in a browser, and the command line. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { openBrowser, Screen } from './screen.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const port = '18443';

export interface Outcome {
  readonly code: number;
  readonly text: string;
}

/** One network for all tests of the file: they are steps of one story. */
export class Stage {
  readonly lab = 'e2e';
  readonly url = `https://localhost:${port}`;
  /** A folder of its own, gone afterwards. */
  readonly state = mkdtempSync(join(tmpdir(), 'patronus-e2e-'));
  readonly #environment = { ...process.env, PATRONUS_STATE_DIR: this.state, PATRONUS_LAB: this.lab, NO_COLOR: '1' };
  #started: ChildProcess | undefined;
  #browser: Browser | undefined;
  #screen: Screen | undefined;
  /** All that `npm start` said. */
  output = '';

  get screen(): Screen {
    if (this.#screen === undefined) throw new Error('the browser is not open yet');
    return this.#screen;
  }

  get page(): Page {
    return this.screen.page;
  }

  get hasEnded(): boolean {
    return this.#started === undefined || this.#started.exitCode !== null || this.#started.signalCode !== null;
  }

  async open(): Promise<void> {
    this.#started = spawn('npm', ['start', '--', '--port', port, '--edge-port', '18444'], {
      cwd: root,
      env: this.#environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const keep = (chunk: Buffer) => {
      this.output += chunk.toString('utf8');
    };
    this.#started.stdout?.on('data', keep);
    this.#started.stderr?.on('data', keep);
    const isReady = () => /one-time link/.test(this.output) && /setup\?token=\S+\s/.test(this.output);
    await this.until(isReady, 240_000, 'npm start to be ready');
    this.#browser = await openBrowser();
    this.#screen = await Screen.open(this.#browser, this.url);
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    if (!this.hasEnded) {
      this.signal('SIGTERM');
      await this.until(() => this.hasEnded, 40_000, 'npm start to end').catch(() => this.signal('SIGKILL'));
    }
    await this.patronus(['lab', 'down', '--name', this.lab]);
    rmSync(this.state, { recursive: true, force: true });
  }

  /** To `npm start` and all that it started. */
  signal(signal: NodeJS.Signals): void {
    process.kill(-(this.#started?.pid as number), signal);
  }

  go(path: string): Promise<void> {
    return this.screen.go(path);
  }

  async shows(testId: string, text: string): Promise<void> {
    await this.page.locator(`[data-testid="${testId}"]`, { hasText: text }).waitFor();
  }

  wear(scheme: 'dark' | 'light'): Promise<void> {
    return this.screen.wear(scheme);
  }

  picture(name: string, page = this.page): Promise<void> {
    return this.screen.picture(name, page);
  }

  patronus(words: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
    return this.run(process.execPath, [join(root, 'apps/cli/main.ts'), ...words], more);
  }

  /** A command at the host of a site of the lab. */
  atHost(site: string, ...command: readonly string[]): Promise<Outcome> {
    return this.patronus(['lab', 'exec', '--name', this.lab, site, ...command]);
  }

  run(command: string, words: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
    return new Promise((resolve) => {
      execFile(
        command,
        words,
        { cwd: root, env: { ...this.#environment, ...more }, timeout: 60_000 },
        (error, stdout, stderr) =>
          resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr }),
      );
    });
  }

  /** Looks again every 100 ms until it is so; fails with what had been said so far. */
  async until(isSo: () => boolean, timeoutMs: number, what: string): Promise<void> {
    const end = Date.now() + timeoutMs;
    while (!isSo()) {
      if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}; output so far:\n${this.output}`);
      if (this.#started?.exitCode !== null && !what.endsWith('end')) {
        throw new Error(`npm start ended early:\n${this.output}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
