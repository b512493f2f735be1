/**
 * What the browser tests stand on: `npm start` with a lab and ports of its own, a page in a real browser, and the
 * command line. Its screenshots are the pictures of the README when PATRONUS_PICTURES is set.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const port = '18443';
const pictures = process.env.PATRONUS_PICTURES;

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
  #page: Page | undefined;
  /** All that `npm start` said. */
  output = '';

  get page(): Page {
    if (this.#page === undefined) throw new Error('the browser is not open yet');
    return this.#page;
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
    this.#browser = await chromium.launch({
      executablePath: process.env.PATRONUS_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    });
    const context = await this.#browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
    });
    this.#page = await context.newPage();
    this.#page.setDefaultTimeout(30_000);
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

  async go(path: string): Promise<void> {
    await this.page.goto(`${this.url}${path}`);
  }

  async shows(testId: string, text: string): Promise<void> {
    await this.page.locator(`[data-testid="${testId}"]`, { hasText: text }).waitFor();
  }

  async wear(scheme: 'dark' | 'light'): Promise<void> {
    await this.page.emulateMedia({ colorScheme: scheme });
    await this.page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
  }

  async picture(name: string, page = this.page): Promise<void> {
    if (pictures === undefined) return;
    mkdirSync(pictures, { recursive: true });
    // A change of theme fades; what moves for ever (the dashes of a tunnel in use) is no transition.
    await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
    await page.evaluate(
      'Promise.allSettled(document.getAnimations().flatMap((one) => (one instanceof CSSTransition ? [one.finished] : [])))',
    );
    await page.screenshot({ path: join(pictures, `${name}.png`) });
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
