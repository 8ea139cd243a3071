import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { launch, openPage, seriousProblems, signIn } from './browser.ts';
import type { TestPage } from './browser.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';

/** Four eyes, the stop button, and the way back, as two people at two desks do it. */
let world: PagesWorld;
let browser: Browser;
let approverToken: string;

beforeAll(async () => {
  world = await startPagesWorld();
  browser = await launch();
  const made = await world.api('POST', '/tokens',
    { name: 'bo', grants: [{ role: 'approver', namespaces: 'all' }] });
  approverToken = String(made.body['text']);
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

async function asSecond(path: string): Promise<TestPage> {
  const look = await openPage(browser, world.collector.addresses.api);
  await look.page.goto(path);
  await look.page.locator('input[type=password]').fill(approverToken);
  await look.page.locator('button[type=submit]').click();
  await look.page.getByRole('heading', { level: 1 }).waitFor();
  return look;
}

async function propose(action: string, pod: string): Promise<string> {
  world.kube.addPod('shop', pod, { uid: `uid-${pod}`, labels: { app: 'web' } });
  const target = { namespace: 'shop', pod, podUid: `uid-${pod}` };
  const reply = await world.api('POST', '/responses', { action, target, why: 'a shell' });
  expect(reply.status).toBe(201);
  return String(reply.body['id']);
}

const state = async (id: string): Promise<unknown> =>
  (await world.api('GET', `/responses/${id}`)).body['state'];

test('who proposed an isolation cannot approve it; somebody else can, and sees what it will do',
  async () => {
    const id = await propose('isolate', 'web-1');
    const first = await openPage(browser, world.collector.addresses.api);
    await signIn(first, world.collector, '/responses');
    const own = first.page.getByRole('button', { name: /^Approve: Isolate web-1/ });
    await own.waitFor();
    expect(await own.getAttribute('aria-disabled')).toBe('true');
    expect(await own.getAttribute('title')).toContain('Somebody else has to approve');
    await first.close();

    const second = await asSecond('/responses');
    const { page } = second;
    await page.getByRole('button', { name: /^Approve: Isolate web-1/ }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByText('deny the pod all traffic').waitFor();
    await second.shot('task-approve-response');
    expect(await seriousProblems(second)).toEqual([]);
    await dialog.getByRole('button', { name: 'Approve: Isolate web-1' }).click();
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => state(id), { timeout: 20_000 }).toBe('verified');
    await page.goto(`/responses/${id}`);
    await page.getByText('token:bo').waitFor();
    await page.getByRole('button', { name: 'Release web-1' }).waitFor();
    await second.shot('task-response');
    expect(second.violations()).toEqual([]);
    await second.close();
  });

test('a rejected proposal is not executed, and says so', async () => {
  const id = await propose('freeze', 'web-2');
  const look = await asSecond(`/responses/${id}`);
  const { page } = look;
  await page.getByRole('button', { name: 'Reject: Freeze web-2' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reject: Freeze web-2' }).click();
  await page.getByText('Rejected').first().waitFor();
  expect(await state(id)).toBe('rejected');
  await look.close();
});

test('trying a response asks the guardrails and changes nothing', async () => {
  const id = await propose('isolate', 'web-3');
  const look = await asSecond(`/responses/${id}`);
  await look.page.getByRole('button', { name: 'Try without acting' }).click();
  await look.page.getByRole('status').filter({ hasText: /guardrails/ }).waitFor();
  await look.shot('task-dry-run');
  expect(await state(id)).toBe('proposed');
  expect(look.violations()).toEqual([]);
  await look.close();
});

test('the stop button stops, says who pressed it and why, and bars approvals until it is released',
  async () => {
    await propose('label', 'web-4');
    const look = await asSecond('/responses');
    const { page } = look;
    const dialog = page.getByRole('dialog');
    await page.getByRole('button', { name: 'Stop all responses' }).click();
    await dialog.getByLabel(/^Why/).fill('a drill');
    await dialog.getByRole('button', { name: 'Stop all responses' }).click();
    await page.getByText('Responses are paused').first().waitFor();
    await page.getByText('a drill').waitFor();
    const approve = page.getByRole('button', { name: /^Approve: Label web-4/ });
    await expect.poll(() => approve.getAttribute('title')).toContain('Responses are paused');
    await look.shot('task-paused');
    expect(await seriousProblems(look)).toEqual([]);
    await page.getByRole('button', { name: 'Let responses run again' }).click();
    await dialog.getByLabel(/^Why/).fill('the drill is over');
    await dialog.getByRole('button', { name: 'Let responses run again' }).click();
    await page.getByText('Responses are on').waitFor();
    expect(look.violations()).toEqual([]);
    await look.close();
  });
