/**
 * The BGP page with a router that is really there: what a network engineer does on it and reads from it, on one page that
 * is never loaded anew.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import type { Locator } from 'playwright-core';
import { eventually } from '../interop/fixtures/wireWorld.ts';
import { enterOwnNamespace, skipWithoutRoot } from '../interop/ownNamespace.ts';
import { openBgpStage } from './bgpStage.ts';

const key = 'correct horse battery';

describe('the BGP page', { skip: skipWithoutRoot }, () => {
  before(() => enterOwnNamespace());

  test('a person brings a router up, changes what is said of it, and reads why it is gone', async (context) => {
    const stage = await openBgpStage(context);
    const { router, screen } = stage;
    const { page } = screen;
    let loads = 0;
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    const row = page.getByTestId('neighbour-row-core');
    const form = page.getByTestId('neighbour-form');
    const routes = page.getByLabel('Routes from BGP').getByRole('row');
    const openEdit = async () => {
      await page.getByLabel('Edit core', { exact: true }).press('Enter');
      await form.waitFor();
    };
    const save = async () => {
      await page.getByTestId('neighbour-save').click();
      await form.waitFor({ state: 'detached' });
    };
    let hasFailed = false;
    /** Each stands on those before it. */
    const step = (name: string, run: () => Promise<void>) =>
      context.test(name, async () => {
        assert.ok(!hasFailed, 'a step before it failed');
        try {
          await run();
        } catch (error) {
          hasFailed = true;
          console.error(await stage.tell());
          throw error;
        }
      });
    await router.start({ more: ['172.21.7.0/24'], options: `password "${key}";` });
    await screen.go('/bgp');
    page.on('load', () => (loads += 1));

    await step('a prefix that a site cannot be allowed is refused at its field, another is listed', async () => {
      await page.getByText('No neighbours yet').waitFor();
      await screen.pictures('bgp-empty');
      await page.getByTestId('add-allowance').click();
      await page.getByTestId('allowance-site').click();
      await page.getByRole('option', { name: 'berlin' }).click();
      await page.getByTestId('allowance-prefix').fill('0.0.0.0/0');
      await page.getByTestId('allowance-save').click();
      await page.getByText(/cannot be allowed everything/).waitFor();
      await page.locator('[data-testid="allowance-prefix"][aria-invalid="true"]').waitFor();
      await page.getByTestId('allowance-prefix').fill('172.20.0.0/16-24');
      await page.getByTestId('allowance-save').click();
      await page.getByTestId('allowance-172.20.0.0/16-24').getByText('berlin').waitFor();
    });

    await step('a neighbour is added with the keyboard, and an address that is nowhere is refused', async () => {
      await page.getByTestId('add-neighbour').press('Enter');
      await page.locator('[data-testid="neighbour-name"]:focus').waitFor();
      await page.keyboard.type('core');
      await page.keyboard.press('Tab');
      await page.keyboard.type('ber');
      await page.getByRole('option', { name: 'berlin' }).waitFor();
      await page.keyboard.press('Enter');
      await page.getByRole('option').waitFor({ state: 'detached' });
      assert.equal(await page.getByTestId('neighbour-at').inputValue(), 'berlin');
      for (const words of ['192.0.2.77', '65001', 'ptlan']) {
        await page.keyboard.press('Tab');
        await page.keyboard.type(words);
      }
      await page.keyboard.press('Enter');
      await form.getByText(/none of the site's LANs holds the address/).waitFor();
      await page.locator('[data-testid="neighbour-address"][aria-invalid="true"]').waitFor();
      await screen.pictures('bgp-form');
      await page.getByTestId('neighbour-address').fill('10.1.0.2');
      await page.getByTestId('neighbour-key').fill(key);
      await page.getByTestId('neighbour-key').press('Enter');
      await form.waitFor({ state: 'detached' });
    });

    await step('its session is established by itself, with counts, routes and what was refused', async () => {
      await row.getByText('Established').waitFor();
      await row.getByText('of 2 received').waitFor();
      await row.getByText(/Refused 172\.21\.7\.0\/24: this site is not allowed to bring it/).waitFor();
      await routes.filter({ hasText: '172.20.1.0/24' }).filter({ hasText: 'core' }).getByText('65001').waitFor();
      const london = routes.filter({ has: page.getByRole('cell', { name: 'london' }) });
      await london.filter({ hasText: '172.20.1.0/24' }).getByText('berlin').waitFor();
      await page.getByLabel('BGP between gateways').getByText('Established').nth(1).waitFor();
      await count(row, 'accepted', 1).waitFor();
      await count(row, 'advertised', 1).waitFor();
      await count(row, 'flaps', 0).waitFor();
      await page.getByTestId('alarm-BGP_NEIGHBOUR_DOWN').waitFor({ state: 'detached' });
    });

    await step('the page is narrowed to a site by typing, and widened by erasing', async () => {
      const filter = page.getByRole('combobox', { name: 'At any site' });
      await filter.pressSequentially('lon');
      await page.getByRole('option', { name: 'london' }).waitFor();
      await filter.press('Tab');
      await row.waitFor({ state: 'detached' });
      assert.equal(await filter.inputValue(), 'london');
      await filter.fill('');
      await filter.press('Enter');
      await row.waitFor();
      assert.equal(new URL(page.url()).search, '');
    });

    const upSince = () => row.locator('[data-since]').getAttribute('data-since');
    const birdsLine = () => router.say('show', 'protocols', 'edge1');

    await step('what the site may bring is widened, and what was refused comes in without a reset', async () => {
      const before = [await upSince(), birdsLine()];
      await page.getByLabel('Edit 172.20.0.0/16-24', { exact: true }).press('Enter');
      await page.getByTestId('allowance-prefix').fill('172.20.0.0/15-24');
      await page.getByTestId('allowance-prefix').press('Enter');
      await row.getByText('of 2 received').waitFor({ state: 'detached' });
      await count(row, 'accepted', 2).waitFor();
      await routes.filter({ hasText: '172.21.7.0/24' }).nth(1).waitFor();
      assert.deepEqual([await upSince(), birdsLine()], before);
    });

    await step('the form shows what is set but no key, and a change that needs no reset is none', async () => {
      const before = [await upSince(), birdsLine()];
      await openEdit();
      assert.equal(await page.getByTestId('neighbour-address').inputValue(), '10.1.0.2');
      assert.equal(await page.getByTestId('neighbour-max-prefixes').inputValue(), '10000');
      assert.equal(await page.getByTestId('neighbour-key').inputValue(), '');
      await form.getByPlaceholder('A key is set; leave empty to keep it').waitFor();
      assert.ok(!(await page.content()).includes(key), 'the page knows the key');
      await page.getByTestId('neighbour-max-prefixes').fill('50');
      await page.getByTestId('neighbour-import-communities').fill('65000:7');
      await page.getByTestId('neighbour-import-communities').press('Enter');
      await page.getByTestId('neighbour-passive').check();
      await screen.pictures('bgp-edit');
      await save();
      await routes.filter({ hasText: 'london' }).getByText('65000:7').first().waitFor();
      assert.deepEqual([await upSince(), birdsLine()], before);
      await count(row, 'flaps', 0).waitFor();
      await screen.pictures('bgp-up');
    });

    await step('one that needs a reset says so before; the session comes back with the key that was kept', async () => {
      await openEdit();
      assert.equal(await page.getByTestId('neighbour-max-prefixes').inputValue(), '50');
      await page.getByTestId('neighbour-hold-time').fill('30');
      await form.getByText(/Saving ends the session.*another hold time/).waitFor();
      await screen.pictures('bgp-reset');
      await save();
      await count(row, 'flaps', 1).waitFor();
      await row.getByText('Established').waitFor();
    });

    await step('who may only look is offered no change', async () => {
      const viewer = await stage.openAsViewer();
      await viewer.go('/bgp');
      await viewer.page.getByTestId('neighbour-row-core').getByText('Established').waitFor();
      assert.equal(await viewer.page.getByRole('button', { name: /^(Edit|Remove|Add|Allow) / }).count(), 0);
      await viewer.page.context().close();
    });

    await step('a router that is shut down is told of in words, with an alarm that goes when it is back', async () => {
      await router.leave();
      await row.getByText(/the peer says .*shutdown/i).waitFor();
      assert.equal(await row.getByText('Established').count(), 0);
      const alarm = page.getByTestId('alarm-BGP_NEIGHBOUR_DOWN');
      await alarm.getByText(/BGP of berlin with core \(10\.1\.0\.2, AS 65001\) is .*TCP 179 is open/).waitFor();
      await screen.pictures('bgp-down');
      await router.start({ options: `password "${key}";` });
      await row.getByText('Established').waitFor();
      await alarm.waitFor({ state: 'detached' });
    });

    await step('a router that is removed takes its routes along', async () => {
      await page.getByLabel('Remove core', { exact: true }).press('Enter');
      await page.getByTestId('confirm').click();
      await page.getByText('No neighbours yet').waitFor();
      await page.getByLabel('Routes from BGP').waitFor({ state: 'detached' });
      await eventually('BIRD to hear of it', () => !birdsLine().includes('Established') || undefined);
    });

    assert.deepEqual(errors, []);
    assert.equal(loads, 0, 'the page was loaded again');
  });
});

const cellOf = { accepted: 3, advertised: 4, flaps: 5 };

/** The cell of a neighbour's row, once it says so many. */
function count(row: Locator, what: keyof typeof cellOf, many: number): Locator {
  return row
    .getByRole('cell')
    .nth(cellOf[what])
    .filter({ hasText: new RegExp(`^${many}(?!\\d)`) });
}
