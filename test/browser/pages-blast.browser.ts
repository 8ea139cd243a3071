import { readFile } from 'node:fs/promises';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { breakIn } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { LAYER, NEW } from './network-data.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** Something is bad: where does it run, where did it run, and what is not known about that. */
let world: PagesWorld;
let browser: Browser;

beforeAll(async () => {
  world = await startPagesWorld();
  await world.agent.alerts([breakIn()]);
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

async function opened(path: string, width: 1280 | 390 = 1280): Promise<TestPage> {
  const look = await openPage(browser, world.collector.addresses.api, { width });
  await signIn(look, world.collector, path);
  return look;
}

test('an image is asked for; what runs now, what ran, and what is not known are told', async () => {
  const look = await opened('/blast-radius');
  const { page } = look;
  await page.getByText('Nothing asked yet').waitFor();
  await page.getByRole('textbox', { name: /^Image/ }).fill(NEW.repository);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Runs now: 1 pod' }).waitFor();
  await page.getByText('do not report which images they run').waitFor();
  const workloads = page.getByRole('table', { name: 'Workloads' });
  await workloads.getByText('shop/web').first().waitFor();
  await workloads.getByText('Runs now').waitFor();
  expect(await seriousProblems(look)).toEqual([]);
  await page.getByRole('tab', { name: /^Images/ }).click();
  const images = page.getByRole('table', { name: 'Images' });
  await images.getByRole('row').filter({ hasText: '1.4.3' }).getByText('Runs now').waitFor();
  await images.getByRole('row').filter({ hasText: ':1.4.2' }).getByText('Not now').first()
    .waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export this list as CSV' }).click(),
  ]);
  expect(download.suggestedFilename()).toBe('blast-radius-images.csv');
  expect(await readFile(await download.path(), 'utf8'))
    .toContain(`"${NEW.repository}","1.4.3","${NEW.digest}","same-repository"`);
  await images.getByRole('link', { name: /:1\.4\.3$/ }).click();
  await page.waitForURL((url) =>
    url.searchParams.get('value') === `${NEW.repository}@${NEW.digest}`);
  await page.getByRole('tab', { name: /^Images/ }).click();
  await page.getByText('same digest').first().waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('a layer finds the images that share it; one that is no digest is not asked for', async () => {
  const look = await opened(`/blast-radius?kind=layer&value=${LAYER}&list=images`);
  const { page } = look;
  const images = page.getByRole('table', { name: 'Images' });
  await images.getByText('1 of 2 layers').waitFor();
  await images.getByText('1 of 1 layer', { exact: true }).waitFor();
  await page.getByRole('textbox', { name: /^Layer/ }).fill('sha256:abc');
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await page.getByRole('alert').getByText('That is not whole').waitFor();
  expect(new URL(page.url()).searchParams.get('value')).toBe(LAYER);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('an alert leads to what else it reaches, and back to itself', async () => {
  const look = await opened('/alerts/break-in');
  const { page } = look;
  await page.getByRole('link', { name: 'Images, workloads and nodes that this reaches' }).click();
  await page.getByRole('heading', { name: 'Does not run now; 1 pod ran in this time' })
    .or(page.getByRole('heading', { name: /^Runs now/ })).waitFor();
  await page.getByText('exec:exec /usr/bin/bash').waitFor();
  await page.getByRole('link', { name: 'break-in', exact: true }).click();
  await page.waitForURL('**/alerts/break-in');
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('names that an attacker chose stay text, on a phone, too', async () => {
  const look = await opened(`/blast-radius?kind=behaviour&value=${
    encodeURIComponent('exec:exec /usr/bin/nc as root ← nobody')}`, 390);
  const { page } = look;
  await page.getByText('Nobody saw it run in this time').first().waitFor();
  await page.goto(`/blast-radius?value=sha256:${'4'.repeat(64)}`);
  await page.getByRole('heading', { name: 'Runs now: 1 pod' }).waitFor();
  await page.getByText('\\u{202e}').first().waitFor();
  expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
  expect(await overflow(look)).toBe(0);
  // The answer and not the form is what a phone shows.
  const top = await page.getByRole('heading', { name: 'Runs now: 1 pod' }).boundingBox();
  expect(top?.y).toBeLessThan(300);
  expect(await seriousProblems(look)).toEqual([]);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('an image that nobody told of is not called safe', async () => {
  const look = await opened('/blast-radius?value=registry.bank.example/no/such');
  await look.page.getByText('No node, alert or build ever told of this image').waitFor();
  await look.page.goto('/blast-radius?kind=alert&value=no-such-alert');
  await look.page.getByRole('alert').getByText('It is not there').waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});
