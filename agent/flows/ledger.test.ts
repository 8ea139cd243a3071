import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Accept, Connect, Container } from '../../baseline/observation.ts';
import { FLOWS_PER_CHUNK_MAX } from '../../proto/lanner/v1/bounds.ts';
import { encodeAgentFrame } from '../../proto/lanner/v1/encode-frame.ts';
import { decodeAgentFrame } from '../../proto/lanner/v1/decode-frame.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';
import { CHUNK_BYTES_MAX } from './chunks.ts';
import { FLOWS_MAX, FLOWS_PER_CONTAINER_MAX, FOLDED_PER_CONTAINER_MAX } from './flow-minute.ts';
import { FlowLedger, GRACE_MS, MINUTES_MAX, MINUTE_MS } from './ledger.ts';

const START = Date.UTC(2026, 10, 23, 10, 15);
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

const pod = (number: number): Container => ({
  scope: 'container',
  id: `c0ffee0000${number}`,
  name: 'app',
  image: { repository: 'registry.local/shop/app', tag: '1', digest: '' },
  namespace: 'shop',
  pod: `app-${number}`,
  podUid: `uid-${number}`,
  workload: 'app',
});

const connect = (over: Partial<Connect> = {}): Connect => ({
  kind: 'connect',
  timeNs: ns(START),
  node: 'node-a',
  container: pod(1),
  process: { pid: 7, ppid: 1, name: 'app', exe: '/usr/bin/app', parentName: '', parentExe: '',
    uid: 0 },
  fields: new Map(),
  address: '203.0.113.9',
  port: 443,
  protocol: 'tcp',
  localAddress: '10.244.0.7',
  localPort: 40_000,
  name: '',
  result: 'SUCCESS',
  ...over,
});

const accept = (over: Partial<Accept> = {}): Accept => {
  const { address: _, port: __, name: ___, result: ____, ...same } = connect();
  return { ...same, kind: 'accept', peerAddress: '10.244.0.1', peerPort: 51_000,
    localPort: 8_080, ...over };
};

const flowsIn = (chunks: readonly FlowChunk[]) => chunks.flatMap(({ actors, flows }) =>
  flows.map(({ actor, ...flow }) => ({ ...flow, who: actors[actor] })));
const connectionsIn = (chunks: readonly FlowChunk[]): number =>
  flowsIn(chunks).reduce((sum, { count }) => sum + count, 0);

const later = ns(START + MINUTE_MS + GRACE_MS);

