import type { Alert } from '../../baseline/alert.ts';

/** An alert for tests; `partly` says what matters to the test. */
export function alertWith(partly: Partial<Alert> = {}): Alert {
  const process = {
    pid: 4211,
    name: 'bash',
    exe: '/usr/bin/bash',
    commandLine: 'bash -i',
    uid: 33,
    ancestry: ['gunicorn'],
  };
  return {
    id: 'alert-1',
    revision: 1,
    kind: 'anomaly',
    severity: 'high',
    cluster: 'lab',
    node: 'node-a',
    namespace: 'shop',
    pod: 'api-7dm2bcfmj4-hvdzt',
    podUid: '70a9a40f',
    workload: 'api',
    containerId: 'a1d8d7924c1f',
    containerName: 'api',
    image: { repository: 'registry.local/shop/api', tag: '2.0.3', digest: 'sha256:d2' },
    process,
    behaviours: [
      {
        channel: 'exec',
        value: 'exec /usr/bin/bash ← gunicorn',
        time: '2026-11-23T11:50:41.101903733Z',
        count: 1,
        score: 40,
        techniques: ['T1059'],
        reason: { en: 'never seen', zh: '从未出现' },
        process,
        fields: { 'proc.cmdline': 'bash -i' },
      },
    ],
    behavioursDropped: 0,
    profile: { state: 'complete', coverage: 0.98, observations: 41_200, pods: 4 },
    score: 81,
    scoreParts: [{ name: 'exec', value: 40 }],
    techniques: ['T1059'],
    firstTime: '2026-11-23T11:50:41.101903733Z',
    lastTime: '2026-11-23T11:50:41.101903733Z',
    count: 1,
    reason: { en: '/usr/bin/bash started by gunicorn', zh: 'gunicorn 启动了 /usr/bin/bash' },
    ...partly,
  };
}
