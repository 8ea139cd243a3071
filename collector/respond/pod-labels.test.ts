import { expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { Cluster } from '../testing/cluster.ts';
import { PodLabelReader } from './pod-labels.ts';

const alert = (pod: string) => anAlert({ pod, podUid: `uid-${pod}` });

test('a pod is asked for once in half a minute, and only the pod that is meant', async () => {
  const cluster = new Cluster();
  const clock = new ManualClock();
  const reader = new PodLabelReader({ kube: cluster, clock });
  cluster.addPod('a', { labels: { x: '1' } });
  cluster.addPod('bare', { labels: null });
  cluster.addPod('new', { uid: 'another' });
  expect(await reader.of(alert('a'))).toEqual({ x: '1' });
  expect(await reader.of(alert('bare'))).toEqual({});
  expect(await reader.of(alert('new'))).toBeUndefined();
  expect(await reader.of(alert('gone'))).toBeUndefined();
  for (let again = 0; again < 5; again += 1) await reader.of(alert('a'));
  expect(cluster.reads).toHaveLength(4);
  clock.advance(30_000);
  await reader.of(alert('a'));
  expect(cluster.reads).toHaveLength(5);
});

test('an API server that does not answer does not hold up one alert after the other', async () => {
  const cluster = new Cluster();
  const clock = new ManualClock();
  const reader = new PodLabelReader({ kube: cluster, clock });
  cluster.addPod('a');
  cluster.failNext('unavailable', /pod/);
  for (const name of ['a', 'b', 'c', 'd']) expect(await reader.of(alert(name))).toBeUndefined();
  expect(cluster.reads).toHaveLength(1);
  clock.advance(5_000);
  expect(await reader.of(alert('a'))).toEqual({ app: 'a' });
  expect(await new PodLabelReader({ kube: undefined, clock }).of(alert('a'))).toBeUndefined();
});
