import { join } from 'node:path';

import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import { Baseline } from '../../../baseline/baseline.ts';
import type { Alert } from '../../../baseline/alert.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { toDocument } from '../../../baseline/profile/document.ts';
import type { ProfileDocument } from '../../../baseline/profile/document.ts';
import { scaledTo } from '../../../demo/recording/scale.ts';
import { msOf, readRecording } from '../../../test/bench/detect/recording.ts';
import type { Label } from '../../../test/bench/detect/recording.ts';
import { learnedOf } from '../learned.ts';
import type { Learned } from '../learned.ts';
import { readObjects } from '../../kube/cluster-objects.ts';
import type { ClusterObjects } from '../../kube/cluster-objects.ts';

/** The shipped recording: what was learned of it, what was seen, and the cluster it was made in. */
export type Recorded = {
  /** At the end of the recording: upgrades have a profile, attacks taught nothing. */
  readonly profiles: readonly Learned[];
  readonly documents: readonly ProfileDocument[];
  readonly observations: readonly Observation[];
  readonly alerts: readonly Alert[];
  /** Without the pod that an intruder made: who hands objects over vouches for them. */
  readonly objects: ClusterObjects;
  /** With it. */
  readonly everything: ClusterObjects;
  readonly objectsJson: { readonly items: readonly object[] };
  readonly everythingJson: { readonly items: readonly object[] };
  readonly labels: readonly Label[];
};

/** What an attack leaves running goes on after its label ends. */
const AFTERMATH_MS = 60_000;

export function learnRecording(): Recorded {
  const recording = readRecording(join(import.meta.dirname, '../../../demo/recording'));
  const { trainStartMs, testStartMs, events, labels } = recording;
  const baseline = new Baseline({
    cluster: 'bench',
    node: 'node-a',
    ...scaledTo(testStartMs - trainStartMs),
  });
  const observations: Observation[] = [];
  const alerts = new Map<string, Alert>();
  const identity = new Identity({
    node: 'node-a',
    clock: new EventClock(() => 0),
    onObservation: (observation) => {
      observations.push(observation);
      baseline.observe(observation);
    },
  });
  let takenMs = 0;
  let nowMs = 0;
  for (const event of events) {
    identity.receive(event);
    nowMs = Math.max(nowMs, msOf(event));
    if (nowMs - takenMs < 100) continue;
    takenMs = nowMs;
    identity.advance();
    baseline.advance(BigInt(nowMs) * 1_000_000n);
    // The newest revision of each.
    for (const alert of baseline.takeAlerts()) alerts.set(alert.id, alert);
  }
  const documents = [...baseline.profiles.values()].map((profile) => toDocument(profile))
    .filter(({ image }) => image.repository !== '')
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const objectsJson = objectsOf(observations);
  const everything = read(objectsJson);
  const intruder = (item: object): boolean => JSON.stringify(item).includes(INTRUDER);
  const vouched = { items: objectsJson.items.filter((item) => !intruder(item)) };
  return {
    profiles: documents.map(learnedOf),
    documents,
    observations,
    alerts: [...alerts.values()],
    objects: read(vouched),
    everything,
    objectsJson: vouched,
    everythingJson: objectsJson,
    labels,
  };
}

const ATTACKER = '203.0.113.66';
/** The pod of attack a51. */
const INTRUDER = 'kube-proxy-check-manual';

function read(value: unknown): ClusterObjects {
  const result = readObjects(value);
  if (!result.ok) throw new Error(result.detail);
  return result.objects;
}

/** Whose doing an observation was, by the labels of its pod and time. */
export function causeOf(
  o: Observation,
  { labels, everything }: Pick<Recorded, 'labels' | 'everything'>,
): 'attack' | 'other' {
  const ms = Number(o.timeNs / 1_000_000n);
  const peer = o.kind === 'accept' ? o.peerAddress : '';
  // What arrives is the doing of the pod that it came from, or of the one machine that attacked.
  if (peer === ATTACKER) return 'attack';
  const ends = [o.container.pod, ...everything.pods
    .filter(({ addresses }) => peer !== '' && addresses.includes(peer)).map(({ name }) => name)];
  return labels.some(({ kind, pods, startMs, endMs }) =>
    (kind === 'attack' || kind === 'maintenance') && pods.some((pod) => ends.includes(pod)) &&
    ms >= startMs - 1_000 && ms <= endMs + AFTERMATH_MS)
    ? 'attack'
    : 'other';
}

