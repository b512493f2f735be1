/**
 * A network for the BGP page: a real controller, the gateways of berlin and london, and BIRD beside berlin's, with a page
 * that an administrator is signed in on.
 */
import { execFileSync } from 'node:child_process';
import type { TestContext } from 'node:test';
import type { Browser } from 'playwright-core';
import { patient, SiteRouter } from '../interop/fixtures/bgpSites.ts';
import { enrolmentToken, signUp, startTestController, type TestController } from '../interop/fixtures/controller.ts';
import { buildGateways, controllerAddress, type Gateway, uplinkNames } from '../interop/fixtures/edgeWorld.ts';
import { userWith } from '../interop/fixtures/users.ts';
import { openBrowser, Screen } from './screen.ts';

const sites = ['berlin', 'london'] as const;

export interface BgpStage {
  readonly controller: TestController;
  readonly gateways: readonly Gateway[];
  readonly router: SiteRouter;
  readonly screen: Screen;
  /** The page as somebody sees it who may only look. */
  openAsViewer(): Promise<Screen>;
  /** What everybody said, for whoever reads of a failure. */
  tell(): Promise<string>;
}

/** Call after `enterOwnNamespace`; everything goes with the test, however it ends. */
export async function openBgpStage(context: TestContext): Promise<BgpStage> {
  // Addresses of our own that are still being checked would be a change of the network to the browser.
  execFileSync('sysctl', ['-qw', 'net.ipv6.conf.default.disable_ipv6=1']);
  const gateways = buildGateways(context, sites.length);
  const router = new SiteRouter(context, gateways[0]!);
  const controller = await startTestController(context, {
    ...{ listen: '0.0.0.0', addresses: [controllerAddress, '127.0.0.1'] },
  });
  for (const [order, gateway] of gateways.entries()) {
    const token = await enrolmentToken(controller, await addSite(controller, sites[order]!, gateway));
    gateway.start(['--token', token, ...patient]);
  }
  const browser = await openBrowser();
  context.after(() => browser.close());
  const { cookie } = await signUp(controller);
  const url = `https://127.0.0.1:${controller.port}`;
  const screen = await Screen.open(browser, url, cookie);
  return {
    ...{ controller, gateways, router, screen },
    openAsViewer: () => openAsViewer(controller, browser, url, cookie!),
    tell: async () => {
      const said = gateways.map(({ id, output }) => `${id}:\n${output}`);
      const bird = [router.say('show', 'protocols', 'all'), router.say('show', 'route', 'all')];
      return [...said, ...bird, await screen.page.innerText('body')].join('\n');
    },
  };
}

async function addSite(controller: TestController, name: string, { plan }: Gateway): Promise<string> {
  const uplinks = uplinkNames.map((on, order) => ({ label: on.slice(2), interface: on, cost: 10 + 10 * order }));
  const { addSite: added } = await controller.admin(
    'mutation ($input: AddSiteInput!) { addSite(input: $input) { site { id } } }',
    { input: { name, prefixes: plan.prefixes, uplinks } },
  );
  return added.site.id;
}

async function openAsViewer(controller: TestController, browser: Browser, url: string, cookie: string) {
  const { authorization = '' } = await userWith(controller, 'VIEWER');
  return Screen.open(browser, url, cookie.replace(/=.*/, authorization.replace('Bearer ', '=')));
}
