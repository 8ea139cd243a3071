import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, vi } from 'vitest';
import { startAgent } from '../agent.ts';
import type { AgentBaseline, AgentOptions, RunningAgent } from '../agent.ts';
import { TestCollector } from '../link/test-collector.ts';
import { OUTBOX_BYTES_MIN } from '../outbox/outbox.ts';

/** A whole agent that is fed over HTTP, a folder for its state, and a collector that obeys. */
export class FleetRig {
  dir = '';
  readonly #cleanups: (() => Promise<void> | void)[] = [];

  constructor() {
    beforeEach(() => {
      this.dir = mkdtempSync(join(tmpdir(), 'lanner-fleet-'));
    });
    afterEach(async () => {
      for (const cleanup of this.#cleanups.splice(0).toReversed()) await cleanup();
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  async collector(): Promise<TestCollector> {
    const made = new TestCollector();
    this.#cleanups.push(() => made.kill());
    await made.listen();
    return made;
  }

  /** Heartbeats that come by themselves are too rare for any test to see one. */
  async agent(
    port: number,
    baseline: AgentBaseline,
    options: Partial<AgentOptions> = {},
  ): Promise<RunningAgent> {
    const agent = await startAgent({
      cluster: 'lab',
      node: 'node-a',
      version: '0.1.0',
      source: { kind: 'http', listen: '127.0.0.1:0' },
      baseline,
      outbox: { path: this.outboxPath, bytesMax: OUTBOX_BYTES_MIN },
      profileCache: { folder: join(this.dir, 'profiles') },
      link: {
        address: `127.0.0.1:${port}`,
        tls: null,
        heartbeatMs: 3_600_000,
        evidenceMs: 100,
      },
      http: { host: '127.0.0.1', port: 0 },
      registry: new Registry(),
      log: pino({ level: 'silent' }),
      ...options,
    });
    this.#cleanups.push(async () => void (await agent.stop()));
    await until(() => {
      if (agent.sourcePort() === 0 && options.source === undefined) throw new Error('not yet');
    });
    return agent;
  }

  get outboxPath(): string {
    return join(this.dir, 'outbox.sqlite');
  }
}

export const until = (check: () => void): Promise<void> => vi.waitFor(check, { timeout: 20_000 });

type Fields = Readonly<Record<string, string | number | null>>;

/** One line of Falco's JSON output, of now. */
export function falcoLine(fields: Fields, time = new Date()): string {
  return JSON.stringify({
    hostname: 'node-a',
    output_fields: {
      'container.id': 'a1d8d7924c1f',
      'evt.type': 'execve',
      'proc.pid': 77,
      ...fields,
    },
    priority: 'Debug',
    rule: 'lanner exec',
    source: 'syscall',
    tags: ['exec', 'lanner'],
    time: time.toISOString().replace('Z', '000000Z'),
  });
}

export async function post(agent: RunningAgent, fields: Fields): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${agent.sourcePort()}/`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: falcoLine(fields),
  });
  if (!answer.ok) throw new Error(`the agent answered ${answer.status}`);
}
