import type { Flow, FlowActor, FlowChunk } from '../../proto/lanner/v1/frames.ts';
import type { Batch } from '../store/faces.ts';

/** Flows as agents send them. */
export const MINUTE = Date.UTC(2026, 10, 23, 10, 15);

export const anActor = (over: Partial<FlowActor> = {}): FlowActor => ({
  namespace: 'shop',
  pod: 'web-1',
  podUid: 'uid-1',
  workload: 'web',
  containerId: 'c0ffee000001',
  containerName: 'nginx',
  image: { repository: 'registry.local/shop/web', tag: '1.4.2', digest: 'sha256:aa' },
  process: 'nginx',
  exe: '/usr/sbin/nginx',
  ...over,
});

export const aFlow = (over: Partial<Flow> = {}): Flow => ({
  actor: 0,
  direction: 'out',
  protocol: 'tcp',
  remoteAddress: '203.0.113.9',
  port: 443,
  localAddress: '10.244.0.7',
  outcome: 'ok',
  name: '',
  first: MINUTE + 1_000,
  last: MINUTE + 2_000,
  count: 2,
  sourcePorts: [40_001, 40_002],
  portsBeyond: 0,
  folded: false,
  ...over,
});

export const aChunk = (over: Partial<FlowChunk> = {}): FlowChunk => ({
  minute: MINUTE,
  actors: [anActor()],
  flows: [aFlow()],
  watched: { from: MINUTE - 600_000, to: MINUTE + 600_000 },
  ...over,
});

export const aBatchOf = (flows: FlowChunk, over: Partial<Batch> = {}): Batch => ({
  cluster: 'c1',
  node: 'node-1',
  epoch: 'e1',
  sequence: 1,
  alerts: [],
  gaps: [],
  flows,
  ...over,
});
