/**
 * What a newcomer does, in a real browser: `npm start`, the one-time link, the three sites and twelve tunnels, an uplink
 * pulled while a ping runs, and Ctrl-C.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { findsReason, testReasons } from './reasons.ts';
import { Stage } from './stage.ts';

const password = 'correct horse battery';
const isRoot = process.getuid?.() === 0;
const stage = new Stage();

describe('the first hour', { skip: isRoot ? false : 'the lab needs root' }, () => {
  before(() => stage.open());
  after(() => stage.close());

  test('npm start says that the lab is up and every tunnel with it', () => {
    assert.match(stage.output, /tunnels: 12 of 12 up/, stage.output);
  });

  test('the one-time link makes the first administrator and signs in', async () => {
    const link = /https:\/\/\S+setup\?token=\S+/.exec(stage.output)?.[0] as string;
    await stage.page.goto(link);
    await stage.page.getByTestId('setup-name').fill('Ada Lovelace');
    await stage.page.getByTestId('setup-email').fill('ada@example.net');
    await stage.page.getByTestId('setup-password').fill(password);
    await stage.page.getByTestId('setup-password-again').fill(password);
    await stage.page.getByTestId('setup-submit').click();
    await stage.page.getByTestId('overview-tunnels-up').waitFor();
  });

  test('the overview counts three sites and twelve tunnels up', async () => {
    await stage.shows('overview-sites-total', '3');
    await stage.shows('overview-tunnels-up', '12');
    await stage.shows('overview-tunnels-total', '12');
  });

  test('signing out and in again works, with the right password alone', async () => {
    await stage.page.context().clearCookies();
    await stage.go('/sign-in');
    await stage.page.getByTestId('sign-in-email').fill('ada@example.net');
    await stage.page.getByTestId('sign-in-password').fill('not the password');
    await stage.page.getByTestId('sign-in-submit').click();
    await stage.page.getByRole('alert').first().waitFor();
    await stage.page.getByTestId('sign-in-password').fill(password);
    await stage.page.getByTestId('sign-in-submit').click();
    await stage.page.getByTestId('overview-tunnels-up').waitFor();
  });

  test('the sites page lists the three sites', async () => {
    await stage.go('/sites');
    for (const site of ['berlin', 'london', 'tokyo']) await stage.page.getByTestId(`site-row-${site}`).waitFor();
  });

  test('a cut uplink turns its tunnels red within 5 s, while a ping goes on and an open page tells why it moved', async () => {
    await stage.go('/topology');
    await stage.page.locator('[data-testid^="tunnel-line-"][data-state="UP"]').nth(11).waitFor();
    const timeline = await stage.page.context().newPage();
    await timeline.goto(`${stage.url}/decisions`);
    await timeline.getByTestId('decision').first().waitFor();
    await stage.page.bringToFront();
    const ping = stage.atHost('berlin', 'ping', '-i', '0.2', '-c', '60', '-W', '1', '10.2.0.10');
    const cutAt = Date.now();
    const cut = await stage.patronus(['lab', 'cut', '--name', stage.lab, 'berlin', 'internet']);
    assert.equal(cut.code, 0, cut.text);
    await stage.page
      .locator('[data-testid^="tunnel-line-"][data-state="DOWN"]')
      .first()
      .waitFor({ timeout: 5_000 - (Date.now() - cutAt) });
    await stage.page.locator('[data-testid^="tunnel-line-"][data-state="DOWN"]').nth(3).waitFor();
    await stage.picture('topology-cut-light');
    await stage.wear('dark');
    await stage.picture('topology-cut-dark');
    await stage.wear('light');
    await findsReason(timeline);
    await timeline.emulateMedia({ colorScheme: 'dark' });
    await stage.picture('decision-dark', timeline);
    await timeline.close();
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
    assert.equal((await stage.patronus(['lab', 'restore', '--name', stage.lab, 'berlin', 'internet'])).code, 0);
    await stage.page.locator('[data-testid^="tunnel-line-"][data-state="UP"]').nth(11).waitFor();
  });

  test('a person adds a site, is shown the command for its gateway, changes the site and deletes it', async () => {
    await stage.go('/sites');
    await stage.page.getByTestId('add-site').click();
    await stage.page.getByTestId('site-name').fill('oslo; reboot');
    await stage.page.getByTestId('site-prefixes').fill('10.5.0.0/24');
    await stage.page.getByTestId('site-prefixes').press('Enter');
    await stage.page.getByLabel('Interface').fill('eth0');
    await stage.page.getByTestId('site-save').click();
    await stage.page
      .getByText(/letters, digits/i)
      .first()
      .waitFor();
    await stage.page.getByTestId('site-name').fill('oslo');
    await stage.page.getByTestId('site-save').click();
    await stage.page.getByText('npx patronus edge run --supervise --token pat1.').waitFor();
    await stage.page.getByTestId('gateway-waiting').waitFor();
    await stage.picture('enrol');
    await stage.page.keyboard.press('Escape');
    await stage.page.getByTestId('site-row-oslo').getByText('oslo').first().click();
    await stage.page.getByTestId('edit-site').click();
    await stage.page.getByTestId('site-location').fill('Oslo, NO');
    await stage.page.getByTestId('site-save').click();
    await stage.page.getByText('Oslo, NO').first().waitFor();
    await stage.page.getByTestId('delete-site').click();
    await stage.page.getByTestId('confirm').click();
    await stage.page.getByTestId('site-row-berlin').waitFor();
    await stage.page.getByTestId('site-row-oslo').waitFor({ state: 'detached' });
  });

  test('a policy is not compressed before its author says that they know what that may give away', async () => {
    await stage.go('/policies');
    await stage.page.getByTestId('add-policy').click();
    await stage.page.getByTestId('policy-name').fill('backups');
    await stage.page.getByTestId('policy-ports').fill('873');
    await stage.page.getByTestId('policy-ports').press('Enter');
    await stage.page.getByTestId('policy-compress').check();
    await stage.page.getByTestId('policy-save').click();
    await stage.page.getByText('Compression stays off until you say that you understand.').waitFor();
    await stage.picture('policy');
    await stage.page.getByTestId('policy-acknowledge').check();
    await stage.page.getByTestId('policy-save').click();
    await stage.page.getByTestId('policy-row-backups').getByText('Level 9').waitFor();
    await stage.page.getByTestId('policy-row-backups').getByText('873').waitFor();
    await stage.page.getByLabel('Edit backups').click();
    await stage.page.getByText(/Acknowledged by/).waitFor();
    await stage.page.getByTestId('policy-name').fill('nightly backups');
    await stage.page.getByTestId('policy-save').click();
    await stage.page.getByTestId('policy-row-nightly backups').getByText('Level 9').waitFor();
    await stage.picture('policies');
    await stage.page.getByLabel('Remove nightly backups').click();
    await stage.page.getByTestId('confirm').click();
    await stage.page.getByText('No policies yet').waitFor();
  });

  test('the applications of a policy are chosen, taken back and saved with the keyboard alone', async () => {
    const { page } = stage;
    await stage.go('/policies');
    await page.getByTestId('add-policy').press('Enter');
    await page.getByTestId('policy-name').fill('calls');
    const applications = page.getByTestId('policy-applications');
    await applications.focus();
    for (const [typed, found] of [
      ['zoo', 'Zoom'],
      ['whats', 'WhatsApp'],
      ['webe', 'Webex'],
    ] as const) {
      await page.keyboard.type(typed);
      await page.getByRole('option', { name: found, exact: true }).waitFor();
      await page.keyboard.press('Enter');
      await page.locator('.mantine-Pill-label', { hasText: found }).waitFor();
    }
    await page.keyboard.press('Backspace');
    await page.locator('.mantine-Pill-label', { hasText: 'Webex' }).waitFor({ state: 'detached' });
    await page.keyboard.press('Enter');
    await page.locator('[data-testid="policy-applications"][aria-expanded="false"]').waitFor();
    await page.keyboard.press('Enter');
    const row = page.getByTestId('policy-row-calls');
    await row.getByText('Zoom or WhatsApp').waitFor();
    await page.getByLabel('Remove calls').press('Enter');
    await page.getByTestId('confirm').press('Enter');
    await row.waitFor({ state: 'detached' });
  });

  test('a site’s tunnels show the largest packet that fits through, and its gateway what its packet path uses', async () => {
    await stage.go('/sites');
    await stage.page.getByTestId('site-row-berlin').getByText('berlin').first().click();
    await stage.page.getByLabel('Tunnels', { exact: true }).getByText('1420').first().waitFor();
    await stage.page.getByText(/TUN tso4 tso6/).waitFor();
    await stage.picture('site');
  });

  testReasons(stage);

  test('an operator signs in from a shell, once the certificate is known to be ours', async () => {
    const shell = { XDG_CONFIG_HOME: join(stage.state, 'shell'), PATRONUS_PASSWORD: password };
    const login = ['login', stage.url, '--email', 'ada@example.net'];
    const stranger = await stage.patronus(login, shell);
    assert.equal(stranger.code, 3, stranger.text);
    const fingerprint = /--fingerprint (\S+)/.exec(stranger.text)?.[1] as string;
    const forged = await stage.patronus(
      [...login, '--fingerprint', fingerprint.replace(/^../, fingerprint.startsWith('00') ? 'FF' : '00')],
      shell,
    );
    assert.match(forged.text, /somebody may be in between/);
    const wrong = await stage.patronus([...login, '--fingerprint', fingerprint], {
      ...shell,
      PATRONUS_PASSWORD: 'not the password',
    });
    assert.equal(wrong.code, 3, wrong.text);
    const right = await stage.patronus([...login, '--fingerprint', fingerprint], shell);
    assert.equal(right.code, 0, right.text);
    const listed = await stage.patronus(['site', 'list', '--json'], shell);
    assert.deepEqual(
      (JSON.parse(listed.text) as { name: string }[]).map(({ name }) => name),
      ['berlin', 'london', 'tokyo'],
    );
    assert.equal((await stage.patronus(['logout'], shell)).code, 0);
  });

  test('what somebody else adds and deletes comes and goes on an open page', async () => {
    await stage.go('/sites');
    const other = await stage.page.context().newPage();
    await other.goto(`${stage.url}/sites`);
    await other.getByTestId('site-row-berlin').waitFor();
    const added = await stage.patronus([
      ...['site', 'add', 'paris', '--prefix', '10.4.0.0/24'],
      ...['--uplink', 'internet:eth0'],
    ]);
    assert.equal(added.code, 0, added.text);
    assert.match(added.text, /npx patronus edge run --supervise --token pat1\./);
    await other.getByTestId('site-row-paris').waitFor({ timeout: 5_000 });
    const taken = await stage.patronus([
      ...['site', 'add', 'lyon', '--prefix', '10.4.0.0/24'],
      ...['--uplink', 'internet:eth0'],
    ]);
    assert.equal(taken.code, 1);
    assert.match(taken.text, /10\.4\.0\.0\/24.*paris/);
    assert.equal((await stage.patronus(['site', 'remove', 'paris', '--yes'])).code, 0);
    await other.getByTestId('site-row-paris').waitFor({ state: 'detached', timeout: 5_000 });
    await other.close();
  });

  test('every page reads well in dark and light, and none throws', async () => {
    const pages: readonly [name: string, path: string, shown: string][] = [
      ['overview', '/', '[data-testid="overview-tunnels-up"]'],
      ['sites', '/sites', '[data-testid="site-row-tokyo"]'],
      ['topology', '/topology', '[data-testid^="tunnel-line-"]'],
      ['tunnels', '/tunnels', 'table'],
      ['bfd', '/tunnels/bfd', 'table'],
      ['bgp', '/bgp', 'text=No neighbours yet'],
      ['policies', '/policies', 'text=No policies yet'],
      ['sla', '/policies/sla', 'text=Voice'],
      ['applications', '/policies/applications', 'table, .message'],
      ['decisions', '/decisions', '[data-testid="decision"]'],
      ['explain', '/explain?from=10.1.0.10&to=10.2.0.10', '[data-testid="explain-sentence"]'],
      ['audit', '/audit', 'table'],
    ];
    const errors: string[] = [];
    stage.page.on('pageerror', (error) => errors.push(error.message));
    for (const scheme of ['dark', 'light'] as const) {
      await stage.wear(scheme);
      for (const [name, path, shown] of pages) {
        await stage.go(path);
        await stage.page.locator(shown).first().waitFor();
        await stage.picture(`${name}-${scheme}`);
      }
      await stage.go('/sites');
      await stage.page.getByTestId('site-row-berlin').getByText('berlin').first().click();
      await stage.page.locator('canvas').nth(1).waitFor();
      await stage.picture(`site-${scheme}`);
    }
    assert.deepEqual(errors, []);
  });

  test('a stop takes every namespace of the lab away', async () => {
    stage.signal('SIGINT');
    await stage.until(() => stage.hasEnded, 40_000, 'npm start to end');
    const { text } = await stage.run('ip', ['netns', 'list']);
    assert.doesNotMatch(text, new RegExp(`pt${stage.lab}-`));
    const routes = await stage.run('ip', ['route', 'show']);
    assert.doesNotMatch(routes.text, new RegExp(`ptctl-${stage.lab}`));
  });
});
