import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { breakIn, everyday, hostileAlert } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

/** One box for everything, and who an incident can be given to. */
let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await startWorld();
  browser = await launch();
  await world.agent.alerts([...everyday(12), hostileAlert(), breakIn()]);
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

const box = (page: Page) => page.getByRole('combobox', { name: /^Incident, alert/ });

test('opened by a key, walked by arrows, and the focus goes back to where it was', async () => {
  const look = await openPage(browser, world.collector.addresses.api);
  await signIn(look, world.collector, '/audit');
  const { page } = look;
  const verify = page.getByRole('button', { name: 'Verify the chain' });
  await verify.focus();
  await page.keyboard.press('/');
  await box(page).waitFor();
  expect(await box(page).evaluate((one) => one === document.activeElement)).toBe(true);
  await page.keyboard.press('Escape');
  await box(page).waitFor({ state: 'detached' });
  expect(await verify.evaluate((one) => one === document.activeElement)).toBe(true);
  await page.keyboard.press('Control+k');
  await box(page).fill('gunicorn');
  const options = page.getByRole('listbox').getByRole('option');
  await options.nth(1).waitFor();
  expect(await seriousProblems(look)).toEqual([]);
  await look.shot('task-search');
  const chosen = async () => page.locator('[role=option][aria-selected=true]').innerText();
  const first = await chosen();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  expect(await chosen()).not.toBe(first);
  expect(await box(page).getAttribute('aria-activedescendant'))
    .toBe(await page.locator('[role=option][aria-selected=true]').getAttribute('id'));
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.waitForURL(/\/(incidents|alerts)\//);
  await box(page).waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.id === 'content');
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('pages, pods and nodes are found; nothing found and too little typed are said', async () => {
  const look = await openPage(browser, world.collector.addresses.api, { width: 390 });
  await signIn(look, world.collector, '/fleet');
  const { page } = look;
  await page.getByRole('button', { name: 'Search' }).click();
  await page.getByText('At least two characters').waitFor();
  await box(page).fill('egr');
  await page.getByRole('option', { name: 'Egress' }).waitFor();
  await box(page).fill('node-1');
  await page.getByRole('group', { name: 'Nodes' }).getByRole('option').first().waitFor();
  await box(page).fill('no such thing anywhere');
  await page.getByText('Nothing was found').waitFor();
  await box(page).fill('onerror');
  await page.getByRole('option').filter({ hasText: '<img src=x' }).first().waitFor();
  expect(await overflow(look)).toBe(0);
  expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
  await box(page).fill('egress');
  await page.getByRole('option', { name: 'Egress' }).click();
  await page.waitForURL('**/egress');
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('the live list keeps its own key, and a dialog that is open keeps the keys', async () => {
  const look = await openPage(browser, world.collector.addresses.api);
  await signIn(look, world.collector);
  const { page } = look;
  await page.getByRole('row').nth(3).waitFor();
  await page.keyboard.press('/');
  expect(await box(page).count()).toBe(0);
  await page.keyboard.press('Control+k');
  await box(page).waitFor();
  await page.keyboard.press('Escape');
  await page.locator('h1').click();
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Control+k');
  expect(await box(page).count()).toBe(0);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('an incident is given to oneself, or to somebody who has worked on one, by a press',
  async () => {
    const look = await openPage(browser, world.collector.addresses.api);
    await signIn(look, world.collector, '/incidents');
    const { page } = look;
    const links = page.getByRole('main').getByRole('link');
    await links.first().waitFor();
    const [first, second] = await page.getByRole('main').locator('a[href^="/incidents/"]')
      .evaluateAll((all) => [...new Set(all.map((one) => one.getAttribute('href') ?? ''))]);
    const dialog = page.getByRole('dialog', { name: 'Who works on it' });
    await page.goto(first ?? '');
    await page.getByRole('button', { name: 'Assign…' }).click();
    await dialog.getByLabel(/^Name/).fill('li.wei@bank.example');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Assigned to li.wei@bank.example').waitFor();
    await page.goto(second ?? '');
    await page.getByRole('button', { name: 'Assign…' }).click();
    await dialog.getByRole('button', { name: 'li.wei@bank.example' }).click();
    expect(await dialog.getByLabel(/^Name/).inputValue()).toBe('li.wei@bank.example');
    await dialog.getByRole('button', { name: 'Me', exact: true }).click();
    expect(await seriousProblems(look)).toEqual([]);
    await dialog.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Assigned to token:bootstrap').waitFor();
    expect(look.violations()).toEqual([]);
    await look.close();
  });
