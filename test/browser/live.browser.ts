import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { anAlert } from '../../collector/testing/alerts.ts';
import { callApi } from '../../collector/testing/api-client.ts';
import { breakIn, everyday, hostileAlert } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import type { Look } from './browser.ts';
import { hostile } from './hostile.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let browser: Browser;

beforeAll(async () => {
  world = await startWorld();
  browser = await launch();
  await world.agent.alerts(everyday(60));
  await world.agent.alerts([hostileAlert(), breakIn()]);
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

const row = (page: Page, text: string) => page.getByRole('row').filter({ hasText: text });
const fresh = (id: string, over: object = {}) => anAlert({
  id,
  namespace: 'fresh',
  pod: `pod-${id}`,
  podUid: `uid-${id}`,
  reason: { en: `something new: ${id}`, zh: `新行为：${id}` },
  ...over,
});

test.each(LOOKS)('the list is readable and accessible: %o', async (look) => {
  const opened = await openPage(browser, world.collector.addresses.api, look);
  await signIn(opened, world.collector);
  await opened.page.getByRole('row').nth(5).waitFor();
  await opened.shot('live');
  expect(await seriousProblems(opened)).toEqual([]);
  expect(await overflow(opened)).toBe(0);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('an alert appears without a reload, and its revisions fold in place', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector);
  await opened.page.getByRole('row').nth(5).waitFor();
  await world.agent.alerts([fresh('f1')]);
  await row(opened.page, 'something new: f1').waitFor();
  await world.agent.alerts([fresh('f2'), fresh('f1', { revision: 2, count: 777 })]);
  await row(opened.page, 'f1').filter({ hasText: '×777' }).waitFor();
  expect(await row(opened.page, 'something new: f1').count()).toBe(1);
  const order = await opened.page.getByRole('row').allInnerTexts();
  const at = (id: string): number => order.findIndex((text) => text.includes(`new: ${id}`));
  expect(at('f2')).toBeLessThan(at('f1'));
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('filters stand in the address and hold for what arrives', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, '/live?severity=critical');
  const { page } = opened;
  await row(page, 'gunicorn started').waitFor();
  expect(await page.getByRole('row').filter({ hasText: 'Medium' }).count()).toBe(0);
  await page.getByLabel('Severity', { exact: true }).selectOption('');
  await page.getByLabel('Text').fill('only-this');
  await page.getByText('No alert matches these filters').waitFor();
  await world.agent.alerts([fresh('no'), fresh('only-this')]);
  await row(page, 'only-this').waitFor();
  expect(await page.getByRole('row').count()).toBe(2);
  expect(new URL(page.url()).search).toBe('?q=only-this');
  await page.reload();
  await row(page, 'only-this').waitFor();
  await page.getByRole('button', { name: 'Clear filters' }).click();
  await row(page, 'gunicorn started').waitFor();
  await opened.close();
});

test('pausing and scrolling away hold the list still and count what came', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector);
  const { page } = opened;
  await page.getByRole('row').nth(5).waitFor();
  await page.getByRole('button', { name: 'Pause' }).click();
  await world.agent.alerts([fresh('p1'), fresh('p2')]);
  await page.getByRole('button', { name: 'Show 2 new alerts' }).waitFor();
  expect(await row(page, 'new: p1').count()).toBe(0);
  await page.keyboard.press('p');
  await row(page, 'new: p2').waitFor();
  await page.getByRole('grid').evaluate((grid) => grid.scrollTo({ top: 600 }));
  await page.waitForFunction(() => document.querySelector('[role=grid]')?.scrollTop === 600);
  await world.agent.alerts([fresh('p3')]);
  await page.getByRole('button', { name: 'Show 1 new alert' }).click();
  await row(page, 'new: p3').waitFor();
  await opened.close();
});

