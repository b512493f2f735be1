/**
 * What a newcomer does, in a real browser: `npm start`, the one-time link, the three sites and twelve tunnels, an uplink
 * pulled while a ping runs, and Ctrl-C. Its screenshots are the pictures of the README when PATRONUS_PICTURES is set.
 */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const state = mkdtempSync(join(tmpdir(), 'patronus-e2e-'));
const lab = 'e2e';
const port = '18443';
const password = 'correct horse battery';
const isRoot = process.getuid?.() === 0;
const pictures = process.env.PATRONUS_PICTURES;

let started: ChildProcess;
let output = '';
let browser: Browser;
let page: Page;

const environment = {
  ...process.env,
  PATRONUS_STATE_DIR: state,
  PATRONUS_LAB: lab,
  NO_COLOR: '1',
};

describe('the first hour', { skip: isRoot ? false : 'the lab needs root' }, () => {
  before(async () => {
    started = spawn('npm', ['start', '--', '--port', port, '--edge-port', '18444'], {
      cwd: root,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    started.stdout?.on('data', (chunk) => keep(chunk));
    started.stderr?.on('data', (chunk) => keep(chunk));
    await until(
      () => /one-time link/.test(output) && /setup\?token=\S+\s/.test(output),
      240_000,
      'npm start to be ready',
    );
    browser = await chromium.launch({
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
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1440, height: 900 } });
    page = await context.newPage();
    page.setDefaultTimeout(30_000);
  });

  after(async () => {
    await browser?.close();
    if (started?.exitCode === null) {
      process.kill(-(started.pid as number), 'SIGTERM');
      await until(() => started.exitCode !== null || started.signalCode !== null, 40_000, 'npm start to end').catch(
        () => process.kill(-(started.pid as number), 'SIGKILL'),
      );
    }
    await patronus(['lab', 'down', '--name', lab]);
    rmSync(state, { recursive: true, force: true });
  });

  test('npm start says that the lab is up and every tunnel with it', () => {
    assert.match(output, /tunnels: 12 of 12 up/, output);
  });

  test('the one-time link makes the first administrator and signs in', async () => {
    const link = /https:\/\/\S+setup\?token=\S+/.exec(output)?.[0] as string;
    await page.goto(link);
    await page.getByTestId('setup-name').fill('Ada Lovelace');
    await page.getByTestId('setup-email').fill('ada@example.net');
    await page.getByTestId('setup-password').fill(password);
    await page.getByTestId('setup-password-again').fill(password);
    await page.getByTestId('setup-submit').click();
    await page.getByTestId('overview-tunnels-up').waitFor();
  });

  test('the overview counts three sites and twelve tunnels up', async () => {
    await shows('overview-sites-total', '3');
    await shows('overview-tunnels-up', '12');
    await shows('overview-tunnels-total', '12');
  });

  test('signing out and in again works, with the right password alone', async () => {
    await page.context().clearCookies();
    await page.goto(`https://localhost:${port}/sign-in`);
    await page.getByTestId('sign-in-email').fill('ada@example.net');
    await page.getByTestId('sign-in-password').fill('not the password');
    await page.getByTestId('sign-in-submit').click();
    await page.getByRole('alert').first().waitFor();
    await page.getByTestId('sign-in-password').fill(password);
    await page.getByTestId('sign-in-submit').click();
    await page.getByTestId('overview-tunnels-up').waitFor();
  });

  test('the sites page lists the three sites', async () => {
    await page.goto(`https://localhost:${port}/sites`);
    for (const site of ['berlin', 'london', 'tokyo']) await page.getByTestId(`site-row-${site}`).waitFor();
  });

  test('a cut uplink turns its tunnels red within 5 s, while a ping between hosts goes on', async () => {
    await page.goto(`https://localhost:${port}/topology`);
    await page.locator('[data-testid^="tunnel-line-"][data-state="UP"]').nth(11).waitFor();
    const ping = patronus([
      'lab',
      'exec',
      '--name',
      lab,
      'berlin',
      'ping',
      '-i',
      '0.2',
      '-c',
      '60',
      '-W',
      '1',
      '10.2.0.10',
    ]);
    const cutAt = Date.now();
    const cut = await patronus(['lab', 'cut', '--name', lab, 'berlin', 'internet']);
    assert.equal(cut.code, 0, cut.text);
    await page
      .locator('[data-testid^="tunnel-line-"][data-state="DOWN"]')
      .first()
      .waitFor({ timeout: 5_000 - (Date.now() - cutAt) });
    await page.locator('[data-testid^="tunnel-line-"][data-state="DOWN"]').nth(3).waitFor();
    await picture('topology-cut-light');
    await wear('dark');
    await picture('topology-cut-dark');
    await wear('light');
    const { text } = await ping;
    const received = Number(/(\d+) received/.exec(text)?.[1] ?? 0);
    // 3 s of silence at five a second are fifteen.
    assert.ok(received >= 45, `${received} of 60 pings came back:\n${text}`);
    assert.match(
      text
        .split('\n')
        .filter((line) => line.includes('icmp_seq='))
        .at(-1) ?? '',
      /icmp_seq=60/,
    );
  });

  test('a restored uplink turns green again by itself', async () => {
    assert.equal((await patronus(['lab', 'restore', '--name', lab, 'berlin', 'internet'])).code, 0);
    await page.locator('[data-testid^="tunnel-line-"][data-state="UP"]').nth(11).waitFor();
  });

  test('a person adds a site, is shown the command for its gateway, changes the site and deletes it', async () => {
    await page.goto(`https://localhost:${port}/sites`);
    await page.getByTestId('add-site').click();
    await page.getByTestId('site-name').fill('oslo; reboot');
    await page.getByTestId('site-prefixes').fill('10.5.0.0/24');
    await page.getByTestId('site-prefixes').press('Enter');
    await page.getByLabel('Interface').fill('eth0');
    await page.getByTestId('site-save').click();
    await page
      .getByText(/letters, digits/i)
      .first()
      .waitFor();
    await page.getByTestId('site-name').fill('oslo');
    await page.getByTestId('site-save').click();
    await page.getByText('npx patronus edge run --supervise --token pat1.').waitFor();
    await page.getByTestId('gateway-waiting').waitFor();
    await picture('enrol');
    await page.keyboard.press('Escape');
    await page.getByTestId('site-row-oslo').getByText('oslo').first().click();
    await page.getByTestId('edit-site').click();
    await page.getByTestId('site-location').fill('Oslo, NO');
    await page.getByTestId('site-save').click();
    await page.getByText('Oslo, NO').first().waitFor();
    await page.getByTestId('delete-site').click();
    await page.getByTestId('confirm').click();
    await page.getByTestId('site-row-berlin').waitFor();
    await page.getByTestId('site-row-oslo').waitFor({ state: 'detached' });
  });

  test('a traffic class is not compressed before its author says that they know what that may give away', async () => {
    await page.goto(`https://localhost:${port}/classes`);
    await page.getByTestId('add-class').click();
    await page.getByTestId('class-name').fill('backups');
    await page.getByTestId('class-ports').fill('873');
    await page.getByTestId('class-ports').press('Enter');
    await page.getByTestId('class-compress').check();
    await page.getByTestId('class-save').click();
    await page.getByText('Compression stays off until you say that you understand.').waitFor();
    await picture('traffic-class');
    await page.getByTestId('class-acknowledge').check();
    await page.getByTestId('class-save').click();
    await page.getByTestId('class-row-backups').getByText('Level 9').waitFor();
    await page.getByTestId('class-row-backups').getByText('873').waitFor();
    await page.getByLabel('Edit backups').click();
    await page.getByText(/Acknowledged by/).waitFor();
    await page.getByTestId('class-name').fill('nightly backups');
    await page.getByTestId('class-save').click();
    await page.getByTestId('class-row-nightly backups').getByText('Level 9').waitFor();
    await picture('traffic-classes');
    await page.getByLabel('Remove nightly backups').click();
    await page.getByTestId('confirm').click();
    await page.getByText('No traffic classes yet').waitFor();
  });

  test('a site’s tunnels show the largest packet that fits through, and its gateway what its packet path uses', async () => {
    await page.goto(`https://localhost:${port}/sites`);
    await page.getByTestId('site-row-berlin').getByText('berlin').first().click();
    await page.getByLabel('Tunnels', { exact: true }).getByText('1420').first().waitFor();
    await page.getByText(/TUN tso4 tso6/).waitFor();
    await picture('site');
  });

  test('an operator signs in from a shell, once the certificate is known to be ours', async () => {
    const shell = { XDG_CONFIG_HOME: join(state, 'shell'), PATRONUS_PASSWORD: password };
    const login = ['login', `https://localhost:${port}`, '--email', 'ada@example.net'];
    const stranger = await patronus(login, shell);
    assert.equal(stranger.code, 3, stranger.text);
    const fingerprint = /--fingerprint (\S+)/.exec(stranger.text)?.[1] as string;
    const forged = await patronus(
      [...login, '--fingerprint', fingerprint.replace(/^../, fingerprint.startsWith('00') ? 'FF' : '00')],
      shell,
    );
    assert.match(forged.text, /somebody may be in between/);
    const wrong = await patronus([...login, '--fingerprint', fingerprint], {
      ...shell,
      PATRONUS_PASSWORD: 'not the password',
    });
    assert.equal(wrong.code, 3, wrong.text);
    const right = await patronus([...login, '--fingerprint', fingerprint], shell);
    assert.equal(right.code, 0, right.text);
    const listed = await patronus(['site', 'list', '--json'], shell);
    assert.deepEqual(
      (JSON.parse(listed.text) as { name: string }[]).map(({ name }) => name),
      ['berlin', 'london', 'tokyo'],
    );
    assert.equal((await patronus(['logout'], shell)).code, 0);
  });

  test('what somebody else adds and deletes comes and goes on an open page', async () => {
    await page.goto(`https://localhost:${port}/sites`);
    const other = await page.context().newPage();
    await other.goto(`https://localhost:${port}/sites`);
    await other.getByTestId('site-row-berlin').waitFor();
    const added = await patronus([
      ...['site', 'add', 'paris', '--prefix', '10.4.0.0/24'],
      ...['--uplink', 'internet:eth0'],
    ]);
    assert.equal(added.code, 0, added.text);
    assert.match(added.text, /npx patronus edge run --supervise --token pat1\./);
    await other.getByTestId('site-row-paris').waitFor({ timeout: 5_000 });
    const taken = await patronus([
      ...['site', 'add', 'lyon', '--prefix', '10.4.0.0/24'],
      ...['--uplink', 'internet:eth0'],
    ]);
    assert.equal(taken.code, 1);
    assert.match(taken.text, /10\.4\.0\.0\/24.*paris/);
    assert.equal((await patronus(['site', 'remove', 'paris', '--yes'])).code, 0);
    await other.getByTestId('site-row-paris').waitFor({ state: 'detached', timeout: 5_000 });
    await other.close();
  });

  test('every page reads well in dark and light, and none throws', async () => {
    const pages: readonly [name: string, path: string, shown: string][] = [
      ['overview', '/', '[data-testid="overview-tunnels-up"]'],
      ['sites', '/sites', '[data-testid="site-row-tokyo"]'],
      ['topology', '/topology', '[data-testid^="tunnel-line-"]'],
      ['classes', '/classes', 'text=No traffic classes yet'],
      ['audit', '/audit', 'table'],
    ];
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.message));
    for (const scheme of ['dark', 'light'] as const) {
      await wear(scheme);
      for (const [name, path, shown] of pages) {
        await page.goto(`https://localhost:${port}${path}`);
        await page.locator(shown).first().waitFor();
        await picture(`${name}-${scheme}`);
      }
      await page.goto(`https://localhost:${port}/sites`);
      await page.getByTestId('site-row-berlin').getByText('berlin').first().click();
      await page.locator('canvas').nth(1).waitFor();
      await picture(`site-${scheme}`);
    }
    assert.deepEqual(errors, []);
  });

  test('a stop takes every namespace of the lab away', async () => {
    process.kill(-(started.pid as number), 'SIGINT');
    await until(() => started.exitCode !== null || started.signalCode !== null, 40_000, 'npm start to end');
    const { text } = await run('ip', ['netns', 'list']);
    assert.doesNotMatch(text, new RegExp(`pt${lab}-`));
    const routes = await run('ip', ['route', 'show']);
    assert.doesNotMatch(routes.text, new RegExp(`ptctl-${lab}`));
  });
});

