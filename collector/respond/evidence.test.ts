import { createHash } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { agentDone } from '../testing/fleet-of-agents.ts';
import { RespondRig, webPod } from '../testing/respond-rig.ts';
import { EVIDENCE_MS } from './evidence.ts';
import { withoutEnvironment } from './manifest.ts';

let rig: RespondRig;
const target = webPod('web-1');

beforeEach(async () => {
  rig = await RespondRig.start();
  rig.cluster.addPod('web-1', {
    containers: [
      { name: 'init', kind: 'init', restarts: 0 },
      { name: 'main', kind: 'container', restarts: 2 },
    ],
  });
  rig.cluster.logs.set('web-1/main', 'the last lines');
  rig.cluster.logs.set('web-1/main/previous', 'the lines before');
});

afterEach(() => rig.stop());

const fileText = async (id: string, name: string): Promise<string> => {
  const file = await rig.store.readEvidence(id, name);
  return Buffer.from(file?.bytes ?? []).toString();
};

describe('before a kill', () => {
  test('manifest, events, logs and what the agent sees are stored, with their hashes', async () => {
    const { id, state, evidence } = await rig.execute('kill', { target });
    expect(state).toBe('verified');
    expect(evidence.map(({ name, problem }) => [name, problem])).toEqual([
      ['manifest.json', ''],
      ['events.json', ''],
      ['agent.json.gz', ''],
      ['log.main.txt', ''],
      ['log.main.previous.txt', ''],
      ['log.init.txt', 'log/web-1/init not found'],
    ]);
    expect(await fileText(id, 'log.main.txt')).toBe('the last lines');
    expect(await fileText(id, 'log.main.previous.txt')).toBe('the lines before');
    expect(await fileText(id, 'manifest.json')).toContain('"uid-web-1"');
    const log = evidence.find(({ name }) => name === 'log.main.txt');
    expect(log?.sha256).toBe(createHash('sha256').update('the last lines').digest('hex'));
    expect(rig.agents.asked('collect-evidence')).toMatchObject([{
      podUid: 'uid-web-1',
      containerId: '',
      seconds: 600,
    }]);
    const order = (await rig.audit()).map((line) => line.split(' ')[0]);
    expect(order.slice(-3)).toEqual(['response.collect', 'response.begin', 'response.succeed']);
  });

  test('best effort goes on without the agent and says so; the pod is not there to ask twice',
    async () => {
      rig.agents.answer('collect-evidence', () => ({ ok: false, reason: 'no-link' }));
      expect(await rig.execute('kill', { target })).toMatchObject({
        state: 'verified',
        warnings: ['evidence agent.json.gz is missing: the agent did not answer: no-link',
          'the pod has no controller: nothing starts another one'],
      });
    });

  test('required does nothing without it', async () => {
    rig.setPolicy('evidence: required');
    rig.agents.answer('collect-evidence', () => ({
      ok: true,
      result: { outcome: 'refused', detail: 'no-pod: not here', document: new Uint8Array() },
    }));
    expect(await rig.execute('kill', { target })).toMatchObject({
      state: 'not-executed',
      reason: 'evidence',
      detail: 'evidence agent.json.gz is missing: no-pod: not here',
    });
    expect(rig.cluster.changes).toEqual([]);
    rig.agents.answer('collect-evidence', () => agentDone(Buffer.from('x')));
    rig.cluster.failNext('forbidden', /manifest/);
    expect(await rig.execute('kill', { target })).toMatchObject({ reason: 'evidence' });
    expect((await rig.execute('kill', { target })).state).toBe('verified');
  });

  test('an agent that never answers costs the named time and no more', async () => {
    let asked = false;
    rig.agents.answer('collect-evidence', () => {
      asked = true;
      return new Promise(() => undefined);
    });
    const id = await rig.approved('kill', { target });
    await vi.waitUntil(() => asked);
    expect(await rig.state(id)).toBe('collecting-evidence');
    rig.clock.advance(EVIDENCE_MS - 1);
    expect(rig.cluster.changes).toEqual([]);
    const done = await rig.finished(id, 1);
    expect(done.evidence.find(({ name }) => name === 'agent.json.gz')?.problem)
      .toBe(`not within ${EVIDENCE_MS} ms`);
  });

  test('none takes none; an isolation takes none unless it is required', async () => {
    rig.setPolicy('{ watchSeconds: 0, evidence: none }');
    expect((await rig.execute('kill', { target })).evidence).toEqual([]);
    rig.cluster.addPod('web-2');
    rig.setPolicy('watchSeconds: 0');
    expect((await rig.execute('isolate', { target: webPod('web-2') })).evidence).toEqual([]);
    rig.cluster.addPod('web-3');
    rig.setPolicy('{ watchSeconds: 0, evidence: required }');
    expect((await rig.execute('isolate', { target: webPod('web-3') })).evidence).toHaveLength(4);
  });

  test('who presses the stop button while it is collected stops the kill', async () => {
    rig.agents.answer('collect-evidence', async () => {
      await rig.responder.setPaused(true, { by: 'eve', why: 'wait' });
      return agentDone(Buffer.from('x'));
    });
    expect(await rig.execute('kill', { target })).toMatchObject({
      state: 'not-executed',
      reason: 'paused',
    });
    expect(rig.cluster.changes).toEqual([]);
  });
});

test('the manifest is kept without the values of the environment', () => {
  const pod = {
    metadata: {
      name: 'p',
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': 'secret', a: 'b' },
    },
    spec: {
      containers: [{ image: 'i', env: [{ name: 'PASSWORD', value: 'secret' },
        { name: 'REF', valueFrom: { secretKeyRef: { name: 's' } } }] }],
      initContainers: [{ env: [{ name: 'T', value: 'secret' }] }, {}],
    },
  };
  const kept = withoutEnvironment(JSON.stringify(pod)) ?? '';
  expect(kept).not.toContain('"secret"');
  expect(JSON.parse(kept)).toMatchObject({
    metadata: { name: 'p', annotations: { a: 'b' } },
    spec: { containers: [{ image: 'i', env: [{ value: '<not kept>' }, { name: 'REF' }] }] },
  });
  for (const odd of ['[]', 'null', '{"spec":{"containers":{}}}', '{"spec":{"containers":[1]}}']) {
    expect(withoutEnvironment(odd)).toBe(odd);
  }
  expect(withoutEnvironment('{')).toBeUndefined();
});
