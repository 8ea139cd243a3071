import type { Image } from '../../baseline/observation.ts';
import { aFlow } from '../../collector/testing/flows.ts';
import type { KubeApi } from '../../collector/testing/kube-api.ts';
import type { Flow, FlowChunk, ImageRun, ImagesFrame } from '../../proto/lanner/v1/frames.ts';
import { hostile } from './hostile.ts';
import type { FedAgent } from './world.ts';

/** Two workloads of a shop: who they are, what they ran and whom they talked to. */
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const REPOSITORY = 'registry.bank.example/shop/web';
const digest = (n: number): string => `sha256:${String(n).repeat(64)}`;
const image = (tag: string, n: number) => ({ repository: REPOSITORY, tag, digest: digest(n) });

export const OLD = image('1.4.2', 1);
export const NEW = image('1.4.3', 2);
export const NEW_KEY = `${REPOSITORY}@${digest(2)}`;
export const CART = { repository: 'registry.bank.example/shop/cart', tag: '2.10.0', digest: digest(3) };
export const HOSTILE = { repository: hostile.bidi, tag: hostile.markup, digest: digest(4) };

export const NODE_IP = '10.0.3.7';
/** When the flows below were; old enough that nothing is still on its way. */
export const FLOWS_MS = Math.floor((Date.now() - 20 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;

/** Of the base that two of the images share. */
export const LAYER = `sha256:${'a'.repeat(64)}`;

/** Who the addresses belong to: two workloads and a service of one namespace. */
export function fillCluster(kube: KubeApi): void {
  // Before anything was learned of them: an address says nothing about the time before.
  const created = new Date(FLOWS_MS - 12 * HOUR_MS).toISOString();
  const metadata = (name: string, namespace = '') =>
    ({ name, creationTimestamp: created, ...namespace === '' ? {} : { namespace } });
  kube.add({ kind: 'Namespace', metadata: { ...metadata('shop'),
    labels: { 'kubernetes.io/metadata.name': 'shop' } } });
  kube.add({ kind: 'Node', metadata: metadata('node-1'),
    status: { addresses: [{ type: 'InternalIP', address: NODE_IP }] } });
  for (const [workload, of, podIP] of [['web', NEW, '10.244.0.7'], ['cart', CART, '10.244.0.8']] as
    const) {
    kube.add({
      kind: 'Pod',
      metadata: {
        ...metadata(`${workload}-7d9f8b6c5-x2kqp`, 'shop'),
        uid: `uid-${workload}`,
        labels: { app: workload, 'pod-template-hash': '7d9f8b6c5' },
        ownerReferences: [{ kind: 'ReplicaSet', name: `${workload}-7d9f8b6c5`, controller: true }],
      },
      spec: { nodeName: 'node-1', containers: [{ name: workload,
        image: `${of.repository}:${of.tag}`, ports: [{ containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP, podIPs: [{ ip: podIP }], startTime: created,
        containerStatuses: [{ name: workload, imageID: `${of.repository}@${of.digest}` }] },
    });
  }
  kube.add({ kind: 'Service', metadata: metadata('cart', 'shop'), spec: { clusterIP: '10.96.4.17',
    clusterIPs: ['10.96.4.17'], selector: { app: 'cart' },
    ports: [{ port: 8080, protocol: 'TCP', targetPort: 8080 }] } });
}

/** A quarter of an hour of connections, with a gap in it and with names that an attacker chose. */
export async function connect(agent: FedAgent): Promise<void> {
  const actor = (namespace: string, workload: string, of: Image, exe: string) => ({
    namespace,
    pod: `${workload}-7d9f8b6c5-x2kqp`,
    podUid: `uid-${workload}`,
    workload,
    containerId: `c0ffee-${workload}`.slice(0, 12),
    containerName: workload,
    image: of,
    process: exe.split('/').at(-1) ?? exe,
    exe,
  });
  const actors = [
    actor('shop', 'web', NEW, '/usr/sbin/nginx'),
    actor('shop', 'cart', CART, '/app/cart'),
    { ...actor('shop', 'web', NEW, '/usr/bin/curl'), process: hostile.bidi },
    { ...actor('', '', { repository: '', tag: '', digest: '' }, '/usr/bin/kubelet'), pod: '',
      podUid: '', containerId: '' },
  ];
  const flow = (over: Partial<Flow>): Flow => aFlow({ first: FLOWS_MS + 1_000,
    last: FLOWS_MS + 20_000, ...over });
  const many = Array.from({ length: 300 }, (_, n) => flow({
    actor: 1,
    remoteAddress: `198.51.${100 + Math.floor(n / 250)}.${n % 250 + 1}`,
    port: 8443,
    sourcePorts: [],
    name: n === 7 ? hostile.formula : '',
  }));
  const chunk = (flows: readonly Flow[], minute: number): FlowChunk => ({ minute, actors, flows,
    watched: { from: FLOWS_MS - 600_000, to: FLOWS_MS + 900_000 } });
  await agent.flows(chunk([
    flow({ name: 'pay.example', count: 3, sourcePorts: [51_001, 51_002, 51_003] }),
    flow({ actor: 1, first: FLOWS_MS + 40_000, last: FLOWS_MS + 40_000, count: 1,
      sourcePorts: [51_234] }),
    flow({ actor: 2, outcome: 'refused', sourcePorts: [], portsBeyond: 2 }),
    flow({ actor: 3, remoteAddress: '203.0.113.77' }),
    ...many,
  ], FLOWS_MS));
  await agent.flows(chunk([flow({ actor: 0, remoteAddress: '10.96.4.17', port: 8080,
    first: FLOWS_MS + 60_000, last: FLOWS_MS + 61_000 })], FLOWS_MS + MINUTE_MS), [{
    from: new Date(FLOWS_MS + 400_000).toISOString(),
    to: new Date(FLOWS_MS + 430_000).toISOString(),
    cause: 'falco-drop',
    eventsEstimate: 12,
  }]);
}

/** Which images ran in which pods: the older version of one until an hour ago. */
export function runsOf(workloads: readonly string[]): ImagesFrame {
  const now = Date.now();
  const run = (workload: string, of: Image, over: Partial<ImageRun>): ImageRun => ({
    image: of,
    namespace: 'shop',
    pod: `${workload}-7d9f8b6c5-x2kqp`,
    podUid: `uid-${workload}`,
    workload,
    first: now - 9 * HOUR_MS,
    last: now,
    ended: false,
    ...over,
  });
  return {
    kind: 'images',
    runs: [
      ...workloads.map((workload) => run(workload, workload === 'web' ? NEW : CART, {})),
      run('web', OLD, { pod: 'web-66c8d-9zzzz', podUid: 'uid-old', last: now - HOUR_MS,
        ended: true }),
      run(hostile.bidi, HOSTILE, { pod: hostile.markup, podUid: 'uid-hostile' }),
    ],
    layers: [
      { image: NEW, layers: [LAYER, `sha256:${'b'.repeat(64)}`] },
      { image: CART, layers: [LAYER] },
    ],
  };
}