function keep(chunk: Buffer): void {
  output += chunk.toString('utf8');
}

async function shows(testId: string, text: string): Promise<void> {
  await page.locator(`[data-testid="${testId}"]`, { hasText: text }).waitFor();
}

async function wear(scheme: 'dark' | 'light'): Promise<void> {
  await page.emulateMedia({ colorScheme: scheme });
  await page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor({ state: 'attached' });
}

async function picture(name: string): Promise<void> {
  if (pictures === undefined) return;
  mkdirSync(pictures, { recursive: true });
  // A change of theme fades; what moves for ever (the dashes of a tunnel in use) is no transition.
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))');
  await page.evaluate(
    'Promise.allSettled(document.getAnimations().flatMap((one) => (one instanceof CSSTransition ? [one.finished] : [])))',
  );
  await page.screenshot({ path: join(pictures, `${name}.png`) });
}

interface Outcome {
  readonly code: number;
  readonly text: string;
}

function patronus(words: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
  return run(process.execPath, [join(root, 'apps/cli/main.ts'), ...words], more);
}

function run(command: string, words: readonly string[], more: Record<string, string> = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      command,
      words,
      { cwd: root, env: { ...environment, ...more }, timeout: 60_000 },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), text: stdout + stderr }),
    );
  });
}

/** Looks again every 100 ms until it is so; fails with what had been said so far. */
async function until(isSo: () => boolean, timeoutMs: number, what: string): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!isSo()) {
    if (Date.now() > end) throw new Error(`waited ${timeoutMs / 1000} s for ${what}; output so far:\n${output}`);
    if (started.exitCode !== null && !what.endsWith('end')) throw new Error(`npm start ended early:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
