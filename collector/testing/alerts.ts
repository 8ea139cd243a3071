import type { Alert, AlertBehaviour, AlertProcess } from '../../baseline/alert.ts';

/** A complete alert for tests; what a test is about, it says in `over`. */
export function anAlert(over: Partial<Alert> = {}): Alert {
  const time = over.firstTime ?? '2026-03-01T10:00:00.000000000Z';
  return {
    id: 'alert-1',
    revision: 1,
    kind: 'anomaly',
    severity: 'high',
    cluster: 'c1',
    node: 'node-1',
    namespace: 'shop',
    pod: 'web-7k4r7fk9xj-xn5cd',
    podUid: 'uid-1',
    workload: 'web',
    containerId: '0123456789ab',
    containerName: 'web',
    image: { repository: 'docker.io/shop/web', tag: '1.4.2', digest: `sha256:${'a'.repeat(64)}` },
    process: aProcess(),
    behaviours: [aBehaviour({ time })],
    behavioursDropped: 0,
    profile: { state: 'complete', coverage: 0.99, observations: 41_200, pods: 4 },
    score: 80,
    scoreParts: [{ name: 'novel exec', value: 80 }],
    techniques: ['T1059.004'],
    firstTime: time,
    lastTime: time,
    count: 1,
    reason: { en: '/bin/bash started by gunicorn: never seen', zh: 'gunicorn 启动了 /bin/bash' },
    ...over,
  };
}

function aProcess(over: Partial<AlertProcess> = {}): AlertProcess {
  return {
    pid: 4_711,
    name: 'bash',
    exe: '/bin/bash',
    commandLine: 'bash -i',
    uid: 1_000,
    ancestry: ['gunicorn'],
    ...over,
  };
}

export function aBehaviour(over: Partial<AlertBehaviour> = {}): AlertBehaviour {
  return {
    channel: 'exec',
    value: 'exec /bin/bash ← gunicorn',
    time: '2026-03-01T10:00:00.000000000Z',
    count: 1,
    score: 80,
    techniques: ['T1059.004'],
    reason: { en: 'never seen', zh: '从未见过' },
    process: aProcess(),
    fields: { 'proc.cmdline': 'bash -i' },
    ...over,
  };
}
