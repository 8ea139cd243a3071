import { performance } from 'node:perf_hooks';
import process from 'node:process';

import type { AlertSearch } from '../../../collector/store/desk-face.ts';
import { search } from '../../../collector/desk/search.ts';
import type { Store } from '../../../collector/store/faces.ts';

/** What people ask of a full store, one at a time: how long, and how much of this process. */
export type Timing = {
  readonly name: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Of this process; PostgreSQL's own work is in its processes. */
  readonly cpuMs: number;
  readonly found: number;
};

type Question = { readonly name: string; readonly ask: (store: Store) => Promise<number> };

const PAGE = { limit: 100 };
const alerts = (name: string, over: Partial<AlertSearch>, page = PAGE): Question => ({
  name,
  ask: async (store) => (await store.pageAlerts({ scope: 'all', ...over }, page)).rows.length,
});

const questions = (newestMs: number, count: number): readonly Question[] => [
  alerts('newest page', {}),
  alerts('a page from the middle', {}, { ...PAGE, before: Math.floor(count / 2) } as typeof PAGE),
  alerts('one namespace', { namespace: 'namespace-7' }),
  alerts('one pod', { pod: 'workload-7-7f9c4d5b6-7' }),
  alerts('one image, high', { image: 'registry.bank.example/workload-40', severityMin: 'high' }),
  alerts('critical', { severityMin: 'critical' }),
  alerts('technique', { technique: 'T1059' }),
  alerts('three namespaces (scope)', { scope: ['namespace-1', 'namespace-2', 'namespace-3'] }),
  alerts('an hour, a week ago', {
    fromMs: newestMs - 7 * 86_400_000,
    toMs: newestMs - 7 * 86_400_000 + 3_600_000,
  }),
  alerts('text, common', { q: 'tool-13' }),
  alerts('text, in nothing of the first stretch', { q: 'the-needle' }),
  alerts('text in one namespace', { q: 'tool-13', namespace: 'namespace-7' }),
  {
    name: 'counts of a day by severity',
    ask: async (store) => (await store.countAlerts({ scope: 'all', by: 'severity',
      fromMs: newestMs - 86_400_000, toMs: newestMs, bucketMs: 300_000 })).length,
  },
  {
    name: 'counts of 30 days by namespace',
    ask: async (store) => (await store.countAlerts({ scope: 'all', by: 'namespace',
      fromMs: newestMs - 30 * 86_400_000, toMs: newestMs, bucketMs: 3_600_000 })).length,
  },
  {
    name: 'pods',
    ask: async (store) => (await store.listPods({ scope: 'all', limit: 100 })).rows.length,
  },
  {
    name: 'search over everything',
    ask: async (store) => (await search(store, { q: 'tool-13', limit: 8, scope: 'all' }))
      .alerts.length,
  },
];

export async function measure(
  store: Store,
  { rounds, newestMs, count }: {
    readonly rounds: number;
    readonly newestMs: number;
    readonly count: number;
  },
): Promise<readonly Timing[]> {
  const timings: Timing[] = [];
  for (const { name, ask } of questions(newestMs, count)) {
    const found = await ask(store);
    const times: number[] = [];
    const cpu = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) {
      const start = performance.now();
      await ask(store);
      times.push(performance.now() - start);
    }
    const { user, system } = process.cpuUsage(cpu);
    times.sort((a, b) => a - b);
    timings.push({
      name,
      found,
      p50Ms: rounded(times[Math.floor(rounds / 2)] ?? 0),
      p99Ms: rounded(times[Math.min(rounds - 1, Math.floor(rounds * 0.99))] ?? 0),
      cpuMs: rounded((user + system) / 1_000 / rounds),
    });
  }
  return timings;
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
