import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { realVersions } from '../../agent/contain/testing/real-node.ts';
import type { EvidenceDocument } from '../../agent/contain/evidence-document.ts';
import { itemsOf } from '../../collector/testing/api-client.ts';
import { Site, ticksOf } from './site.ts';
import type { SitePod } from './site.ts';

/** The way of a response from end to end, with what `lannerctl` calls. */
const POLICY = `
rules:
  - { name: freeze, match: { severityMin: critical }, mode: act, action: freeze,
      fallback: [isolate], evidence: required, watchSeconds: 60 }
`;
/** Some ticks of a process that runs; a frozen one has none in any time. */
const STILL_MS = 200;
const TEST_MS = 60_000;

const usable = realVersions.toReversed().find(({ reason }) => reason === '');

describe.skipIf(usable === undefined)('a response', () => {
  let site: Site;
  beforeAll(async () => {
    if (usable !== undefined) site = await Site.start(usable, POLICY);
  }, TEST_MS);
  afterAll(async () => site.stop(), TEST_MS);

  const expectStill = async (pod: SitePod): Promise<void> => {
    expect(site.isFrozen(pod)).toBe(true);
    const ticks = ticksOf(pod);
    await wait(STILL_MS);
    expect(ticksOf(pod)).toBe(ticks);
  };
  const expectRunning = async (pod: SitePod): Promise<void> => {
    expect(site.isFrozen(pod)).toBe(false);
    const ticks = ticksOf(pod);
    await vi.waitUntil(() => ticksOf(pod) > ticks, { timeout: 20_000 });
  };

  test('an intruder’s process stands still, with evidence kept, until people let it run',
    async () => {
      const pod = await site.run('web');
      await expectRunning(pod);
      site.attack(pod);
      const frozen = await site.response(pod, 'freeze', ['verifying']);
      await expectStill(pod);
      expect(frozen).toMatchObject({ rule: 'freeze', approvals: ['policy:freeze'] });

      const at = `/api/v1/responses/${frozen.id}`;
      const kept = itemsOf(await site.call('GET', `${at}/evidence`)).map(({ name }) => name);
      expect(kept).toEqual(expect.arrayContaining(['agent.json.gz', 'manifest.json']));
      const manifest = await site.call('GET', `${at}/evidence/manifest.json`);
      expect(JSON.parse(manifest.text)).toMatchObject({ metadata: { uid: pod.podUid } });
      const seen = await agentEvidence(`${at}/evidence/agent.json.gz`);
      expect(seen).toMatchObject({
        containers: [{ id: pod.containerId }],
        processes: [{ pid: pod.pid, containerId: pod.containerId }],
      });
      expect(JSON.stringify(seen)).toContain('memfd:x');

      const undone = await site.call('POST', `${at}/undo`, { why: 'it was a test' });
      expect(undone.status).toBe(201);
      expect(undone.body).toMatchObject({ action: 'thaw', state: 'proposed' });
      expect(site.isFrozen(pod)).toBe(true);
      const path = `/api/v1/responses/${String(undone.body['id'])}/approve`;
      expect((await site.call('POST', path, {})).status).toBe(200);
      await site.response(pod, 'thaw', ['verified']);
      await site.response(pod, 'freeze', ['reversed']);
      await expectRunning(pod);
    }, TEST_MS);

  test('a pod that is thawed behind our back is told, and the next action of the policy follows',
    async () => {
      const pod = await site.run('api');
      site.attack(pod);
      await site.response(pod, 'freeze', ['verifying']);
      // From here on the agent looks; before, nobody promised anything.
      await site.commanded(pod, 'watch');
      site.thawBehindOurBack(pod);
      const failed = await site.response(pod, 'freeze', ['not-effective']);
      expect(failed.detail).toContain(pod.containerId);
      await site.response(pod, 'isolate', ['verifying', 'verified']);
      expect(site.api.policies.size).toBe(1);
      const alerts = itemsOf(await site.call('GET', '/api/v1/alerts?limit=50'));
      expect(JSON.stringify(alerts)).toContain(`${failed.id}.not-effective`);
    }, TEST_MS);

  test('while responses are paused nothing begins, and afterwards people decide', async () => {
    const pause = (isPaused: boolean) =>
      site.call('POST', '/api/v1/response-control', { isPaused, why: 'a change' });
    expect((await pause(true)).body).toMatchObject({ isPaused: true });
    const pod = await site.run('cart');
    site.attack(pod);
    const held = await site.response(pod, 'freeze', ['proposed']);
    const approve = () => site.call('POST', `/api/v1/responses/${held.id}/approve`, {});
    expect(await approve()).toMatchObject({ status: 409 });
    await expectRunning(pod);
    expect((await pause(false)).body).toMatchObject({ isPaused: false });
    expect(await approve()).toMatchObject({ status: 200 });
    await site.response(pod, 'freeze', ['verifying']);
    await expectStill(pod);
    expect((await site.call('GET', '/api/v1/audit/verify')).body).toMatchObject({ ok: true });
  }, TEST_MS);

  async function agentEvidence(path: string): Promise<EvidenceDocument> {
    const bytes = await site.bytes(path);
    return JSON.parse(gunzipSync(bytes).toString()) as EvidenceDocument;
  }
});
