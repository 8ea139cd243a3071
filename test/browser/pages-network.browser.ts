import { readFile } from 'node:fs/promises';

import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launch, openPage, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { FLOWS_MS, NODE_IP } from './network-data.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** Who talked to whom, as an analyst asks it with a line of a firewall's log in the hand. */
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

const AT = new Date(FLOWS_MS + 41_000).toISOString();
const WHO = `/egress?nodeIp=${NODE_IP}&dst=203.0.113.9:443&at=${AT}`;

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

test('a log line typed in is answered with the pods behind it, and the answer has an address',
  async () => {
    const look = await opened('/egress');
    const { page } = look;
    await page.getByText('Nothing asked yet').waitFor();
    const when = await page.getByLabel(/^When/).inputValue();
    expect(Date.now() - Date.parse(`${when}+08:00`)).toBeGreaterThan(240_000);
    await page.getByLabel(/^Node’s address/).fill('10.0.3');
    await page.getByRole('button', { name: 'Find out' }).click();
    await page.getByRole('alert').getByText('one whole IP address').waitFor();
    await page.getByLabel(/^Node’s address/).fill(NODE_IP);
    await page.getByLabel(/^Destination/).fill('203.0.113.9:443');
    const local = new Date(FLOWS_MS + 41_000 + 8 * 3_600_000).toISOString().slice(0, 19);
    await page.getByLabel(/^When/).fill(local);
    await page.getByLabel('Source port').fill('51234');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Several candidates, the likeliest first' }).waitFor();
    const candidates = page.locator('article');
    expect(await candidates.first().getByRole('heading').innerText())
      .toBe('shop/cart-7d9f8b6c5-x2kqp');
    await candidates.first().getByText('Source port matches').waitFor();
    await candidates.nth(1).getByText('pay.example').waitFor();
    expect(new URL(page.url()).searchParams.get('at')).toBe(AT.replace(/\.\d+Z$/, '.000Z'));
    const address = page.url();
    expect(await seriousProblems(look)).toEqual([]);
    expect(look.violations()).toEqual([]);
    await look.close();
    const again = await opened(address.slice(world.collector.addresses.api.length));
    await again.page.getByText('Source port matches').waitFor();
    expect(await again.page.getByLabel('Source port').inputValue()).toBe('51234');
    await again.close();
  });

test('what it cannot know it says: a gap, an address of no node, nobody there', async () => {
  const look = await opened(`${WHO}&window=600`);
  const { page } = look;
  await page.getByText('Events or flows of this time were lost').waitFor();
  await page.getByRole('table', { name: 'Gaps in this time' })
    .getByText('Falco dropped events in the kernel').waitFor();
  await look.shot('task-who-gap');
  await page.goto(WHO.replace(NODE_IP, '10.9.9.9'));
  await page.getByText('No agent ever said that this is its node’s address').waitFor();
  await page.goto(WHO.replace('203.0.113.9', '203.0.113.10'));
  await page.getByRole('heading', { name: 'Nobody connected there from this node' }).waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('each candidate leads to the flows that say so', async () => {
  const look = await opened(WHO);
  const { page } = look;
  const nginx = page.locator('article').filter({ hasText: '/usr/sbin/nginx' });
  await nginx.getByRole('link', { name: '1 flow' }).click();
  await page.getByRole('tab', { name: 'Connections', selected: true }).waitFor();
  const rows = page.getByRole('table', { name: 'Connections' }).getByRole('row');
  await page.getByText('pay.example').waitFor();
  // Of that pod: nginx's, and those of the process that took another name.
  expect(await rows.count()).toBe(3);
  await page.getByText('\\u{202e}').first().waitFor();
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('hundreds of connections are paged and filtered; only those in sight are in the document',
  async () => {
    const look = await opened('/egress?tab=flows');
    const { page } = look;
    const table = page.getByRole('table', { name: 'Connections' });
    await table.getByRole('row').nth(5).waitFor();
    expect(await table.getByRole('row').count()).toBeLessThan(60);
    await page.getByText('The newest 100 flows').waitFor();
    await table.focus();
    await page.keyboard.press('End');
    await page.getByRole('button', { name: 'Show older connections' }).click();
    await page.getByText('The newest 200 flows').waitFor();
    await page.getByLabel('Other end').fill('198.51.100.8');
    await page.getByText('1 flow', { exact: true }).waitFor();
    await page.getByLabel('Other end').fill('198.51.100.');
    await page.getByText(/^The newest \d+ flows$/).waitFor();
    expect(new URL(page.url()).searchParams.get('address')).toBe('198.51.100.');
    expect(look.violations()).toEqual([]);
    await look.close();
  });

test('destinations are searched, narrowed to what is new, and saved as what is shown', async () => {
  const look = await opened('/egress?tab=destinations&namespace=shop');
  const { page } = look;
  await page.getByText('303 destinations').waitFor();
  await page.getByLabel('Without networks').fill('198.51.0.0/16, 10.96.0.0/12');
  await page.getByText('2 destinations').waitFor();
  await page.getByLabel('Without networks').fill('10.96.0.0/12');
  await page.getByText('302 destinations').waitFor();
  await page.getByLabel('New since').selectOption('1');
  await page.getByLabel('Address or name').fill('HYPERLINK');
  await page.getByText('1 destination', { exact: true }).waitFor();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Export what is shown as CSV' }).click(),
  ]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\r\n');
  expect(lines).toHaveLength(2);
  expect(lines[1]).toContain(`"198.51.100.8",8443,"tcp","'=HYPERLINK(""http`);
  expect(await seriousProblems(look)).toEqual([]);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('what goes in plain text is named with its port, and what a port cannot say', async () => {
  const look = await opened('/egress?tab=plaintext');
  const { page } = look;
  await page.getByText('It goes by the port alone').waitFor();
  const row = page.getByRole('table', { name: 'Unencrypted' }).getByRole('row')
    .filter({ hasText: 'http-alt' });
  await row.getByText('shop/cart', { exact: true }).waitFor();
  await row.getByText('8080/tcp').waitFor();
  await page.getByLabel('Only what crosses nodes or the border').check();
  await page.getByText('No connection to such a port is known').waitFor();
  expect(new URL(page.url()).searchParams.get('crossing')).toBe('1');
  expect(await seriousProblems(look)).toEqual([]);
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('who sees one namespace is told why the question is not for them', async () => {
  const made = await world.api('POST', '/tokens',
    { name: 'shop-reader', grants: [{ role: 'viewer', namespaces: ['shop'] }] });
  const look = await opened(WHO, String(made.body['text']));
  const { page } = look;
  await page.getByText('an answer that left somebody out would accuse the others').waitFor();
  await page.getByRole('tab', { name: 'Destinations' }).click();
  await page.getByText('303 destinations').waitFor();
  expect(await page.getByRole('link', { name: 'Generated policies' }).count()).toBe(0);
  expect(look.violations()).toEqual([]);
  await look.close();
});
