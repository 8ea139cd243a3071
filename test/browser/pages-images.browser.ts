import { readFile } from 'node:fs/promises';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { profileId } from '../../collector/profiles/profile-id.ts';
import { itemsOf } from '../../collector/testing/api-client.ts';
import { launch, openPage, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { NEW, NEW_KEY } from './network-data.ts';
import { NEW_COMMAND, startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** What an analyst does with profiles: judge a version, take it back, lock, forget, export. */
let world: PagesWorld;
let browser: Browser;

beforeAll(async () => {
  world = await startPagesWorld();
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

const PROFILE = `/images/${profileId(NEW_KEY)}`;

async function opened(path: string, token?: string): Promise<TestPage> {
  const page = await openPage(browser, world.collector.addresses.api);
  if (token === undefined) {
    await signIn(page, world.collector, path);
    return page;
  }
  await page.page.goto(path);
  await page.page.locator('input[type=password]').fill(token);
  await page.page.locator('button[type=submit]').click();
  await page.page.getByRole('heading', { level: 1 }).waitFor();
  return page;
}

const decisions = async () => itemsOf(await world.api('GET', '/decisions'));

test('what is new in a version is approved with a reason, and the approval is undone', async () => {
  const look = await opened(`${PROFILE}?tab=versions`);
  const { page } = look;
  const row = page.getByRole('listitem').filter({ hasText: NEW_COMMAND });
  await row.getByRole('button', { name: /^Approve/ }).click();
  const dialog = page.getByRole('dialog');
  await look.shot('task-approve');
  expect(await seriousProblems(look)).toEqual([]);
  const confirm = dialog.getByRole('button', { name: /^Approve/ });
  expect(await confirm.isDisabled()).toBe(true);
  await dialog.getByLabel('Where it holds').selectOption('lineage');
  await dialog.getByLabel(/^Why/).fill('telemetry, CHG-4711');
  await confirm.click();
  await dialog.waitFor({ state: 'detached' });
  await row.getByText('Accepted').waitFor();
  expect(await decisions()).toMatchObject([{
    kind: 'accept',
    scope: 'lineage',
    value: expect.stringContaining(NEW_COMMAND),
    why: 'telemetry, CHG-4711',
    by: 'token:bootstrap',
  }]);
  await page.getByRole('tab', { name: 'Decisions' }).click();
  await page.getByRole('button', { name: /^Undo: Accepted/ }).click();
  await dialog.getByLabel(/^Why/).fill('too early');
  await dialog.getByRole('button', { name: /^Undo/ }).click();
  await page.getByText('Nothing has been decided about this profile').waitFor();
  expect(await decisions()).toEqual([]);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('several behaviours are rejected at once, by keyboard', async () => {
  const look = await opened(`${PROFILE}?tab=versions`);
  const { page } = look;
  await page.getByRole('checkbox', { name: 'Select all that is new' }).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Why/).fill('this version was not released');
  await dialog.getByRole('button', { name: /^Reject 4 behaviours/ }).click();
  await dialog.waitFor({ state: 'detached' });
  expect((await decisions()).map(({ kind }) => kind)).toEqual(Array(4).fill('reject'));
  await page.getByText('Rejected').first().waitFor();
  await look.close();
});

test('a profile is locked and unlocked, and reset only by who says that it is understood',
  async () => {
    const look = await opened(PROFILE);
    const { page } = look;
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await dialog.getByLabel(/^Why/).fill('audit week');
    await dialog.getByRole('button', { name: /^Lock registry/ }).click();
    await page.getByText('Locked', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Reset', exact: true }).click();
    await dialog.getByLabel(/^Why/).fill('learned from a test');
    const confirm = dialog.getByRole('button', { name: /^Reset registry/ });
    expect(await confirm.isDisabled()).toBe(true);
    await dialog.getByLabel('I understand that what was learned is gone').check();
    await look.shot('task-reset');
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await page.getByRole('button', { name: 'Unlock', exact: true }).click();
    await dialog.getByLabel(/^Why/).fill('audit is over');
    await dialog.getByRole('button', { name: /^Unlock registry/ }).click();
    await page.getByRole('button', { name: 'Lock', exact: true }).waitFor();
    expect(look.violations()).toEqual([]);
    await look.close();
  });

test('the export is a file, the same that the command line writes', async () => {
  const look = await opened(PROFILE);
  const [download] = await Promise.all([
    look.page.waitForEvent('download'),
    look.page.getByRole('link', { name: 'Export the profile as YAML' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('registry.bank.example-shop-web-1.4.3.yaml');
  const saved = await readFile(await download.path(), 'utf8');
  expect(saved).toBe((await world.api('GET', `/profiles/${profileId(NEW_KEY)}/export`)).text);
  await look.close();
});

test('thousands of behaviours are searched without the page holding them all', async () => {
  const look = await opened('/images');
  const { page } = look;
  world.agent.evidence({
    image: { ...NEW, repository: 'registry.bank.example/big', tag: '1' },
    pods: Array.from({ length: 20 }, (_, n) => `big-${n}`),
    commands: Array.from({ length: 180 }, (_, n) => `tool${letters(n)} run`),
    ms: Date.now() - 60_000,
  });
  await page.getByLabel('Find an image').fill('big');
  await page.getByRole('link', { name: /big:1/ }).click();
  await page.getByRole('tab', { name: 'Behaviours' }).click();
  const rows = page.getByRole('table', { name: 'Behaviours' }).getByRole('row');
  await rows.nth(5).waitFor();
  expect(await rows.count()).toBeLessThan(60);
  await page.getByLabel('Find a behaviour').fill(`tool${letters(123)} `);
  await page.getByText(/^1 of \d+ behaviours$/).waitFor();
  expect(await rows.count()).toBe(2);
  expect(look.violations()).toEqual([]);
  await look.close();
});

/** Names of one shape would be generalised to one behaviour. */
const letters = (n: number): string =>
  String(n).replaceAll(/\d/g, (digit) => 'abcdefghij'.charAt(Number(digit)));

test('a viewer sees everything and is told why nothing can be changed', async () => {
  const made = await world.api('POST', '/tokens',
    { name: 'reader', grants: [{ role: 'viewer', namespaces: 'all' }] });
  const look = await opened(`${PROFILE}?tab=versions`, String(made.body['text']));
  const { page } = look;
  const lock = page.getByRole('button', { name: /^Lock/ });
  await lock.waitFor();
  expect(await lock.getAttribute('aria-disabled')).toBe('true');
  expect(await lock.getAttribute('title')).toContain('Needs the role Analyst');
  await lock.click({ force: true });
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(await seriousProblems(look)).toEqual([]);
  await look.close();
});
