import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { everyday } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import type { Look } from './browser.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await startWorld();
  browser = await launch();
  await world.agent.alerts(everyday(12));
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

const LOOKS: readonly Look[] = [
  { width: 1280, theme: 'light', language: 'en' },
  { width: 1280, theme: 'dark', language: 'zh' },
  { width: 390, theme: 'light', language: 'zh' },
  { width: 390, theme: 'dark', language: 'en' },
];

test.each(LOOKS)('a stranger is asked to sign in, and a wrong token is said to be: %o',
  async (look) => {
    const opened = await openPage(browser, world.collector.addresses.api, look);
    await opened.page.goto('/live');
    await opened.page.locator('input[type=password]').fill('not a token of this collector, at all');
    await opened.page.locator('button[type=submit]').click();
    await opened.page.getByRole('alert').waitFor();
    await opened.shot('sign-in');
    expect(await seriousProblems(opened)).toEqual([]);
    expect(await overflow(opened)).toBe(0);
    expect(opened.violations()).toEqual([]);
    await opened.close();
  });

test('a token signs in, signing out ends it, and the way back asks again', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  const { page } = opened;
  await page.goto('/live');
  await page.getByLabel('Access token or one-time code').fill(world.collector.token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('the one-time link signs in once and leaves no code in the address', async () => {
  const link = new URL(await world.collector.signInLink());
  const opened = await openPage(browser, world.collector.addresses.api);
  await opened.page.goto(link.pathname + link.hash);
  await opened.page.getByRole('heading', { name: 'Live' }).waitFor();
  expect(opened.page.url()).toBe(`${world.collector.addresses.api}/live`);
  await opened.close();
  const again = await openPage(browser, world.collector.addresses.api);
  await again.page.goto(link.pathname + link.hash);
  await again.page.getByRole('alert').waitFor();
  expect(again.violations()).toEqual([]);
  await again.close();
});

test('language and appearance follow the browser until somebody chooses', async () => {
  const opened = await openPage(browser, world.collector.addresses.api,
    { language: 'zh', theme: 'dark' });
  await signIn(opened, world.collector);
  const { page } = opened;
  await page.getByRole('heading', { name: '实时告警' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
  const ground = (): Promise<string> =>
    page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const dark = await ground();
  await page.getByLabel('外观').selectOption('light');
  expect(await ground()).not.toBe(dark);
  await page.getByLabel('语言').selectOption('en');
  await page.reload();
  await page.getByRole('heading', { name: 'Live' }).waitFor();
  expect(await ground()).not.toBe(dark);
  await opened.close();
});

test('an address that is no page says so and leads back', async () => {
  const opened = await openPage(browser, world.collector.addresses.api, { width: 390 });
  await signIn(opened, world.collector, '/no/such/page');
  await opened.page.getByRole('heading', { name: 'There is no such page' }).waitFor();
  expect(await seriousProblems(opened)).toEqual([]);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});
