/** The agent of the overload test, a process of its own; it tells some times a second how it is. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { startAgent } from '../../../agent/agent.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { learnedBaseline } from './learned.ts';
import type { Look, Span } from './overload-orders.ts';

const LOOK_MS = 100;

type Orders = { readonly socket: string; readonly learned: string; readonly images: number };

async function obey({ socket, learned, images }: Orders): Promise<void> {
  const baseline = learnedBaseline(learned, images);
  let execs = 0;
  const observe = baseline.observe.bind(baseline);
  baseline.observe = (o: Observation): void => {
    if (o.kind === 'exec') execs += 1;
    observe(o);
  };
  const gaps: Span[] = [];
  const noteGap = baseline.noteGap.bind(baseline);
  baseline.noteGap = (gap: Parameters<typeof noteGap>[0] & { eventsEstimate?: number }): void => {
    const [fromMs, toMs] = [Number(gap.fromNs / 1_000_000n), Number(gap.toNs / 1_000_000n)];
    gaps.push({ fromMs, toMs, events: gap.eventsEstimate ?? 0 });
    noteGap(gap);
  };
  const folder = mkdtempSync(join(tmpdir(), 'lanner-overload-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const agent = await startAgent({
    cluster: 'bench',
    node: 'bench-node',
    version: '0.0.0',
    source: { kind: 'grpc', address: socket },
    baseline,
    outbox: { path: join(folder, 'outbox.db') },
    link: { address: `unix:${join(folder, 'nobody.sock')}`, tls: null },
    http: null,
    contain: { cgroupRoot: folder, procRoot: '/proc', freezeSecondsMax: 60 },
    registry: new Registry(),
    log: pino({ level: 'silent' }),
  });
  setInterval(() => {
    const { events } = agent.stats();
    const { user, system } = process.cpuUsage();
    const look: Look = {
      atMs: performance.now(),
      cpuMs: (user + system) / 1_000,
      received: events.received,
      judged: events.judged,
      lagSeconds: events.lagSeconds,
      shed: events.shed,
      execs,
      gaps,
    };
    process.send?.(look);
  }, LOOK_MS);
}

process.once('message', (orders: Orders) => void obey(orders));
process.on('disconnect', () => process.exit(0));