describe('the flow ledger', () => {
  test('connections of one process to one end in one minute are one flow', () => {
    const ledger = new FlowLedger();
    ledger.take(ns(START));
    for (const [at, localPort] of [[5, 40_001], [1, 40_002], [9, 40_001]] as const) {
      ledger.note(connect({ timeNs: ns(START + at), localPort }));
    }
    expect(ledger.take(ns(START + MINUTE_MS + GRACE_MS - 1))).toEqual([]);
    const chunks = ledger.take(later);
    expect(flowsIn(chunks)).toEqual([expect.objectContaining({
      direction: 'out', remoteAddress: '203.0.113.9', port: 443, outcome: 'ok', count: 3,
      first: START + 1, last: START + 9, sourcePorts: [40_001, 40_002], portsBeyond: 0,
      who: expect.objectContaining({ pod: 'app-1', process: 'app', exe: '/usr/bin/app' }),
    })]);
    expect(chunks.at(-1)?.watched).toEqual({ from: START, to: START + MINUTE_MS });
    expect(ledger.take(later)).toEqual([]);
  });

  test('the answering side is told by its own port, and the others by theirs', () => {
    const ledger = new FlowLedger();
    ledger.note(accept());
    ledger.note(accept({ peerPort: 51_001 }));
    expect(flowsIn(ledger.end(later))).toMatchObject([
      { direction: 'in', remoteAddress: '10.244.0.1', port: 8_080, sourcePorts: [51_000, 51_001] },
    ]);
  });

  test('how it ended is told apart, and loopback is only counted', () => {
    const ledger = new FlowLedger();
    const results = ['SUCCESS', '', '17', 'EINPROGRESS', 'ERESTARTSYS', 'ECONNREFUSED', 'ENETUNREACH'];
    for (const result of results) ledger.note(connect({ result }));
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.53']) ledger.note(connect({ address }));
    const found = flowsIn(ledger.end(later)).map(({ outcome, count }) => [outcome, count]);
    expect(found).toEqual([['ok', 3], ['in-progress', 2], ['refused', 1], ['failed', 1]]);
    expect(ledger.counts()).toMatchObject({ counted: 7, loopback: 3 });
  });

  test('a pod that connects everywhere takes no room of others and loses no connection', () => {
    const ledger = new FlowLedger();
    ledger.take(ns(START));
    const many = FLOWS_PER_CONTAINER_MAX + 3_000;
    for (let at = 0; at < many; at += 1) {
      ledger.note(connect({ address: `198.51.${at >> 8}.${at & 255}`, port: at % 1_000 }));
    }
    ledger.note(connect({ container: pod(2) }));
    const chunks = ledger.take(later);
    expect(connectionsIn(chunks)).toBe(many + 1);
    const flows = flowsIn(chunks);
    expect(flows.filter(({ who }) => who?.pod === 'app-2')).toMatchObject([{ folded: false }]);
    const folded = flows.filter((flow) => flow.folded);
    expect(folded).toHaveLength(FOLDED_PER_CONTAINER_MAX + 1);
    expect(folded.every(({ remoteAddress }) => remoteAddress === '')).toBe(true);
    expect(folded.filter(({ port }) => port === -1)).toHaveLength(1);
    expect(ledger.counts()).toMatchObject({ counted: many + 1, folded: 3_000, dropped: 0 });
  });

  test('many pods together stay within the bound of a minute, and every one is named', () => {
    const ledger = new FlowLedger();
    const pods = FLOWS_MAX / FLOWS_PER_CONTAINER_MAX + 4;
    for (let number = 0; number < pods; number += 1) {
      for (let at = 0; at < FLOWS_PER_CONTAINER_MAX; at += 1) {
        ledger.note(connect({ container: pod(number), address: `198.51.${at >> 8}.${at & 255}` }));
      }
    }
    const chunks = ledger.end(later);
    expect(chunks.every(({ flows }) => flows.length <= FLOWS_PER_CHUNK_MAX)).toBe(true);
    expect(flowsIn(chunks).filter(({ folded }) => !folded)).toHaveLength(FLOWS_MAX);
    expect(connectionsIn(chunks)).toBe(pods * FLOWS_PER_CONTAINER_MAX);
    expect(new Set(flowsIn(chunks).map(({ who }) => who?.pod)).size).toBe(pods);
  });

  test('names as long as they get make chunks that can be sent with a batch', () => {
    const ledger = new FlowLedger();
    const long = '\u{1f4a3}\ud800"\\'.repeat(900);
    for (let at = 0; at < 300; at += 1) {
      const container = { ...pod(at), name: long, namespace: long, pod: long, workload: long };
      ledger.note(connect({ container, address: long, name: long, protocol: long,
        process: { ...connect().process, name: `${at}${long}`, exe: `${at}${long}` } }));
    }
    const chunks = ledger.end(later);
    expect(chunks.length).toBeGreaterThan(1);
    for (const flows of chunks) {
      const frame = { kind: 'alerts' as const, epoch: 'e', sequence: 1, alerts: [], gaps: [], flows };
      const bytes = encodeAgentFrame(frame);
      expect(bytes.length).toBeLessThan(2 * CHUNK_BYTES_MAX);
      expect(decodeAgentFrame(bytes)).toEqual(frame);
    }
  });

  test('what is late makes another flow of its minute', () => {
    const ledger = new FlowLedger();
    ledger.take(ns(START));
    ledger.note(connect());
    const first = ledger.take(later);
    ledger.note(connect({ timeNs: ns(START + 30) }));
    const second = ledger.take(later + ns(MINUTE_MS));
    expect([...first, ...second].map(({ minute }) => minute)).toEqual([START, START]);
    expect(connectionsIn([...first, ...second])).toBe(2);
    expect(second.at(-1)?.watched)
      .toEqual({ from: START + MINUTE_MS, to: START + 2 * MINUTE_MS });
  });

  test('a clock that leaps leaves a hole in what was watched, and no connection out', () => {
    const ledger = new FlowLedger();
    ledger.take(ns(START));
    ledger.note(connect());
    const leapt = START + 86_400_000;
    const chunks = ledger.take(ns(leapt));
    expect(connectionsIn(chunks)).toBe(1);
    expect(chunks.every(({ watched }) => watched === null)).toBe(true);
    const [next] = ledger.take(ns(leapt + 2 * MINUTE_MS));
    expect(next?.watched?.from).toBe(leapt);
  });

  test('nothing is watched before the first event, and the end tells up to then', () => {
    const ledger = new FlowLedger();
    expect(ledger.take(0n)).toEqual([]);
    expect(ledger.end(0n)).toEqual([]);
    ledger.take(ns(START));
    expect(ledger.end(ns(START + 1_234)).at(-1)?.watched)
      .toEqual({ from: START, to: START + 1_234 });
  });

  test('whatever the times and however it is taken, every connection is in it once', () => {
    const step = fc.record({
      at: fc.integer({ min: -3, max: 40 }),
      port: fc.constantFrom(80, 443, -1),
      number: fc.integer({ min: 1, max: 3 }),
      isTaken: fc.boolean(),
    });
    fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const ledger = new FlowLedger();
      const chunks: FlowChunk[] = [];
      let nowMs = START;
      for (const { at, port, number, isTaken } of steps) {
        const atMs = START + at * 20_000;
        nowMs = Math.max(nowMs, atMs);
        ledger.note(connect({ timeNs: ns(atMs), port, container: pod(number) }));
        if (isTaken) chunks.push(...ledger.take(ns(nowMs)));
      }
      chunks.push(...ledger.end(ns(nowMs)));
      expect(connectionsIn(chunks)).toBe(steps.length);
      expect(ledger.counts().counted).toBe(steps.length);
      let watchedTo: number | null = null;
      for (const { watched } of chunks) {
        if (watched === null) continue;
        if (watchedTo !== null) expect(watched.from).toBe(watchedTo);
        watchedTo = watched.to;
      }
    }));
  });

  test('open minutes are bounded', () => {
    const ledger = new FlowLedger();
    ledger.take(ns(START));
    for (let at = 0; at < 3 * MINUTES_MAX; at += 1) {
      ledger.note(connect({ timeNs: ns(START + at * MINUTE_MS) }));
    }
    expect(ledger.take(ns(START + 1)).length).toBe(2 * MINUTES_MAX);
  });
});