test('keys walk, open, search and acknowledge', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, '/live?q=bash+started');
  const { page } = opened;
  await row(page, 'gunicorn started').waitFor();
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.locator('[role=row][aria-selected=true]').filter({ hasText: 'gunicorn' }).waitFor();
  await page.keyboard.press('a');
  await page.getByText('Acknowledged (token:bootstrap)').first().waitFor();
  const found = await callApi(world.collector, 'GET', '/api/v1/alerts/break-in');
  const incidentId = String(found.body['incidentId']);
  const detail = await callApi(world.collector, 'GET', `/api/v1/incidents/${incidentId}`);
  expect(detail.body['work']).toMatchObject({ acknowledged: { by: 'token:bootstrap' } });
  await page.keyboard.press('?');
  await page.getByRole('dialog', { name: 'Keys' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('/');
  await page.keyboard.press('Control+a');
  await page.keyboard.type('jka');
  await page.waitForURL(/q=jka/);
  await page.keyboard.press('Control+a');
  await page.keyboard.type('bash started');
  await row(page, 'gunicorn started').waitFor();
  await page.locator('h1').click();
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/incidents/${incidentId}*`);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('hostile text stays text, on the page and in the export', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, '/live?q=HYPERLINK');
  const { page } = opened;
  await row(page, '=HYPERLINK').waitFor();
  await row(page, '<img src=x').waitFor();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export as CSV' }).click();
  const csv = readFileSync(await (await download).path(), 'utf8');
  expect(csv.split('\r\n').length).toBe(3);
  expect(csv).toContain(`"'=HYPERLINK(""http://evil.example""`);
  expect(csv).not.toContain('\u202e');
  expect(await page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
  expect(await page.locator('[role=grid] img, [role=grid] script').count()).toBe(0);
  expect(await page.evaluate(() => document.body.innerHTML.includes('\u202e'))).toBe(false);
  expect(await row(page, hostile.markup.slice(0, 20)).evaluate((element) => element.clientHeight))
    .toBeLessThan(40);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

/** Between browser and collector, so that a connection can be cut without the page's doing. */
class Cable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async to(port: number): Promise<Cable> {
    const server = createServer();
    const cable = new Cable(server);
    server.on('connection', (near) => {
      if (cable.#isCut) return void near.destroy();
      const far = connect(port, '127.0.0.1');
      for (const [one, other] of [[near, far], [far, near]] as const) {
        cable.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          cable.#sockets.delete(one);
          other.destroy();
        });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return cable;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  mend(): void {
    this.#isCut = false;
  }

  close(): void {
    this.cut();
    this.#server.close();
  }
}

test('a cut connection says so, and goes on without a gap or a double', async () => {
  const cable = await Cable.to(Number(new URL(world.collector.addresses.api).port));
  const opened = await openPage(browser, `http://127.0.0.1:${cable.port}`);
  await signIn(opened, world.collector, '/live?namespace=cable');
  const { page } = opened;
  await page.getByText('No alert matches these filters').waitFor();
  const send = (from: number, to: number) => world.agent.alerts(
    Array.from({ length: to - from }, (_, index) =>
      fresh(`c${from + index}-end`, { namespace: 'cable' })));
  const shown = page.getByRole('status').filter({ hasText: /alert/ });
  await send(0, 5);
  await row(page, 'new: c4-end').waitFor();
  for (const round of [1, 2, 3]) {
    cable.cut();
    await page.getByText(/No connection for/).filter({ visible: true }).waitFor();
    await send(round * 5, round * 5 + 5);
    cable.mend();
    await row(page, `new: c${round * 5 + 4}-end`).waitFor();
    await shown.filter({ hasText: `${round * 5 + 5} alerts` }).waitFor();
  }
  const texts = await page.getByRole('row').allInnerTexts();
  const seen = texts.flatMap((text) => /new: (c\d+)-end/.exec(text)?.[1] ?? []);
  expect(seen.toSorted()).toEqual(Array.from({ length: 20 }, (_, n) => `c${n}`).toSorted());
  expect(opened.violations()).toEqual([]);
  await opened.close();
  cable.close();
});

/** Half of the machine's time goes into storing them; the page shares the other half. */
const RATE = 500;
const SECONDS = 20;

test(`${RATE} alerts a second for ${SECONDS} s do not freeze the page`, async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector);
  const { page } = opened;
  await page.getByRole('row').nth(5).waitFor();
  await page.evaluate(() => {
    const frames: number[] = [];
    Object.assign(window, { frames });
    let last = performance.now();
    const tick = (): void => {
      const now = performance.now();
      frames.push(now - last);
      last = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  });
  const devtools = await opened.context.newCDPSession(page);
  await devtools.send('Performance.enable');
  const busy = async (): Promise<number> =>
    (await devtools.send('Performance.getMetrics')).metrics
      .find(({ name }) => name === 'TaskDuration')?.value ?? 0;
  const busyBefore = await busy();
  const startMs = performance.now();
  const underWay: Promise<void>[] = [];
  let sent = 0;
  while (sent < RATE * SECONDS) {
    const dueMs = startMs + (sent / RATE) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
    const first = sent;
    underWay.push(world.agent.alerts(Array.from({ length: 50 }, (_, index) =>
      fresh(`s${first + index}`, {
        namespace: 'storm',
        pod: `storm-${index % 10}`,
        podUid: `uid-storm-${index % 10}`,
      }))));
    // As many as an agent has in flight.
    if (underWay.length > 8) await underWay.shift();
    sent += 50;
  }
  await Promise.all(underWay);
  await row(page, `new: s${sent - 1}`).waitFor({ timeout: 60_000 });
  const seconds = (performance.now() - startMs) / 1_000;
  const busySeconds = await busy() - busyBefore;
  const frames = await page.evaluate(() => (window as unknown as { frames: number[] }).frames);
  const sorted = frames.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  process.stdout.write(`${sent} alerts in ${seconds.toFixed(1)} s: ${frames.length} frames, ` +
    `p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms; the page was busy ` +
    `${busySeconds.toFixed(1)} s\n`);
  await opened.shot('live-storm');
  // The one that stands for "it hangs": a whole second without a frame in one of twenty.
  expect(at(0.95)).toBeLessThan(1_000);
  // It still listens.
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Go on' }).waitFor();
  await page.getByText(/The list is full|older ones left out/).first().waitFor();
  expect(opened.violations()).toEqual([]);
  await opened.close();
});
