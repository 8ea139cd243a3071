import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { everyday, breakIn } from './attacks.ts';
import { launch, openPage, overflow, seriousProblems, signIn } from './browser.ts';
import type { Look } from './browser.ts';
import { FLOWS_MS, LAYER, NEW, NEW_KEY, NODE_IP } from './network-data.ts';
import { startPagesWorld } from './pages-world.ts';
import type { PagesWorld } from './pages-world.ts';
import { profileId } from '../../collector/profiles/profile-id.ts';

/** Every page over the same fleet, at both widths, in both languages and both appearances. */
let world: PagesWorld;
let browser: Browser;

const target = { namespace: 'shop', pod: 'web-7d9f8b6c5-x2kqp', podUid: 'uid-web' };

beforeAll(async () => {
  world = await startPagesWorld();
  await world.agent.alerts([...everyday(24), breakIn()]);
  for (const action of ['freeze', 'isolate']) {
    await world.api('POST', '/responses', { action, target, why: 'a shell in the shop' });
  }
  await world.api('POST', '/suppressions', {
    match: { namespace: 'platform', workload: 'ingress' },
    owner: 'platform team',
    reason: 'the spool of the ingress is known, PLAT-1182',
  });
  await world.api('POST', '/maintenance-windows', {
    label: 'db-upgrade-11.2',
    scope: { namespace: 'payments' },
    fromTime: new Date().toISOString(),
    toTime: new Date(Date.now() + 7_200_000).toISOString(),
    owner: 'dba',
    reason: 'upgrade of the ledger',
  });
  await world.api('POST', '/tokens', {
    name: 'ci', grants: [{ role: 'viewer', namespaces: ['shop', 'payments'] }], expiresDays: 30,
  });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Two dozen pages one after the other, on a machine that does something else as well. */
const ALL_PAGES_MS = 600_000;

const LOOKS: readonly Look[] = [
  { width: 1280, theme: 'light', language: 'en' },
  { width: 1280, theme: 'dark', language: 'zh' },
  { width: 390, theme: 'light', language: 'zh' },
  { width: 390, theme: 'dark', language: 'en' },
];

const PROFILE = `/images/${profileId(NEW_KEY)}`;

/** Where it is, and a text that is there once the page has its data. */
const PAGES: readonly (readonly [name: string, path: string, shows: RegExp])[] = [
  ['images', '/images', /shop\/cart:2\.10\.0/],
  ['profile', PROFILE, /99\.2 %/],
  ['behaviours', `${PROFILE}?tab=behaviours`, /opentelemetry-agent/],
  ['versions', `${PROFILE}?tab=versions`, /10\.96\.9\.99/],
  ['decisions', `${PROFILE}?tab=decisions`, /Nothing has been decided|没有人工决定/],
  ['who', `/egress?nodeIp=${NODE_IP}&dst=203.0.113.9:443&window=600&at=${
    new Date(FLOWS_MS + 41_000).toISOString()}`, /shop\/cart-7d9f8b6c5/],
  ['destinations', '/egress?tab=destinations', /198\.51\.100\.1$/],
  ['flows', '/egress?tab=flows', /10\.96\.4\.17:8080/],
  ['plaintext', '/egress?tab=plaintext', /http-alt/],
  ['blast', `/blast-radius?value=${NEW.repository}`, /shop\/web/],
  ['blast-images', `/blast-radius?kind=layer&value=${LAYER}&list=images`, /:2\.10\.0/],
  ['generated', '/generated-policies?namespace=shop&incomplete=1', /kind: NetworkPolicy/],
  ['denied', '/generated-policies?namespace=shop&incomplete=1&tab=denied', /203\.0\.113\.9:443/],
  ['responses', '/responses', /a shell in the shop/],
  ['fleet', '/fleet', /node-10/],
  ['policy', '/policy', /freeze-critical-in-shop/],
  ['rules', '/rules', /PLAT-1182/],
  ['new-rule', '/rules?new=1&namespace=shop&workload=cart', /May hide what|允许隐藏/],
  ['windows', '/rules?tab=windows', /db-upgrade-11\.2/],
  ['budget', '/rules?tab=budget', /shop\/web/],
  ['outputs', '/outputs', /soc-siem/],
  ['audit', '/audit', /maintenance/],
  ['access', '/access', /token:/],
];

test.each(LOOKS)('each page shows the fleet, and nothing is wrong with it: %o', async (look) => {
  const opened = await openPage(browser, world.collector.addresses.api, look);
  await signIn(opened, world.collector);
  const wrong: string[] = [];
  for (const [name, path, shows] of PAGES) {
    await opened.page.goto(path);
    const text = opened.page.getByText(shows).filter({ visible: true }).first();
    const isThere = await text.waitFor().then(() => true, () => false);
    await opened.shot(`page-${name}`);
    if (!isThere) wrong.push(`${name}: ${shows.source} is not there`);
    wrong.push(...(await seriousProblems(opened)).map((problem) => `${name}: ${problem}`));
    const sideways = await overflow(opened);
    if (sideways > 0) wrong.push(`${name}: sticks out by ${sideways} px`);
  }
  expect(wrong).toEqual([]);
  expect(opened.violations()).toEqual([]);
  await opened.close();
}, ALL_PAGES_MS);
