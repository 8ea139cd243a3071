import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Baseline } from '../baseline/baseline.ts';
import { learnedStage, MINUTE_SCALE } from '../baseline/testing/stage.ts';
import type { TestCollector } from './link/test-collector.ts';
import { FleetRig, post, until } from './testing/fleet-rig.ts';

/** What the fleet has learned of `shop/web:1.0`, to the end. */
const fleet = learnedStage();
const [learned] = fleet.baseline.takeEvidence();
if (learned === undefined) throw new Error('the stage learns');
const KEY = learned.key;
const document = gzipSync(JSON.stringify(learned.document));

const WEB = {
  'container.name': 'web',
  'container.image.repository': 'shop/web',
  'container.image.tag': '1.0',
  'container.image.digest': 'sha256:shop/web:1.0',
  'k8s.ns.name': 'shop',
  'k8s.pod.name': 'web-9',
  'k8s.pod.uid': 'uid-web-9',
  'proc.pname': 'web',
  'proc.pexepath': '/usr/sbin/web',
  'proc.ppid': 10,
  'proc.vpid': 7,
  'proc.sid': 1,
  'proc.sname': 'web',
  'user.uid': 1000,
};
const gzip = {
  ...WEB,
  'proc.name': 'gzip',
  'proc.exepath': '/usr/bin/gzip',
  'proc.cmdline': 'gzip -k access.log',
  'proc.pid': 200,
};
const curl = {
  ...WEB,
  'proc.name': 'curl',
  'proc.exepath': '/usr/bin/curl',
  'proc.cmdline': 'curl -s x',
  'proc.pid': 300,
};

const rig = new FleetRig();
const baseline = (): Baseline => new Baseline({ ...MINUTE_SCALE, cluster: 'lab', node: 'node-a' });

const keysTold = (server: TestCollector): readonly string[] =>
  server.frames.flatMap((frame) =>
    frame.kind === 'heartbeat' ? frame.images.map(({ profileKey }) => profileKey) : []);
const push = (server: TestCollector): void =>
  server.say(server.latest, { kind: 'profile', profileKey: KEY, revision: 3, document });

test('an image new to the node is told at once, and judged by what the fleet knows', async () => {
  const server = await rig.collector();
  const agent = await rig.agent(server.port, baseline());
  await until(() => expect(agent.stats().link.isLinked).toBe(true));
  // The heartbeats of this agent are an hour apart: only the news brings one.
  await post(agent, gzip);
  await until(() => expect(keysTold(server)).toContain(KEY));
  expect(agent.stats().images).toMatchObject({ learning: 1, complete: 0 });
  push(server);
  await until(() => expect(agent.stats().images).toMatchObject({ learning: 0, complete: 1 }));
  await post(agent, curl);
  await until(() => expect(server.alertIds().size).toBe(1));
  const [alert] = server.batches.flatMap(({ alerts }) => alerts);
  expect(alert).toMatchObject({ kind: 'anomaly', pod: 'web-9', profile: { state: 'complete' } });
  expect(alert?.behaviours[0]?.value).toContain('/usr/bin/curl');
});

test('with the collector away a restarted agent judges at once by what it had', async () => {
  const server = await rig.collector();
  const before = await rig.agent(server.port, baseline());
  await until(() => expect(before.stats().link.isLinked).toBe(true));
  push(server);
  await until(() => expect(before.stats().adoptions.adopted).toBe(1));
  await before.stop();
  server.kill();
  const after = await rig.agent(server.port, baseline());
  expect(after.stats().restored.adopted).toBeGreaterThanOrEqual(1);
  expect(after.stats().images).toMatchObject({ complete: 1 });
  await post(after, gzip);
  await post(after, curl);
  await until(() => expect(after.stats().outbox.pending).toBe(1));
  expect(after.stats().link.isLinked).toBe(false);
});

test('what was learned here is there after a restart, and the collector hears of it', async () => {
  const away = await rig.collector();
  away.kill();
  const before = await rig.agent(away.port, baseline());
  await post(before, gzip);
  await until(() => expect(before.progress().length).toBe(1));
  const [seen] = before.progress();
  await before.stop();
  const server = await rig.collector();
  const after = await rig.agent(server.port, baseline());
  expect(after.progress()).toMatchObject([{ key: KEY, pods: seen?.pods }]);
  await until(() =>
    expect(server.frames).toContainEqual(
      expect.objectContaining({ kind: 'evidence', profileKey: KEY }),
    ));
});

test('a broken cache is counted, and the agent learns anew', async () => {
  const server = await rig.collector();
  const before = await rig.agent(server.port, baseline());
  push(server);
  await until(() => expect(before.stats().adoptions.adopted).toBe(1));
  await before.stop();
  const folder = join(rig.dir, 'profiles');
  for (const name of readdirSync(folder)) writeFileSync(join(folder, name), 'broken');
  const after = await rig.agent(server.port, baseline());
  expect(after.progress()).toEqual([]);
  expect(after.stats().cache.corrupt).toBeGreaterThanOrEqual(1);
  const metrics = await (await fetch(`http://127.0.0.1:${after.httpPort}/metrics`)).text();
  expect(metrics).toMatch(/lanner_agent_profile_cache_corrupt_total [1-9]/);
});
