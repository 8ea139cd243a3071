import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { anIncident } from '../testing/records.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';
import { PAUSED_SETTING } from './pause.ts';

let rig: RespondRig;
const target = webPod('web-1');
const pause = () => rig.responder.setPaused(true, { by: 'eve', why: 'not now' });

beforeEach(async () => {
  rig = await RespondRig.start();
  rig.cluster.addPod('web-1');
});

afterEach(() => rig.stop());

test('while paused nothing is approved, across restarts and without a cluster', async () => {
  const id = await rig.propose('kill', { target });
  await rig.restart({ kube: undefined });
  expect(await pause()).toBe(true);
  await rig.restart();
  expect(await rig.responder.pauseState()).toMatchObject({
    isPaused: true,
    by: 'eve',
    why: 'not now',
  });
  expect(await rig.responder.approve(id, 'bob')).toEqual({ ok: false, reason: 'paused' });
  expect(rig.cluster.changes).toEqual([]);
  expect(await rig.responder.setPaused(false, { by: 'eve', why: 'go on' })).toBe(true);
  await rig.responder.approve(id, 'bob');
  expect((await rig.finished(id)).state).toBe('verified');
  const audit = await rig.audit();
  expect(audit.filter((line) => /pause|resume|refused/.test(line))).toEqual([
    'response.pause eve',
    'response.refused bob',
    'response.resume eve',
  ]);
});

test('what was approved and had not begun is given up, not kept for later', async () => {
  await rig.restart({ mayExecute: () => false });
  const id = await rig.approved('kill', { target });
  await pause();
  await rig.restart();
  expect(await rig.finished(id)).toMatchObject({ state: 'not-executed', reason: 'paused' });
  await rig.responder.setPaused(false, { by: 'eve', why: '' });
  rig.responder.wake();
  rig.clock.advance(60_000);
  expect(rig.cluster.changes).toEqual([]);
});

test('what waits for its next attempt makes none, and is only looked at', async () => {
  rig.cluster.failNext('unavailable', /^delete/, 1, 5_000);
  const id = await rig.approved('kill', { target });
  await vi.waitUntil(async () => (await rig.state(id)) === 'approved unavailable');
  await pause();
  expect(await rig.finished(id, 5_000)).toMatchObject({
    state: 'not-executed',
    reason: 'paused',
    detail: 'responses were paused while it was under way: the pod is there',
  });
  expect(rig.cluster.changes).toEqual([]);
});

test('an effect that is there in spite of a lost answer is told as what it is', async () => {
  rig.cluster.failNext('unavailable', /^delete/, 1, 5_000);
  const id = await rig.approved('kill', { target });
  await vi.waitUntil(async () => (await rig.state(id)) === 'approved unavailable');
  rig.cluster.pods.clear();
  await pause();
  expect(await rig.finished(id, 5_000)).toMatchObject({
    state: 'verified',
    detail: 'the pod is gone',
  });
});

test('the ways back stay open', async () => {
  await rig.execute('isolate', { target });
  await pause();
  expect((await rig.execute('release', { target })).state).toBe('verified');
});

test('the policy goes on proposing, and does not act', async () => {
  rig.setPolicy('rules: [{ name: r, match: {}, mode: act, action: kill }]');
  await pause();
  const alert = anAlert({ pod: 'web-1', podUid: 'uid-web-1' });
  await rig.responder.consider(anIncident(), alert);
  const [row] = await rig.store.listResponses({}, { limit: 1 });
  expect(row?.response.state).toBe('proposed');
});

test('a setting that nobody can read is a pressed button', async () => {
  const audit = { atMs: 1, actor: 'x', action: 'x', subject: 'x', detail: {} };
  for (const value of [null, 7, 'no', { isPaused: 'no' }]) {
    const revision = (await rig.store.readSetting(PAUSED_SETTING))?.revision ?? 0;
    await rig.store.writeSetting(PAUSED_SETTING, value, revision, audit);
    expect((await rig.responder.pauseState()).isPaused).toBe(true);
  }
});
