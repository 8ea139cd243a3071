import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { callApi, itemsOf } from '../../collector/testing/api-client.ts';
import { WEB_IMAGE, WEB_KEY, breakIn, everyday, hostileAlert } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import type { Look } from './browser.ts';
import { hostile } from './hostile.ts';
import { startWorld } from './world.ts';
import type { World } from './world.ts';

let world: World;
let browser: Browser;
let breakInId: string;
let hostileId: string;

const incidentOf = async (alertId: string): Promise<string> => {
  for (;;) {
    const { body } = await callApi(world.collector, 'GET', `/api/v1/alerts/${alertId}`);
    if (typeof body['incidentId'] === 'string' && body['incidentId'] !== '') {
      return body['incidentId'];
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
};

beforeAll(async () => {
  world = await startWorld();
  browser = await launch();
  world.kube.addPod('shop', 'web-7d9f8b6c5-x2kqp', { uid: 'uid-web' });
  world.agent.evidence({
    image: WEB_IMAGE,
    key: WEB_KEY,
    pods: ['web-1', 'web-2', 'web-3'],
    commands: ['gunicorn --workers 4', 'nginx -g daemon'],
    addresses: ['10.96.0.81'],
  });
  await world.agent.alerts(everyday(6));
  await world.agent.alerts([hostileAlert(), breakIn()]);
  await world.agent.alerts([breakIn({ suffix: '-2', revision: 1 })]);
  breakInId = await incidentOf('break-in');
  hostileId = await incidentOf('hostile-1');
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

const PAGES = [
  ['incidents', () => '/incidents?state=all'],
  ['incident', () => `/incidents/${breakInId}`],
  ['incident-hostile', () => `/incidents/${hostileId}`],
  ['alert', () => '/alerts/break-in'],
] as const;

test.each(PAGES.flatMap(([name, path]) => LOOKS.map((look) => [name, path, look] as const)))(
  '%s is readable and accessible: %o',
  async (name, path, look) => {
    const opened = await openPage(browser, world.collector.addresses.api, look);
    await signIn(opened, world.collector, path());
    await opened.page.locator('h1').waitFor();
    await opened.page.waitForFunction(() => document.querySelector('[data-loading]') === null);
    await opened.shot(name);
    expect(await seriousProblems(opened)).toEqual([]);
    expect(await overflow(opened)).toBe(0);
    expect(await opened.page.evaluate(() => (window as { pwned?: number }).pwned)).toBeUndefined();
    expect(opened.violations()).toEqual([]);
    await opened.close();
  },
);

const panel = (page: Page, title: string) =>
  page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) });

test('what happened stands in order, with the processes as a tree that keys walk', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, `/incidents/${breakInId}?alert=break-in`);
  const { page } = opened;
  await panel(page, 'What happened').getByText('curl connected').waitFor();
  const events = await panel(page, 'What happened').getByRole('listitem').allInnerTexts();
  const at = (text: string): number => events.findIndex((event) => event.includes(text));
  expect(at('gunicorn started')).toBeGreaterThanOrEqual(0);
  expect(at('curl connected')).toBeGreaterThan(at('gunicorn started'));
  expect(at('bash started /tmp/.x')).toBeGreaterThan(at('curl connected'));
  const tree = page.getByRole('tree', { name: 'Process tree' });
  await tree.getByRole('treeitem').first().focus();
  const items = await tree.getByRole('treeitem').count();
  expect(items).toBeGreaterThanOrEqual(4);
  await page.keyboard.press('ArrowLeft');
  expect(await tree.getByRole('treeitem').count()).toBeLessThan(items);
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('End');
  await tree.locator('[role=treeitem][aria-selected=true]').filter({ hasText: '/tmp/.x' }).waitFor();
  await panel(page, 'ATT&CK techniques').getByText('Ingress Tool Transfer').waitFor();
  expect(await panel(page, 'ATT&CK techniques').getByRole('link').count()).toBe(0);
  await panel(page, 'Score').getByRole('meter', { name: 'Programs' }).waitFor();
  await opened.close();
});

