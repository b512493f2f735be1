/** Why traffic goes the way it goes, and what a policy does to it: as a person finds out with the pages alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import type { Stage } from './stage.ts';

/** Steps of the first hour's story, while three sites are up; they leave the network as they found it. */
export function testReasons(stage: Stage): void {
  test('every end of every tunnel keeps a BFD session that is up, and shows its timers', async () => {
    await stage.go('/tunnels/bfd');
    await stage.page.getByTestId('bfd-UP').nth(23).waitFor();
    const first = stage.page.getByTestId('bfd-UP').first();
    // The negotiated interval, and how long a silence may last.
    assert.match(await first.innerText(), /\s\d+ m?s\s+\d+ m?s\s+\d+$/);
    await stage.picture('bfd');
  });

  test('a policy that a person makes with the form refuses a ping, counts it, and lets it through when it is gone', async () => {
    await stage.go('/policies');
    await stage.page.getByTestId('add-policy').click();
    await stage.page.getByTestId('policy-name').fill('no pings to london');
    await stage.page.getByTestId('policy-protocol').click();
    await stage.page.getByRole('option', { name: 'ICMP', exact: true }).click();
    await stage.page.getByTestId('policy-destinations').fill('10.2.0.0/24');
    await stage.page.getByTestId('policy-destinations').press('Enter');
    await stage.page.getByTestId('policy-action-deny').click();
    await stage.picture('policy-form');
    await stage.page.getByTestId('policy-save').click();
    const row = stage.page.getByTestId('policy-row-no pings to london');
    await row.getByText('Deny', { exact: true }).waitFor();
    await answers(false);
    // Live: the counter moves on the page that was open all the time.
    await row.locator('[data-counter="denied"][data-tone="down"]').waitFor();
    await stage.picture('policies-denied');
    await stage.page.getByLabel('Remove no pings to london').click();
    await stage.page.getByTestId('confirm').click();
    await row.waitFor({ state: 'detached' });
    await answers(true);
  });

  test('a person asks why two hosts talk over the path they do, and is answered in sentences', async () => {
    await stage.go('/explain');
    await stage.page.getByTestId('explain-from').fill('10.1.0.10');
    await stage.page.getByTestId('explain-to').fill('10.2.0.10');
    await stage.page.getByTestId('explain-port').fill('443');
    await stage.page.getByTestId('explain-ask').click();
    await stage.page
      .getByTestId('explain-sentence')
      .getByText(/berlin.*london.*There: from berlin it goes to london over/)
      .waitFor();
    await stage.page.getByLabel('There').getByLabel('Candidates').getByRole('row').nth(4).waitFor();
    assert.match(stage.page.url(), /from=10\.1\.0\.10/);
    await stage.picture('explain');
  });

  test('an uplink that is drained says so, carries nothing any more, and comes back', async () => {
    await stage.go('/sites');
    await stage.page.getByTestId('site-row-berlin').getByText('berlin').first().click();
    // An uplink that was cut gets its traffic back when it was sound for a minute; only then is there any to give away.
    await stage.page
      .getByTestId('decision')
      .getByText(/Back to internet/)
      .first()
      .waitFor({ timeout: 100_000 });
    await stage.page.getByTestId('drain-internet').click();
    await stage.page.getByTestId('confirm').click();
    await stage.page.getByTestId('uplink-internet').getByText('Drained').waitFor();
    await stage.page.getByTestId('decision').getByText('Drained').first().waitFor();
    await stage.picture('drained');
    await stage.page.getByTestId('drain-internet').click();
    await stage.page.getByTestId('confirm').click();
    await stage.page.getByTestId('uplink-internet').getByText('Drained').waitFor({ state: 'detached' });
  });

  /** Asks the host in london from the one in berlin until it answers, or does not any more. */
  async function answers(isWanted: boolean): Promise<void> {
    const end = Date.now() + 20_000;
    for (;;) {
      const { code, text } = await stage.atHost('berlin', 'ping', '-c', '2', '-i', '0.2', '-W', '1', '10.2.0.10');
      if ((code === 0) === isWanted) return;
      assert.ok(Date.now() < end, `the ping ${isWanted ? 'is still refused' : 'still comes back'}:\n${text}`);
    }
  }
}

/** On the page that is open, without loading it anew: which path failed, what is taken instead, and what else there was. */
export async function findsReason(page: Page): Promise<void> {
  const rows = page.getByTestId('decision');
  const told = rows.filter({ hasText: /internet → internet went down .+; \S+ → \S+ is the cheapest/ }).first();
  await told
    .waitFor()
    .catch(async () => assert.fail(`no such reason among:\n${(await rows.allInnerTexts()).join('\n')}`));
  await told.getByRole('button').click();
  // Each gateway decides for itself and tells a little later than the other: rows come above this one meanwhile.
  const opened = page.locator('[data-testid="decision"][data-open="true"]');
  await opened.getByText('Path down', { exact: true }).first().waitFor();
  const table = opened.getByLabel('Candidates');
  await table.getByText('went down').first().waitFor();
  // Its header, and one row for each of the four tunnels between two sites.
  await table.getByRole('row').nth(4).waitFor();
  await opened.getByText(/^version \d/).waitFor();
}
