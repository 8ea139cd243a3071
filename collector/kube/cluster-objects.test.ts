import { describe, expect, test } from 'vitest';

import { OBJECTS_MAX, readObjects } from './cluster-objects.ts';
import type { PodObject } from './cluster-objects.ts';

const START = '2026-03-01T10:00:00Z';
const END = '2026-03-01T11:00:00Z';

function podOf(status: object): PodObject | undefined {
  const read = readObjects({ items: [{ kind: 'Pod', metadata: { name: 'web-0', namespace: 'shop',
    uid: 'u' }, spec: { containers: [{ name: 'main' }] },
  status: { podIP: '10.1.0.1', ...status } }] });
  if (!read.ok) throw new Error(read.detail);
  return read.objects.pods[0];
}

describe('since when a pod has its address', () => {
  const ready = { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: START };
  const running = (startedAt: string) => ({ name: 'main', state: { running: { startedAt } } });
  const ended = (finishedAt: string) =>
    ({ name: 'main', state: { terminated: { startedAt: START, finishedAt } } });

  test.each([
    ['its sandbox was ready', { conditions: [ready], containerStatuses: [running(END)] },
      Date.parse(START), Infinity],
    ['its first container ran, in older versions', { containerStatuses: [running(END)],
      initContainerStatuses: [ended(END)] }, Date.parse(START), Infinity],
    ['nobody says it', {}, 0, Infinity],
    ['a sandbox that is not ready says nothing', { conditions: [{ ...ready, status: 'False' }] },
      0, Infinity],
    ['until its containers ended, though its status keeps it', { phase: 'Succeeded',
      containerStatuses: [ended(START), ended(END)] }, Date.parse(START), Date.parse(END)],
    ['a failed one without times never had it', { phase: 'Failed' }, 0, 0],
  ])('%s', (_, status, sinceMs, untilMs) => {
    expect(podOf(status)).toMatchObject({ sinceMs, untilMs, uid: 'u' });
  });
});

describe('what is no list of Kubernetes’ objects', () => {
  test.each([
    ['not-a-list', { kind: 'Pod' }],
    ['not-a-list', null],
    ['too-many', { items: Array.from({ length: OBJECTS_MAX + 1 }) }],
    ['not-as-kubernetes-writes', { items: [{ kind: 'Pod', metadata: { name: 1 } }] }],
    ['not-as-kubernetes-writes', { items: [{ kind: 'Service', metadata: { name: 'x' },
      spec: { ports: [{ port: 70_000 }] } }] }],
  ])('is refused: %s', (reason, value) => {
    expect(readObjects(value)).toMatchObject({ ok: false, reason });
  });

  test('other kinds are passed over', () => {
    expect(readObjects({ items: [{ kind: 'Secret', data: {} }, 7, null, { kind: '__proto__' }] }))
      .toMatchObject({ ok: true, objects: { pods: [] } });
  });
});