test('acknowledge, assign, comment and close with a verdict, each stored under one’s name',
  async () => {
    const opened = await openPage(browser, world.collector.addresses.api);
    await signIn(opened, world.collector, `/incidents/${breakInId}`);
    const { page } = opened;
    await page.getByRole('button', { name: 'Acknowledge' }).click();
    await page.getByText('Acknowledged by token:bootstrap').first().waitFor();
    await page.getByRole('button', { name: 'Assign to me' }).click();
    await page.getByText('Assigned to token:bootstrap').waitFor();
    await page.getByPlaceholder('New comment').fill(`looked at it\n${hostile.bidi}`);
    await page.getByRole('button', { name: 'Comment' }).click();
    await panel(page, 'Comments').getByText('looked at it').waitFor();
    await panel(page, 'Comments').getByText('\\u{202e}').first().waitFor();
    await page.getByRole('button', { name: 'Close…' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('Verdict').selectOption('malicious');
    await dialog.getByLabel(/^Why|^Reason/).fill('a miner');
    expect(await seriousProblems(opened)).toEqual([]);
    await dialog.getByRole('button', { name: 'Close the incident' }).click();
    await page.getByText('Closed: Malicious').waitFor();
    const { body } = await callApi(world.collector, 'GET', `/api/v1/incidents/${breakInId}`);
    expect(body['work']).toMatchObject({
      assignee: 'token:bootstrap',
      closed: { verdict: 'malicious', why: 'a miner' },
    });
    await page.getByRole('button', { name: 'Reopen…' }).click();
    await dialog.getByLabel(/^Why|^Reason/).fill('too early');
    await dialog.getByRole('button', { name: 'Reopen the incident' }).click();
    await page.getByRole('button', { name: 'Close…' }).waitFor();
    expect(opened.violations()).toEqual([]);
    await opened.close();
  });

test('a behaviour is taught as normal with a reason, and taken back', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, `/incidents/${breakInId}?alert=break-in`);
  const { page } = opened;
  const behaviours = panel(page, 'Behaviour against its profile');
  await behaviours.getByRole('button', { name: 'This is normal…' }).nth(1).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('connect 203.0.113.66:8080/tcp by curl').waitFor();
  await dialog.getByLabel('Where it holds').selectOption('lineage');
  await dialog.getByLabel(/^Why|^Reason/).fill('the new mirror');
  await dialog.getByRole('button', { name: 'Teach this as normal' }).click();
  await behaviours.getByText('Taught as normal by token:bootstrap').waitFor();
  const decided = await callApi(world.collector, 'GET', '/api/v1/decisions');
  expect(itemsOf(decided)).toMatchObject([{ kind: 'accept', scope: 'lineage', why: 'the new mirror' }]);
  await behaviours.getByRole('button', { name: 'Take back…' }).click();
  await dialog.getByLabel(/^Why|^Reason/).fill('it was not');
  await dialog.getByRole('button', { name: 'Take the decision back' }).click();
  await behaviours.getByText('Taught as normal by').waitFor({ state: 'detached' });
  expect(itemsOf(await callApi(world.collector, 'GET', '/api/v1/decisions'))).toEqual([]);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('a response shows what it will touch before it is proposed', async () => {
  const opened = await openPage(browser, world.collector.addresses.api);
  await signIn(opened, world.collector, `/incidents/${breakInId}?alert=break-in`);
  const { page } = opened;
  await panel(page, 'Respond').getByRole('button', { name: 'Delete pod…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('delete the pod of that uid').waitFor();
  await dialog.getByText('there is no way back').waitFor();
  await dialog.getByText('uid-web', { exact: true }).waitFor();
  await dialog.getByText(/dry run|would not be done/i).waitFor();
  await opened.shot('propose');
  expect(await seriousProblems(opened)).toEqual([]);
  expect(itemsOf(await callApi(world.collector, 'GET', '/api/v1/responses'))).toEqual([]);
  expect([...world.kube.pods.values()].map(({ metadata }) => metadata.uid)).toContain('uid-web');
  await dialog.getByLabel(/^Why|^Reason/).fill('a miner');
  await dialog.getByRole('button', { name: 'Propose: Delete pod' }).click();
  await panel(page, 'Responses').getByText('Waiting for approval').waitFor();
  expect(itemsOf(await callApi(world.collector, 'GET', '/api/v1/responses')))
    .toMatchObject([{ action: 'kill', state: 'proposed', proposedBy: 'token:bootstrap' }]);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('the plan is in the reader’s language', async () => {
  const opened = await openPage(browser, world.collector.addresses.api, { language: 'zh' });
  await signIn(opened, world.collector, `/incidents/${breakInId}?alert=break-in`);
  await panel(opened.page, '处置').getByRole('button', { name: '网络隔离…' }).click();
  await opened.page.getByRole('dialog').getByText('阻断该 Pod 的全部网络流量').waitFor();
  await opened.shot('propose');
  await opened.close();
});

test('ten thousand characters are cut, and shown whole when asked for', async () => {
  const opened = await openPage(browser, world.collector.addresses.api, { width: 390 });
  await signIn(opened, world.collector, `/incidents/${hostileId}`);
  const { page } = opened;
  const more = page.getByRole('button', { name: /Show all [\d,]+ characters/ }).first();
  await more.waitFor();
  const height = (): Promise<number> =>
    page.locator('#content').evaluate((element) => element.scrollHeight);
  const before = await height();
  await more.click();
  expect(await height()).toBeGreaterThan(before);
  expect(await overflow(opened)).toBe(0);
  expect(await page.locator('#content a[href^="javascript"], #content a[href*="evil"]').count())
    .toBe(0);
  expect(await page.locator('#content script').count()).toBe(0);
  expect(opened.violations()).toEqual([]);
  await opened.close();
});

test('who may only look sees why the buttons do nothing', async () => {
  const made = await callApi(world.collector, 'POST', '/api/v1/tokens', {
    name: 'reader',
    grants: [{ role: 'viewer', namespaces: ['shop'] }],
  });
  expect(made.status).toBe(201);
  const opened = await openPage(browser, world.collector.addresses.api);
  const { page } = opened;
  await page.goto(`/incidents/${breakInId}`);
  await page.getByLabel('Access token or one-time code').fill(String(made.body['text']));
  await page.getByRole('button', { name: 'Sign in' }).click();
  const button = page.getByRole('button', { name: 'Assign…' });
  await button.waitFor();
  expect(await button.getAttribute('aria-disabled')).toBe('true');
  expect(await button.getAttribute('title')).toBe('Needs the role Analyst');
  await button.click({ force: true });
  expect(await page.getByRole('dialog').count()).toBe(0);
  expect(await seriousProblems(opened)).toEqual([]);
  await opened.close();
});
