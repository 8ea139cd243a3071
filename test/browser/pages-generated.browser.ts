import { readFile } from 'node:fs/promises';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';

import { profileId } from '../../collector/profiles/profile-id.ts';
import { launch, openPage, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { NEW_KEY } from './network-data.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** Policies for others: what they would have denied is read before the file is taken. */
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

async function opened(path: string, token?: string): Promise<TestPage> {
  const look = await openPage(browser, world.collector.addresses.api);
  if (token === undefined) {
    await signIn(look, world.collector, path);
    return look;
  }
  await look.page.goto(path);
  await look.page.locator('input[type=password]').fill(token);
  await look.page.locator('button[type=submit]').click();
  await look.page.getByRole('heading', { level: 1 }).waitFor();
  return look;
}

test('a namespace gets its policies, and what they would have denied by the ledger', async () => {
  const look = await opened('/generated-policies');
  const { page } = look;
  const make = page.getByRole('button', { name: 'Generate' });
  expect(await make.isDisabled()).toBe(true);
  await page.getByLabel(/^Namespace/).fill('shop');
  await make.click();
  // Everything is still learned: no policy is no good news.
  await page.getByRole('heading', { name: 'No policy could be made' }).waitFor();
  await page.getByRole('tab', { name: /^Left out/ }).click();
  await page.getByText('Its connections are still learned').first().waitFor();
  await page.getByLabel('Also where connections are still learned').check();
  await make.click();
  await page.getByRole('heading', { name: 'Would have denied 606 of 608 connections' }).waitFor();
  await page.getByText('that no alert explains').waitFor();
  await look.shot('task-generated');
  expect(await seriousProblems(look)).toEqual([]);
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download shop-kubernetes.yaml' }).click(),
  ]);
  const text = await readFile(await download.path(), 'utf8');
  const api = await world.api('GET', '/policies/network?namespace=shop&incomplete=true');
  const kinds = (yaml: string) => parseAllDocuments(yaml).map((one) => one.get('kind'));
  expect(kinds(text)).toEqual(kinds(String(api.body['yaml'])));
  expect(kinds(text)).toContain('NetworkPolicy');
  await page.getByRole('tab', { name: /^Would have been denied/ }).click();
  const denied = page.getByRole('table', { name: 'Would have been denied' });
  const row = denied.getByRole('row').filter({ hasText: '203.0.113.9:443' }).first();
  await row.getByText('no alert explains it').waitFor();
  await row.getByRole('link', { name: '1 flow' }).click();
  await page.getByRole('table', { name: 'Connections' }).getByText('203.0.113.9:443').first()
    .waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('the file is copied as it is, and the other formats and images have theirs', async () => {
  const look = await opened('/generated-policies?namespace=shop&incomplete=1&kind=cilium');
  const { page, context } = look;
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByText('CiliumNetworkPolicy', { exact: false }).nth(1).waitFor();
  await page.getByRole('button', { name: 'Copy' }).click();
  await page.getByRole('button', { name: 'Copied' }).waitFor();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toContain('cilium.io/v2');
  await page.getByLabel('Kind').selectOption('seccomp');
  await page.getByLabel('Image', { exact: true }).selectOption(profileId(NEW_KEY));
  await page.getByRole('button', { name: 'Generate' }).click();
  await page.getByText('"defaultAction"').waitFor();
  await page.getByText(/^Still learned:/).waitFor();
  expect(new URL(page.url()).searchParams.get('kind')).toBe('seccomp');
  await page.getByLabel('Kind').selectOption('falco');
  await page.getByRole('button', { name: 'Generate' }).click();
  await page.getByText(/- rule: /).first().waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('what cannot be answered says what to do; a viewer is told which role it takes', async () => {
  const look = await opened('/generated-policies?namespace=no-such');
  await look.page.getByRole('alert').getByText('It is not there').waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
  const made = await world.api('POST', '/tokens',
    { name: 'reader', grants: [{ role: 'viewer', namespaces: 'all' }] });
  const reader = await opened('/generated-policies?namespace=shop', String(made.body['text']));
  await reader.page.getByText('You need the role analyst').waitFor();
  await reader.close();
});
