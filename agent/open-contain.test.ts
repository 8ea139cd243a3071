import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Baseline } from '../baseline/baseline.ts';
import type { CommandFrame, CommandResultFrame } from '../proto/lanner/v1/frames.ts';
import { startAgent } from './agent.ts';
import type { AgentOptions, RunningAgent } from './agent.ts';
import type { EvidenceDocument } from './contain/evidence-document.ts';
import { commandWith, documentOf } from './contain/testing/frames.ts';
import { RealPod, realVersions } from './contain/testing/real-node.ts';
import { TestCollector } from './link/test-collector.ts';
import { OUTBOX_BYTES_MIN } from './outbox/outbox.ts';

let dir = '';
const cleanups: (() => Promise<unknown> | void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-contain-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(dir, { recursive: true, force: true });
});

/** Falco saw one program start in the pod, just now. */
function recording(podUid: string, containerId: string): string {
  const path = join(dir, 'events-00.jsonl');
  const event = {
    hostname: 'node-a',
    output_fields: {
      'container.id': containerId.slice(0, 12),
      'container.name': 'web',
      'container.image.repository': 'shop/web',
      'container.image.digest': 'sha256:d2',
      'k8s.ns.name': 'shop',
      'k8s.pod.name': 'web-1',
      'k8s.pod.uid': podUid,
      'evt.type': 'execve',
      'proc.name': 'bash',
      'proc.exepath': '/usr/bin/bash',
      'proc.cmdline': 'bash -c mysql -psecret1234',
      'proc.pid': 77,
    },
    priority: 'Debug',
    rule: 'lanner exec',
    source: 'syscall',
    tags: ['exec', 'lanner'],
    time: new Date().toISOString().replace('Z', '000000Z'),
  };
  writeFileSync(path, `${JSON.stringify(event)}\n`);
  return path;
}

async function linked(options: Partial<AgentOptions> & Pick<AgentOptions, 'source'>) {
  const collector = new TestCollector();
  cleanups.push(() => collector.kill());
  await collector.listen();
  const registry = new Registry();
  const agent: RunningAgent = await startAgent({
    cluster: 'lab',
    node: 'node-a',
    version: '0.1.0',
    baseline: new Baseline({ cluster: 'lab', node: 'node-a' }),
    outbox: { path: join(dir, 'outbox.sqlite'), bytesMax: OUTBOX_BYTES_MIN },
    link: { address: `127.0.0.1:${collector.port}`, tls: null },
    http: null,
    registry,
    log: pino({ level: 'silent' }),
    ...options,
  });
  cleanups.push(() => agent.stop());
  await expect.poll(() => agent.stats().link.isLinked).toBe(true);
  const send = async (told: Partial<CommandFrame>): Promise<CommandResultFrame> => {
    const frame = commandWith(told);
    collector.say(collector.latest, frame);
    const answer = () => collector.frames.find((one): one is CommandResultFrame =>
      one.kind === 'command-result' && one.id === frame.id);
    await expect.poll(answer, { timeout: 20_000 }).toBeDefined();
    const found = answer();
    if (found === undefined) throw new Error('polled until it was there');
    return found;
  };
  return { agent, collector, registry, send };
}

for (const { version, reason, root } of realVersions) {
  test.skipIf(reason !== '')(
    `a collector's commands freeze, look at, kill in and thaw a real pod (cgroup v${version})`,
    async () => {
      const pod = new RealPod(version, root);
      cleanups.push(() => pod.remove());
      const { podUid, cgroupRoot } = pod;
      const containerId = pod.container();
      const pid = await pod.run(containerId, execPath, ['-e', 'for (;;) {}']);
      const { agent, collector, registry, send } = await linked({
        source: { kind: 'replay', path: recording(podUid, containerId), speed: Infinity },
        contain: { cgroupRoot, procRoot: '/proc', freezeSecondsMax: 0 },
      });
      await expect.poll(() => agent.stats().events.judged).toBe(1);
      expect(collector.frames[0]).toMatchObject({
        kind: 'hello',
        capabilities: expect.arrayContaining([
          'freeze', 'thaw', 'kill-process', 'collect-evidence', 'watch',
        ]) as unknown,
      });

      const frozen = await send({ id: 'f', action: 'freeze', podUid });
      expect(frozen).toMatchObject({ outcome: 'done' });
      console.log(`cgroup v${version}, from the command on the link: ${frozen.detail}`);

      const evidence = await send({ id: 'e', action: 'collect-evidence', podUid, seconds: 600 });
      const document = documentOf<EvidenceDocument>(evidence);
      expect(document).toMatchObject({
        containers: [{ id: containerId, state: 'frozen' }],
        processes: [{ pid, containerId }],
        observations: [{ kind: 'exec', name: 'bash' }],
      });
      expect(JSON.stringify(document)).not.toContain('secret1234');

      expect(await send({ id: 't', action: 'thaw', podUid })).toMatchObject({ outcome: 'done' });
      const kill = { id: 'k', action: 'kill-process', podUid, containerId, pid } as const;
      expect(await send(kill)).toMatchObject({ outcome: 'done' });
      const metrics = await registry.metrics();
      expect(metrics).toContain(
        'lanner_agent_commands_total{action="kill-process",outcome="done"} 1',
      );
    },
  );
}

test('an agent whose containment is switched off promises nothing and refuses all', async () => {
  const path = recording('6f1d3f6e-9a51-4a53-8b0e-0f3f4a9d2c11', 'a1'.repeat(32));
  const { collector, send } = await linked({
    source: { kind: 'replay', path, speed: Infinity },
    contain: null,
  });
  expect(collector.frames[0]).toMatchObject({ kind: 'hello', capabilities: ['image-runs'] });
  expect(await send({ id: 'f' })).toMatchObject({
    outcome: 'refused',
    detail: 'this agent cannot execute freeze',
  });
});
