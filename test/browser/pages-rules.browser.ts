import { writeFileSync } from 'node:fs';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { itemsOf } from '../../collector/testing/api-client.ts';
import { everyday } from './attacks.ts';
import { launch, openPage, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** Rules, windows, tokens, outputs, the audit and the policy: one whole task each. */
let world: PagesWorld;
let browser: Browser;

beforeAll(async () => {
  world = await startPagesWorld();
  await world.agent.alerts(everyday(24));
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

async function opened(path: string): Promise<TestPage> {
  const look = await openPage(browser, world.collector.addresses.api);
  await signIn(look, world.collector, path);
  return look;
}

test('a suppression rule is made after its preview, and ended', async () => {
  const look = await opened('/rules');
  const { page } = look;
  await page.getByRole('button', { name: 'New suppression rule' }).click();
  const dialog = page.getByRole('dialog');
  const create = dialog.getByRole('button', { name: 'Create this rule' });
  await dialog.getByLabel('Namespace').fill('shop');
  await dialog.getByLabel('Workload').fill('cart');
  await dialog.getByLabel(/^Owner/).fill('shop team');
  await dialog.getByLabel(/^Reason|^Why/).fill('known spool, SHOP-7');
  expect(await create.isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText(/^6 alerts of the last 7 days/).waitFor();
  await look.shot('task-suppression');
  expect(await seriousProblems(look)).toEqual([]);
  // Another rule than the one that was looked at is not made.
  await dialog.getByLabel('Workload').fill('car*');
  expect(await create.isDisabled()).toBe(true);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText(/^6 alerts of the last/).waitFor();
  await create.click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('known spool, SHOP-7').waitFor();
  expect(itemsOf(await world.api('GET', '/suppressions'))).toMatchObject([
    { match: { namespace: 'shop', workload: 'car*' }, owner: 'shop team', state: 'in-force' },
  ]);
  await page.getByRole('button', { name: /^End now/ }).click();
  await dialog.getByLabel(/^Why/).fill('fixed');
  await dialog.getByRole('button', { name: /^End now/ }).click();
  await page.getByText('There is no suppression rule').waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('an alert fills the form of a rule for alerts like it', async () => {
  const look = await opened('/alerts/everyday-0');
  const { page } = look;
  await page.getByRole('link', { name: 'Suppress alerts like this' }).click();
  const dialog = page.getByRole('dialog');
  expect(await dialog.getByLabel('Workload').inputValue()).toBe('cart');
  expect(await dialog.getByLabel('Behaviours').inputValue()).toMatch(/^write \/var\/lib\/cart/);
  await dialog.getByRole('button', { name: 'Preview' }).click();
  await dialog.getByText(/^1 alert of the last 7 days/).waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('a maintenance window is made, has a report, and is ended', async () => {
  const look = await opened('/rules?tab=windows');
  const { page } = look;
  await page.getByRole('button', { name: 'New maintenance window' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel(/^Label/).fill('ledger-upgrade');
  await dialog.getByLabel('Namespace').fill('payments');
  await dialog.getByLabel(/^Until/).fill(localTime(Date.now() + 7_200_000));
  await dialog.getByLabel(/^Owner/).fill('dba');
  await dialog.getByLabel(/^Why/).fill('CHG-12');
  await look.shot('task-window');
  await dialog.getByRole('button', { name: 'Create the window ledger-upgrade' }).click();
  await dialog.waitFor({ state: 'detached' });
  await page.getByText('In force').waitFor();
  await page.getByRole('button', { name: 'Report of ledger-upgrade' }).click();
  await dialog.getByText('Nothing was raised in this window.').waitFor();
  await dialog.getByRole('button', { name: 'Close' }).click();
  await page.getByRole('button', { name: 'End now: ledger-upgrade' }).click();
  await dialog.getByLabel(/^Why/).fill('done earlier');
  await dialog.getByRole('button', { name: 'End now: ledger-upgrade' }).click();
  await page.getByText('There is no maintenance window').waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

/** As `datetime-local` has it, in the browser's zone, which `openPage` sets. */
const localTime = (ms: number): string =>
  new Date(ms + 8 * 3_600_000).toISOString().slice(0, 16);

test('a token is shown once, works, and works no more when it is revoked', async () => {
  const look = await opened('/access');
  const { page } = look;
  await page.getByRole('button', { name: 'Create a token' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox', { name: 'Name (required)' }).fill('deploy-bot');
  await dialog.getByLabel('Namespaces').fill('shop, payments');
  await dialog.getByRole('button', { name: 'Create the token deploy-bot' }).click();
  const secret = await dialog.getByLabel('Token', { exact: true }).textContent() ?? '';
  await look.shot('task-token');
  expect(await seriousProblems(look)).toEqual([]);
  const asked = (): Promise<number> =>
    fetch(`${world.collector.addresses.api}/api/v1/session`, {
      headers: { authorization: `Bearer ${secret}` },
    }).then(({ status }) => status);
  expect(await asked()).toBe(200);
  await dialog.getByRole('button', { name: 'I have it' }).click();
  expect(await page.content()).not.toContain(secret);
  await page.getByRole('button', { name: 'Revoke the token deploy-bot' }).click();
  await dialog.getByRole('button', { name: 'Revoke the token deploy-bot' }).click();
  await page.getByText('deploy-bot').waitFor({ state: 'detached' });
  await expect.poll(asked).toBe(401);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('what a receiver refused is sent again once it takes it', async () => {
  const look = await opened('/outputs');
  const { page } = look;
  const dialog = page.getByRole('dialog');
  await page.getByRole('button', { name: 'Send a test to soc-siem' }).click();
  await page.getByText('soc-siem did not take the test.').waitFor();
  world.letReceiverTake();
  await page.getByRole('button', { name: 'Dead letters of soc-siem' }).click();
  await dialog.getByText('index is read-only').first().waitFor();
  await look.shot('task-dead-letters');
  expect(await seriousProblems(look)).toEqual([]);
  await dialog.getByRole('button', { name: 'Send all again' }).click();
  await page.getByRole('button', { name: 'Send all dead letters of soc-siem again' }).click();
  await page.getByText(/will be sent again/).waitFor();
  const deadLetters = async (): Promise<unknown> =>
    itemsOf(await world.api('GET', '/outputs'))[0]?.['deadLetters'];
  await expect.poll(deadLetters, { timeout: 60_000 }).toBe(0);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('the audit is searched and its chain verified', async () => {
  const look = await opened('/audit');
  const { page } = look;
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText(/^All \d+ records are as they were written/).waitFor();
  await page.getByLabel('What', { exact: true }).selectOption('token');
  await page.getByText('token.revoke').waitFor();
  expect(await page.getByText('policy.loaded').count()).toBe(0);
  expect(new URL(page.url()).search).toBe('?action=token');
  await page.getByRole('button', { name: /^Details of record/ }).first().click();
  await page.getByRole('dialog').getByText('deploy-bot').waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('a policy file with an error is told with its place, and the old policy stays', async () => {
  const look = await opened('/policy');
  const { page } = look;
  await page.getByText('freeze-critical-in-shop').waitFor();
  writeFileSync(world.policyFile, 'rules: [{ name: x, action: nuke }]');
  await page.getByText('The file has errors: the policy below stays in force')
    .waitFor({ timeout: 40_000 });
  await page.getByText('rules.0.action').waitFor();
  await page.getByText('freeze-critical-in-shop').waitFor();
  await look.shot('task-policy-error');
  expect(await seriousProblems(look)).toEqual([]);
  expect(look.violations()).toEqual([]);
  await look.close();
});