const SERVICES: readonly (readonly [string, string, string, number, string])[] = [
  ['kube-system', 'kube-dns', '10.96.0.10', 53, 'coredns'],
  ['shop', 'web', '10.96.0.80', 80, 'web'],
  ['shop', 'api', '10.96.0.81', 8080, 'api'],
  ['shop', 'notifier', '10.96.0.82', 3000, 'notifier'],
  ['shop', 'redis', '10.96.0.83', 6379, 'redis'],
  ['shop', 'postgres', '10.96.0.84', 5432, 'postgres'],
];

/** The node's end of the pods' bridge: probes come from there. */
const NODE = { name: 'node-a', address: '10.244.0.1' };

/** What `kubectl get` would have said: pods as observed, services as the recording's script made. */
function objectsOf(observations: readonly Observation[]): { readonly items: readonly object[] } {
  const pods = new Map<string, { o: Observation; address: string }>();
  for (const o of observations) {
    const { namespace, pod, image } = o.container;
    if (pod === '' || image.repository === '') continue;
    const name = `${namespace}/${pod}`;
    const found = pods.get(name) ?? { o, address: '' };
    const own = o.kind === 'accept' || o.kind === 'connect' ? o.localAddress : '';
    pods.set(name, own.startsWith('10.244.') ? { ...found, address: own } : found);
  }
  const items = [
    ...['shop', 'batch', 'kube-system', 'default'].map((name) =>
      ({ kind: 'Namespace', metadata: { name, labels: { 'kubernetes.io/metadata.name': name } } })),
    { kind: 'Node', metadata: { name: NODE.name },
      status: { addresses: [{ type: 'InternalIP', address: NODE.address }] } },
    ...[...pods.values()].map(({ o, address }) => podObject(o, address)),
    ...SERVICES.map(([namespace, name, clusterIP, port, app]) => ({
      kind: 'Service',
      metadata: { namespace, name },
      spec: {
        clusterIP,
        selector: { app },
        type: name === 'web' ? 'NodePort' : 'ClusterIP',
        ports: [{ name: 'tcp', port, protocol: 'TCP' },
          ...port === 53 ? [{ name: 'udp', port, protocol: 'UDP' }] : []],
      },
    })),
    { kind: 'Service', metadata: { namespace: 'default', name: 'kubernetes' },
      spec: { clusterIP: '10.96.0.1', ports: [{ port: 443, targetPort: 6443 }] } },
    { kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'kubernetes',
        labels: { 'kubernetes.io/service-name': 'kubernetes' } },
      endpoints: [{ addresses: ['192.0.2.10'] }], ports: [{ port: 6443, protocol: 'TCP' }] },
  ];
  return { items };
}

function podObject({ container }: Observation, address: string): object {
  const { namespace, pod, podUid, image, name } = container;
  const app = /^(web|api|notifier|redis|postgres|coredns|report)/.exec(pod)?.[1] ?? pod;
  const isMadeByJob = app === 'report';
  return {
    kind: 'Pod',
    metadata: {
      namespace,
      name: pod,
      uid: podUid,
      labels: { app },
      ...pod.startsWith(INTRUDER) ? {} : { ownerReferences:
        [{ kind: isMadeByJob ? 'Job' : 'StatefulSet', name: app, controller: true }] },
    },
    spec: {
      nodeName: NODE.name,
      containers: [{ name, image: `${image.repository}:${image.tag}` }],
    },
    status: {
      podIP: address,
      containerStatuses: [{ name, imageID: `${image.repository}@${image.digest}` }],
    },
  };
}
