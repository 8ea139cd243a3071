import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, Page } from 'playwright-core';

import { INSTALL, findChromium } from './chromium.ts';

/**
 * A page in a real browser that notes what must never happen: a violation of the content security
 * policy, a request to anywhere else, an error that nobody caught.
 */
export type Look = {
  readonly width?: 1280 | 390;
  readonly theme?: 'light' | 'dark';
  readonly language?: 'en' | 'zh';
};

export type TestPage = {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Empty, or the test has found something. */
  readonly violations: () => readonly string[];
  shot(name: string): Promise<void>;
  close(): Promise<void>;
};

const SHOTS = join(import.meta.dirname, 'screenshots');
const LOCALES = { en: 'en-GB', zh: 'zh-CN' } as const;

export function launch(): Promise<Browser> {
  const executablePath = findChromium();
  if (executablePath === undefined) throw new Error(`no Chromium: ${INSTALL}`);
  return chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
}

export async function openPage(
  browser: Browser,
  origin: string,
  { width = 1280, theme = 'light', language = 'en' }: Look = {},
): Promise<TestPage> {
  const context = await browser.newContext({
    baseURL: origin,
    viewport: { width, height: width === 390 ? 844 : 860 },
    colorScheme: theme,
    locale: LOCALES[language],
    timezoneId: 'Asia/Shanghai',
    isMobile: width === 390,
    hasTouch: width === 390,
    acceptDownloads: true,
  });
  const violations: string[] = [];
  await context.exposeFunction('noteViolation', (text: string) => violations.push(text));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      const { noteViolation } = window as unknown as {
        noteViolation: (text: string) => void;
      };
      noteViolation(`csp ${event.violatedDirective}: ${event.blockedURI || event.sourceFile}`);
    });
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.origin !== origin && url.protocol !== 'data:' && url.protocol !== 'blob:') {
      violations.push(`request to ${url.origin}`);
    }
  });
  page.on('pageerror', (error) => violations.push(`error ${error.stack ?? error.message}`));
  const look = `${width}-${theme}-${language}`;
  return {
    page,
    context,
    violations: () => violations,
    shot: async (name) => {
      mkdirSync(SHOTS, { recursive: true });
      await page.screenshot({ path: join(SHOTS, `${name}-${look}.png`) });
    },
    close: () => context.close(),
  };
}

/** As a person does: the link that `npm start` prints. */
export async function signIn(
  { page }: Pick<TestPage, 'page'>,
  collector: { signInLink(): Promise<string> },
  path = '/live',
): Promise<void> {
  const link = new URL(await collector.signInLink());
  await page.goto(link.pathname + link.hash);
  await page.getByRole('main').and(page.locator('#content')).waitFor();
  if (path !== '/live') await page.goto(path);
}

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

type AxeResult = {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
};

/** What axe finds that is serious or critical, one line each. */
export async function seriousProblems({ page }: Pick<TestPage, 'page'>): Promise<readonly string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  await page.evaluate(readFileSync(axePath, 'utf8'));
  const { violations } = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResult> } };
    return axe.run();
  });
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.slice(0, 3).map(({ html, failureSummary }) =>
      `${id}: ${html.slice(0, 160)} ${failureSummary.replaceAll(/\s+/g, ' ').slice(0, 240)}`));
}

/** Nothing sticks out to the right: a page that scrolls sideways on a phone is broken. */
export const overflow = ({ page }: Pick<TestPage, 'page'>): Promise<number> =>
  page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
