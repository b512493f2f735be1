/**
 * The dashboard in a real browser, as one person sees it. Screenshots are taken where PATRONUS_PICTURES names a folder:
 * some of them are the pictures of the README.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const pictures = process.env.PATRONUS_PICTURES;

export function openBrowser(): Promise<Browser> {
  return chromium.launch({
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
}

export class Screen {
  readonly page: Page;
  readonly #url: string;

  private constructor(page: Page, url: string) {
    this.page = page;
    this.#url = url;
  }

  /** `cookie`: of somebody who is signed in already, `name=value`. */
  static async open(browser: Browser, url: string, cookie?: string): Promise<Screen> {
    const context: BrowserContext = await browser.newContext({
      ignoreHTTPSErrors: true,
      viewport: { width: 1440, height: 900 },
    });
    const [name, value] = cookie?.split('=') ?? [];
    if (name !== undefined && value !== undefined) await context.addCookies([{ name, value, url }]);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    return new Screen(page, url);
  }

  /** A browser gives up what it is loading when an address of its machine changes; a person loads it again. */
  async go(path: string, attempts = 3): Promise<void> {
    try {
      await this.page.goto(`${this.#url}${path}`);
    } catch (error) {
      if (attempts <= 1 || !String(error).includes('ERR_NETWORK_CHANGED')) throw error;
      await this.go(path, attempts - 1);
    }
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

  /** In both themes; it wears light afterwards. */
  async pictures(name: string): Promise<void> {
    if (pictures === undefined) return;
    for (const scheme of ['dark', 'light'] as const) {
      await this.wear(scheme);
      await this.picture(`${name}-${scheme}`);
    }
  }
}
