import { Registry } from 'prom-client';
import { expect, test } from 'vitest';

import type { ImageProgress } from '../proto/lanner/v1/frames.ts';
import { IMAGES_SHOWN_MAX, SILENT_MS, levelsOf, registerFleetLevels } from './fleet-levels.ts';
import type { FleetLevelsOptions } from './fleet-levels.ts';
import { ManualClock } from './testing/clock.ts';

type Agent = Awaited<ReturnType<FleetLevelsOptions['store']['listAgents']>>[number];
type Heartbeat = NonNullable<Agent['heartbeat']>;

const NOW = 100 * 86_400_000;

const progress = (over: Partial<ImageProgress> = {}): ImageProgress => ({
  profileKey: 'docker.io/shop/web@1',
  image: { repository: 'docker.io/shop/web', tag: '1', digest: 'sha256:1' },
  state: 'learning',
  coverage: 0.5,
  observations: 10,
  pods: 2,
  completeInSeconds: -1,
  ...over,
});

const anAgent = (node: string, over: Partial<Heartbeat> = {}, lastSeenMs = NOW): Agent => ({
  cluster: 'c',
  node,
  epoch: 'e',
  protocol: 1,
  agentVersion: '1',
  falcoVersion: '0.43.0',
  capabilities: [],
  connectedAtMs: 0,
  lastSeenMs,
  heartbeat: {
    kind: 'heartbeat',
    time: '',
    eventsReceived: 0,
    eventsJudged: 0,
    eventsDropped: 0,
    outboxPending: 0,
    lagSeconds: 0,
    images: [progress()],
    falcoVersion: '',
    sensorState: 'streaming',
    sensorDetail: '',
    ...over,
  },
});

test('an agent is heard, blind, silent, or after a day forgotten', () => {
  const { agents } = levelsOf([
    anAgent('a'),
    anAgent('b', { sensorState: 'disconnected' }),
    anAgent('c', {}, NOW - SILENT_MS - 1),
    anAgent('d', {}, NOW - 86_400_001),
  ], NOW);
  expect(agents).toEqual({ heard: 1, blind: 1, silent: 1 });
});

test('an image is as well known as its least known profile, each by who has seen most of it', () => {
  const two = 'docker.io/shop/web@2';
  const { images, profiles } = levelsOf([
    anAgent('a', { images: [progress({ observations: 5, coverage: 0.1 })] }),
    anAgent('b', { images: [progress({ observations: 9, coverage: 0.9, state: 'complete' })] }),
    anAgent('c', { images: [progress({ profileKey: two, coverage: 0.7, pods: 3 })] }),
  ], NOW);
  expect(images).toEqual([{ image: 'docker.io/shop/web', pods: 5, coverage: 0.7, learning: 1 }]);
  expect(profiles).toEqual({ learning: 1, complete: 1, 'never-complete': 0 });
});

test('only so many images are series; the rest is a number, and what is no name is left out', () => {
  const images = Array.from({ length: IMAGES_SHOWN_MAX + 7 }, (_, n) => progress({
    profileKey: `k${n}`,
    image: { repository: `docker.io/shop/i${n}`, tag: '1', digest: '' },
    pods: n,
  }));
  const nameless = progress({ profileKey: 'x', image: { repository: 'a"} 1\n', tag: '', digest: '' } });
  const levels = levelsOf([anAgent('a', { images: [...images, nameless] })], NOW);
  expect(levels.images).toHaveLength(IMAGES_SHOWN_MAX);
  expect(levels.images[0]?.pods).toBe(IMAGES_SHOWN_MAX + 6);
  expect(levels.imagesLeftOut).toBe(7);
});

function site(listAgents: () => Promise<readonly Agent[]>) {
  const registry = new Registry();
  const clock = new ManualClock(NOW);
  let reads = 0;
  registerFleetLevels({
    registry,
    store: {
      flowLevels: () => Promise.resolve(
        { minuteFlows: 70, hourFlows: 5, oldestMs: 1_700_000_000_000 }),
      listAgents: () => {
        reads += 1;
        return listAgents();
      },
      talliesSince: async () => [{
        image: 'docker.io/shop/web',
        day: NOW / 86_400_000,
        handling: 'none',
        alerts: 40,
      }],
    },
    falseAlarmsPerDay: 1,
    clock,
  });
  return { registry, clock, reads: () => reads };
}

test('one scrape is one read of the store, and the next within half a minute none', async () => {
  const { registry, clock, reads } = site(async () => [anAgent('a')]);
  const text = await registry.metrics();
  await registry.metrics();
  expect(reads()).toBe(1);
  clock.advance(30_000);
  await registry.metrics();
  expect(reads()).toBe(2);
  expect(text).toContain('lanner_collector_agents{state="heard"} 1\n');
  expect(text).toContain('lanner_collector_image_coverage_ratio{image="docker.io/shop/web"} 0.5\n');
  expect(text).toContain('lanner_collector_image_alarms{image="docker.io/shop/web"} 40\n');
  expect(text).toContain('lanner_collector_image_over_budget{image="docker.io/shop/web"} 1\n');
  expect(text).toContain('lanner_collector_flows{precision="minute"} 70\n');
  expect(text).toContain('lanner_collector_flows_oldest_timestamp_seconds 1700000000\n');
  expect(text).toContain('lanner_collector_store_up 1\n');
  expect(clock.pending).toBe(0);
});

test('a store that fails is down, its gauges are absent, and it is asked again', async () => {
  let isUp = false;
  const { registry, reads } = site(async () => {
    if (!isUp) throw new Error('away');
    return [anAgent('a')];
  });
  const text = await registry.metrics();
  expect(text).toContain('lanner_collector_store_up 0\n');
  expect(text).not.toMatch(/^lanner_collector_(agents|images_left_out)/m);
  isUp = true;
  expect(await registry.metrics()).toContain('lanner_collector_store_up 1\n');
  expect(reads()).toBe(2);
});

test('a store that hangs does not hang the scrape, and is asked once', async () => {
  const { registry, clock, reads } = site(() => new Promise(() => undefined));
  const scrape = registry.metrics();
  // Each gauge waits under its own deadline, and all of them are set by now.
  await Promise.resolve();
  clock.advance(3_000);
  expect(await scrape).toContain('lanner_collector_store_up 0\n');
  clock.advance(60_000);
  const second = registry.metrics();
  await Promise.resolve();
  clock.advance(3_000);
  await second;
  expect(reads()).toBe(1);
});
