import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Alert } from '../baseline/alert.ts';
import type { Observation } from '../baseline/observation.ts';
import { TAKE_MS, startAgent } from './agent.ts';
import type { AgentBaseline, AgentOptions, RunningAgent } from './agent.ts';
import { API } from './identity/sample-events.ts';
import { TestCollector } from './link/test-collector.ts';
import { OUTBOX_BYTES_MIN, Outbox } from './outbox/outbox.ts';
import { alertWith } from './outbox/sample-alerts.ts';
import type { Gap } from './source/event.ts';
import { sumOf } from './stats.ts';
import { systemClock } from './source/clock.ts';

/** Alerts on every exec of bash: enough to see whether all rooms are joined. */
class SimpleBaseline implements AgentBaseline {
  readonly observations: Observation[] = [];
  readonly gaps: Gap[] = [];
  readonly adopted: string[] = [];
  #alerts: Alert[] = [];
  #isTold = false;

  observe(observation: Observation): void {
    this.observations.push(observation);
    if (observation.kind !== 'exec' || observation.process.name !== 'bash') return;
    const { container } = observation;
    this.#alerts.push(alertWith({
      id: `alert-${this.observations.length}`,
      pod: container.pod,
      workload: container.workload,
      process: { ...alertWith().process, commandLine: observation.commandLine },
    }));
  }

  advance(): void {}

  noteGap(gap: Gap): void {
    this.gaps.push(gap);
  }

  takeAlerts(): readonly Alert[] {
    return this.#alerts.splice(0);
  }

  takeUrgent(): readonly Alert[] {
    return [];
  }

  eachEvidence() {
    if (this.#isTold || this.observations.length === 0) return [];
    this.#isTold = true;
    return [{ key: 'sha256:d2', revision: 1, document: { items: this.observations.length } }];
  }

  adopt(key: string) {
    this.adopted.push(key);
    return { ok: true } as const;
  }

  progress() {
    return [
      {
        key: 'sha256:d2',
        image: { repository: 'r/api', tag: '1', digest: 'sha256:d2' },
        state: 'learning' as const,
        coverage: 0.5,
        observations: this.observations.length,
        pods: 1,
        completeInSeconds: -1,
      },
    ];
  }
}

let dir = '';
const cleanups: (() => Promise<void> | void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'lanner-agent-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(dir, { recursive: true, force: true });
});

function line(ms: number, fields: Record<string, string | number | null>): string {
  return JSON.stringify({
    hostname: 'node-a',
    output_fields: {
      'container.id': 'a1d8d7924c1f',
      'evt.type': 'execve',
      'proc.exepath': '/usr/bin/bash',
      'proc.pid': 77,
      ...fields,
    },
    priority: 'Debug',
    rule: 'lanner exec',
    source: 'syscall',
    tags: ['exec', 'lanner'],
    time: new Date(1_795_433_700_000 + ms).toISOString().replace('Z', '000000Z'),
  });
}

