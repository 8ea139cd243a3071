import { expect, test } from 'vitest';
import { workloadOf } from './workload.ts';

const cases: readonly (readonly [string, string, string])[] = [
  ['a Deployment', 'web-7k4r7fk9xj-xn5cd', 'web'],
  ['a Deployment whose hash is short', 'web-5d4c8b7-xn5cd', 'web'],
  ['a Deployment with dashes in its name', 'order-api-v2-dfdgdtnnr9-6vwd8', 'order-api-v2'],
  ['a StatefulSet', 'redis-0', 'redis'],
  ['a StatefulSet with a high ordinal', 'shop-kafka-112', 'shop-kafka'],
  ['a CronJob', 'report-29923910-l479r', 'report'],
  ['a Job', 'migrate-l479r', 'migrate'],
  ['a DaemonSet', 'node-exporter-x7k2p', 'node-exporter'],
  ['a DaemonSet whose name ends without vowels', 'fluent-bkprntr-x7k2p', 'fluent-bkprntr'],
  ['a bare pod', 'debug', 'debug'],
  ['a bare pod with a dash', 'my-debug', 'my-debug'],
  ['a suffix with a vowel', 'web-xa5cd', 'web-xa5cd'],
  ['a static pod', 'kube-apiserver-node-a', 'kube-apiserver'],
  ['a name that is only a suffix', '-xn5cd', '-xn5cd'],
  ['no pod', '', ''],
];

test.each(cases)('%s: %s comes from %s', (_what, pod, workload) => {
  expect(workloadOf(pod, 'node-a')).toBe(workload);
});

test('a long hostile name is read in linear time', () => {
  const name = 'b2'.repeat(32_768);
  expect(workloadOf(name, '')).toBe(name);
  expect(workloadOf(`${'-b'.repeat(32_768)}-x7k2p`, '').length).toBeGreaterThan(60_000);
});