function recording(): string {
  const path = join(dir, 'events-00.jsonl');
  const lines = [
    line(0, { 'proc.name': 'runc:[2:INIT]', 'proc.exepath': '/usr/sbin/runc' }),
    line(20, { ...API, 'proc.name': 'gunicorn', 'proc.cmdline': 'gunicorn app' }),
    'not json at all',
    line(40, { ...API, 'proc.name': 'bash', 'proc.cmdline': 'bash -c mysql -psecret1234' }),
    line(60, { 'container.id': 'host', 'proc.name': 'bash', 'proc.cmdline': 'bash -l' }),
  ];
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function collector(): Promise<TestCollector> {
  const made = new TestCollector();
  cleanups.push(() => made.kill());
  await made.listen();
  return made;
}

async function agentWith(
  port: number,
  options: Partial<AgentOptions> = {},
): Promise<{ agent: RunningAgent; baseline: SimpleBaseline; registry: Registry }> {
  const baseline = new SimpleBaseline();
  const registry = new Registry();
  const agent = await startAgent({
    cluster: 'lab',
    node: 'node-a',
    version: '0.1.0',
    source: { kind: 'replay', path: recording(), speed: Infinity },
    baseline,
    outbox: { path: join(dir, 'outbox.sqlite'), bytesMax: OUTBOX_BYTES_MIN },
    link: { address: `127.0.0.1:${port}`, tls: null, heartbeatMs: 100, evidenceMs: 100 },
    http: { host: '127.0.0.1', port: 0 },
    registry,
    log: pino({ level: 'silent' }),
    ...options,
  });
  cleanups.push(async () => void (await agent.stop()));
  return { agent, baseline, registry };
}

const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

test('an event becomes an observation, an alert on disk, and a row at the collector', async () => {
  const server = await collector();
  const { agent, baseline } = await agentWith(server.port);
  await until(() => expect(server.alertIds().size).toBe(2));
  expect(baseline.observations.map(({ container }) => container.workload))
    .toEqual(['api', 'api', 'api', '']);
  const [first] = server.batches.flatMap(({ alerts }) => alerts);
  expect(first).toMatchObject({ pod: 'api-7dm2bcfmj4-hvdzt', workload: 'api' });
  expect(first?.process.commandLine).toBe('bash -c mysql -p***');
  // Profiles leave the node too: what is learned from is redacted already.
  const learned = baseline.observations.map((o) => (o.kind === 'exec' ? o.commandLine : ''));
  expect(learned).toContain('bash -c mysql -p***');
  expect(learned.join()).not.toContain('secret1234');
  const { events, alerts } = agent.stats();
  expect(events.received).toBe(events.judged + events.waiting + sumOf(events.dropped));
  expect(events).toMatchObject({ received: 4, judged: 4, malformed: { 'not-json': 1 } });
  expect(alerts.raised.high).toBe(2);
});

test('what is urgent is on disk and sent without the next taking', async () => {
  class UrgentBaseline extends SimpleBaseline {
    override takeUrgent(): readonly Alert[] {
      return this.takeAlerts();
    }
  }
  const server = await collector();
  const { agent } = await agentWith(server.port, {
    baseline: new UrgentBaseline(),
    clock: {
      ...systemClock,
      after: (ms, run) => (ms === TAKE_MS ? () => undefined : systemClock.after(ms, run)),
    },
  });
  await until(() => expect(server.alertIds().size).toBe(2));
  expect(agent.stats().alerts.raised.high).toBe(2);
});

test('heartbeats carry the progress, evidence follows, and profiles come back', async () => {
  const server = await collector();
  const { baseline } = await agentWith(server.port);
  await until(() => expect(server.frames.some(({ kind }) => kind === 'evidence')).toBe(true));
  await until(() => {
    const beat = server.frames.findLast((frame) => frame.kind === 'heartbeat');
    expect(beat).toMatchObject({
      eventsReceived: 4,
      eventsJudged: 4,
      images: [{ profileKey: 'sha256:d2', state: 'learning', coverage: 0.5 }],
    });
  });
  const evidence = server.frames.find((frame) => frame.kind === 'evidence');
  if (evidence?.kind !== 'evidence') throw new Error('no evidence');
  server.say(server.latest, { ...evidence, kind: 'profile' });
  await until(() => expect(baseline.adopted).toEqual(['sha256:d2']));
});

test('stopping delivers what there is, and leaves neither lock nor socket', async () => {
  const server = await collector();
  const { agent } = await agentWith(server.port);
  expect(await agent.ended).toBe('the recording is at its end');
  await until(() => expect(agent.stats().link.isLinked).toBe(true));
  expect(await agent.stop()).toEqual({ isDrained: true });
  expect(await agent.stop()).toEqual({ isDrained: true });
  expect(server.alertIds().size).toBe(2);
  const { httpPort } = agent;
  await expect(fetch(`http://127.0.0.1:${httpPort}/healthz`)).rejects.toThrow('fetch failed');
  new Outbox({
    path: join(dir, 'outbox.sqlite'),
    cluster: '',
    node: '',
    newEpoch: () => 'e',
    nowNs: () => systemClock.nowNs(),
    redact: { flags: new Set() },
    onReplaced: () => undefined,
  }).close();
});

test('without a collector everything is kept, and the next agent delivers it', async () => {
  const { agent } = await agentWith(1);
  await until(() => expect(agent.stats().outbox.pending).toBe(2));
  expect(await agent.stop()).toEqual({ isDrained: false });
  const server = await collector();
  writeFileSync(join(dir, 'nothing.jsonl'), '');
  await agentWith(server.port, {
    source: { kind: 'replay', path: join(dir, 'nothing.jsonl'), speed: 1 },
  });
  await until(() => expect(server.alertIds().size).toBe(2));
});

test('metrics, health and readiness say how it is', async () => {
  const server = await collector();
  const { agent, registry } = await agentWith(server.port);
  await agent.ended;
  const base = `http://127.0.0.1:${agent.httpPort}`;
  expect((await fetch(`${base}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${base}/readyz`)).text()).toContain('source ended');
  expect((await fetch(`${base}/other`)).status).toBe(404);
  expect((await fetch(`${base}/metrics`, { method: 'POST' })).status).toBe(405);
  await until(() => expect(agent.stats().alerts.raised.high).toBe(2));
  const text = await (await fetch(`${base}/metrics`)).text();
  expect(text).toContain('lanner_agent_events_received_total 4');
  expect(text).toContain('lanner_agent_events_malformed_total{reason="not-json"} 1');
  expect(text).toContain('lanner_agent_alerts_total{severity="high"} 2');
  expect(text).toContain('lanner_agent_images{state="learning"} 1');
  expect(text).toMatch(/lanner_agent_build_info\{version="0.1.0",nodejs="\d+\./);
  for (const metric of await registry.getMetricsAsJSON()) {
    expect(metric.name).toMatch(/^lanner_agent_[a-z_]+$/);
    const isCounter = String(metric.type) === 'counter';
    expect(metric.name.endsWith('_total')).toBe(isCounter);
  }
});

test('a Falco that cannot be reached is told to the collector', async () => {
  const server = await collector();
  const { agent } = await agentWith(server.port, {
    source: { kind: 'grpc', address: `unix://${join(dir, 'no-falco.sock')}` },
    watchdog: { lostMs: 200 },
  });
  await until(() => expect(server.alertIds().size).toBe(1));
  const [alert] = server.batches.flatMap(({ alerts }) => alerts);
  expect(alert).toMatchObject({ kind: 'sensor', severity: 'high', node: 'node-a' });
  expect(agent.stats().isSensorAlarmed).toBe(true);
  expect((await fetch(`http://127.0.0.1:${agent.httpPort}/readyz`)).status).toBe(503);
  const metrics = await (await fetch(`http://127.0.0.1:${agent.httpPort}/metrics`)).text();
  expect(metrics).toMatch(/lanner_agent_falco_disconnects_total [1-9]/);
});

test('events over http_output arrive; a second agent on the port says why not', async () => {
  const server = await collector();
  const http = { source: { kind: 'http', listen: '127.0.0.1:0' } } as const;
  const { agent, baseline } = await agentWith(server.port, http);
  await until(() => expect(agent.sourcePort()).toBeGreaterThan(0));
  const port = agent.sourcePort();
  const answer = await fetch(`http://127.0.0.1:${port}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: line(0, { ...API, 'proc.name': 'bash', 'proc.cmdline': 'bash' }),
  });
  expect(answer.ok).toBe(true);
  await until(() => expect(baseline.observations.length).toBe(1));
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(400);
  const metrics = await (await fetch(`http://127.0.0.1:${agent.httpPort}/metrics`)).text();
  expect(metrics).toContain('lanner_agent_falco_http_rejected_total{reason="method"} 1');
  const { agent: second } = await agentWith(server.port, {
    source: { kind: 'http', listen: `127.0.0.1:${port}` },
    outbox: { path: join(dir, 'second.sqlite') },
  });
  expect(await second.ended).toMatch(/EADDRINUSE|in use/i);
});

test('an agent whose metrics port is taken does not start, and leaves nothing behind', async () => {
  const server = await collector();
  const { agent } = await agentWith(server.port);
  const options = {
    http: { host: '127.0.0.1', port: agent.httpPort },
    outbox: { path: join(dir, 'other.sqlite') },
  };
  await expect(agentWith(server.port, options)).rejects.toThrow(/EADDRINUSE/);
  const { agent: next } = await agentWith(server.port, { outbox: options.outbox });
  expect(await next.ended).toBe('the recording is at its end');
});
