/**
 * The fast path and its slow twin, fed with the same frames: alerts, profiles to the byte, counters
 * and what the recorder was told are the same, on whatever comes, and on the recording.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { random } from '../baseline/testing/random.ts';
import { scaledTo } from '../demo/recording/scale.ts';
import meta from '../demo/recording/meta.json' with { type: 'json' };
import { grpcResponse } from '../demo/replay-falco/recorded-event.ts';
import type { FalcoText, ResponseContent } from '../proto/falco/response-writer.ts';
import { encodeResponse } from '../proto/falco/response-writer.ts';
import { eventLine } from './testing/event-line.ts';
import { twinWith } from './testing/twin.ts';
import type { Twin, Wire } from './testing/twin.ts';

const START_NS = 1_795_434_000_000_000_000n;
const WINDOW_MS = 10_000;

const POD = (pod: number): Record<string, string> => ({
  'container.id': `c0ffee00000${pod}`,
  'container.name': 'app',
  'container.image.repository': 'registry.local/shop/app',
  'container.image.tag': '1',
  'container.image.digest': 'sha256:aa',
  'k8s.ns.name': 'shop',
  'k8s.pod.name': `app-7k4r7fk9xj-xn5c${pod}`,
  'k8s.pod.uid': `00000000-0000-4000-8000-00000000000${pod}`,
});

/** Few values, so that most of what happens happened before. */
const pick = <T>(...items: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...items);
const process = fc.record({
  'proc.name': pick('app', 'sh', 'nginx'),
  'proc.exepath': pick('/usr/bin/app', '/bin/sh', '', '<NA>'),
  'proc.pname': pick('app', 'runc', 'sh'),
  'proc.pid': pick('7', '8', '9', '', 'x', '12345678901'),
  'proc.ppid': pick('1', '7', '8'),
  'user.uid': pick('0', '1000'),
});
const path = pick<FalcoText>(
  '/var/log/app.log', '/tmp/report.racBSJ', '/tmp/report.kkBSJa', '/proc/7/environ', '/etc/shadow',
  '/proc/self/stat', '/var/run/secrets/kubernetes.io/serviceaccount/token', '<UNKNOWN>x', '<NA>',
  Buffer.from([0x2f, 0x61, 0xff, 0x62]), Buffer.from([0x2f, 0x61, 0xfe, 0x62]), '/usr/bin/tool',
);
const address = pick('10.244.0.5', '10.244.0.6', '203.0.113.7', '127.0.0.1', '169.254.169.254');
const port = pick('443', '8080', '40001', '40002', '<NA>', '99999');
const details: fc.Arbitrary<Record<string, FalcoText>> = fc.oneof(
  { weight: 6, arbitrary: fc.record({
    'evt.type': pick('openat', 'open'),
    'fd.name': path,
    'evt.arg.flags': pick('O_RDONLY', 'O_WRONLY|O_CREAT', 'O_RDWR'),
  }) },
  { weight: 3, arbitrary: fc.record({
    'evt.type': pick('connect'),
    'fd.sip': address,
    'fd.sport': port,
    'fd.cip': address,
    'fd.cport': port,
    'fd.l4proto': pick('tcp', 'udp'),
    'evt.res': pick('SUCCESS', 'EINPROGRESS'),
  }) },
  { weight: 2, arbitrary: fc.record({
    'evt.type': pick('accept4'),
    'fd.sip': address,
    'fd.sport': port,
    'fd.cip': address,
    'fd.cport': port,
    'fd.l4proto': pick('tcp'),
  }) },
  { weight: 2, arbitrary: fc.record({
    'evt.type': pick('unlinkat', 'rename', 'fchmodat'),
    'fs.path.name': path,
    'fs.path.target': path,
  }) },
  { weight: 1, arbitrary: fc.record({ 'evt.type': pick('setuid', 'capset', 'mount'), 'evt.res': pick('0', 'EPERM') }) },
  { weight: 1, arbitrary: fc.record({ 'evt.type': pick('procexit'), 'evt.arg.status': pick('0', '1') }) },
  { weight: 1, arbitrary: fc.record({
    'evt.type': pick('execve'),
    'proc.vpid': pick('1', '7', '8'),
    'proc.cmdline': pick('app', 'sh -c date', 'nginx'),
    'proc.tty': pick('0', '34816'),
  }) },
);

type Step = {
  readonly details: Record<string, FalcoText>;
  readonly process: Record<string, string>;
  readonly pod: number;
  readonly isNamed: boolean;
  readonly stepMs: number;
  readonly tags: readonly string[];
  readonly times: number;
  readonly order: number;
  readonly between: 'nothing' | 'gap' | 'decide' | 'undecide' | 'adopt';
};

/** What the image does all day. */
const habits: readonly Record<string, string>[] = [
  { 'evt.type': 'openat', 'fd.name': '/srv/page.html', 'evt.arg.flags': 'O_RDONLY' },
  { 'evt.type': 'openat', 'fd.name': '/var/log/app.log', 'evt.arg.flags': 'O_WRONLY' },
  { 'evt.type': 'fchmod', 'fs.path.name': '/var/cache/app' },
  { 'evt.type': 'accept4', 'fd.sip': '10.244.0.5', 'fd.sport': '8080', 'fd.cip': '10.244.0.9',
    'fd.cport': '40001', 'fd.l4proto': 'tcp' },
  { 'evt.type': 'connect', 'fd.sip': '10.96.0.1', 'fd.sport': '443', 'fd.cip': '10.244.0.5',
    'fd.l4proto': 'tcp', 'evt.res': 'SUCCESS' },
  { 'evt.type': 'procexit', 'evt.arg.status': '0' },
];
const worker = {
  'proc.name': 'app', 'proc.exepath': '/usr/bin/app', 'proc.pname': 'app', 'user.uid': '1000',
};

const habit: Step = {
  details: {}, process: { ...worker, 'proc.pid': '7', 'proc.ppid': '1' }, pod: 0, isNamed: true,
  stepMs: 100, tags: ['lanner'], times: 2, order: 3, between: 'nothing',
};

/** Enough of it to be known, by every pod. */
const lessons: readonly Step[] = Array.from({ length: 12 }, (_, round) =>
  [0, 1, 2].flatMap((pod) =>
    habits.map((one, index): Step => ({
      ...habit, details: one, pod, stepMs: pod === 0 && index === 0 ? WINDOW_MS / 2 : 50, order: round,
    })))).flat();

const habitual: fc.Arbitrary<Step> = fc.record({
  details: pick(...habits),
  process: fc.record({ 'proc.pid': pick('7', '8', '9'), 'proc.ppid': pick('1', '7') })
    .map((pids) => ({ ...worker, ...pids })),
  pod: fc.nat(2),
  isNamed: fc.constant(true),
  stepMs: pick(0, 1, 50, 700, 2_500, -400),
  tags: pick(['lanner'], ['a', 'lanner']),
  times: pick(1, 2, 3, 40),
  order: fc.nat(1_000),
  between: pick('nothing', 'nothing', 'nothing', 'nothing', 'nothing', 'nothing', 'gap', 'adopt'),
});

/** What makes another event of a habit. */
const twists: readonly Record<string, string>[] = [
  { 'evt.arg.flags': 'O_RDONLY' }, { 'evt.arg.flags': 'O_RDWR' }, { 'evt.is_open_write': 'true' },
  { 'evt.type': 'creat' }, { 'evt.type': 'sendto' }, { 'fd.name': '/srv/page.htm' },
  { 'fd.sport': '8081' }, { 'fd.cport': '22' }, { 'fd.cip': '10.244.0.8' }, { 'fd.sip': '10.96.0.2' },
  { 'fd.l4proto': 'udp' }, { 'evt.res': 'EPERM' }, { 'fs.path.name': '/var/cache/ap' },
  { 'evt.arg.status': '1' }, { 'proc.name': 'sh' }, { 'proc.exepath': '/bin/app' },
  { 'user.uid': '0' }, { 'container.id': POD(4)['container.id'] as string },
];

const wild: fc.Arbitrary<Step> = fc.record({
  details,
  process,
  pod: fc.nat(2),
  isNamed: fc.nat(9).map((chance) => chance > 0),
  stepMs: pick(0, 1, 50, 700, 700, 2_500, WINDOW_MS, 3 * WINDOW_MS, -400, -700_000),
  tags: pick(['lanner'], ['lanner'], ['a', 'lanner'], ['other']),
  times: pick(1, 2, 3, 40),
  order: fc.nat(1_000),
  between: pick('nothing', 'nothing', 'nothing', 'nothing', 'gap', 'decide', 'undecide', 'adopt'),
});

const step = fc.oneof({ weight: 6, arbitrary: habitual }, { weight: 1, arbitrary: wild });

/** Falco's map has no order. */
function framesOf(one: Step, startNs: bigint, wire: Wire): Buffer[] {
  const pod = one.isNamed ? POD(one.pod) : { 'container.id': POD(one.pod)['container.id'] as string };
  const fields = Object.entries<FalcoText>({ ...pod, ...one.process, ...one.details });
  const shift = one.order % fields.length;
  const content: Omit<ResponseContent, 'timeNs'> = {
    priority: 7,
    rule: 'lanner telemetry',
    output: 'x',
    fields: [...fields.slice(shift), ...fields.slice(0, shift)],
    hostname: 'node-a',
    tags: one.tags,
    source: 'syscall',
  };
  const encode = wire === 'grpc' ? encodeResponse : eventLine;
  return Array.from({ length: one.times }, (_, time) =>
    encode({ ...content, timeNs: startNs + BigInt(time) * 1_000_000n }));
}

function between({ between: what }: Step, { baseline }: Twin, nowNs: bigint): void {
  const decision = {
    id: 'd1', kind: 'reject', scope: 'everywhere', profileKey: '', repository: '', channel: 'file-read',
    value: 'read /var/log/app.log by app', by: 'a', at: '2026-11-23T11:00:00Z', why: '',
  };
  if (what === 'gap') baseline.noteGap({ fromNs: nowNs - 1_000_000_000n, toNs: nowNs });
  else if (what === 'decide') expect(baseline.decide([decision]).ok).toBe(true);
  else if (what === 'undecide') baseline.decide([]);
  else if (what === 'adopt') {
    for (const { key, document } of baseline.takeEvidence()) baseline.adopt(key, document);
  }
}

const impatient = {
  windowMs: WINDOW_MS,
  taintMs: 15_000,
  startUpMs: 5_000,
  completion: {
    noveltyRate: 0.5, confidence: 0.5, ageMsMin: 20_000, podsMin: 2, podsMinWithRestart: 2,
  },
};

const wires: readonly Wire[] = ['grpc', 'http'];

test.each(wires)('whatever comes over %s, in any order: the fast path changes nothing', (wire) => {
  let repeated = 0;
  let judged = 0;
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 120 }), (steps) => {
      const fast = twinWith(true, impatient, wire);
      const slow = twinWith(false, impatient, wire);
      let nowNs = START_NS;
      for (const one of [...lessons, ...steps]) {
        nowNs += BigInt(one.stepMs) * 1_000_000n;
        const frames = framesOf(one, nowNs, wire);
        for (const twin of [fast, slow]) {
          between(one, twin, nowNs);
          twin.take(frames);
        }
      }
      expect(fast.answers()).toEqual(slow.answers());
      repeated += fast.repeated();
      judged += fast.records.length;
      for (const { kind } of fast.records) seen.add(kind);
    }),
    { numRuns: 30 },
  );
  // It would hold as well if nothing were ever recognised.
  expect(repeated / judged).toBeGreaterThan(0.3);
  expect(seen).toContain('accept');
}, 120_000);

test.each(wires)('what differs from a habit in one thing over %s is not taken for it', (wire) => {
  const fast = twinWith(true, impatient, wire);
  const slow = twinWith(false, impatient, wire);
  let nowNs = START_NS;
  const changed = habits.flatMap((one) =>
    [{}, ...twists].map((twist): Step => ({
      ...habit, details: { ...one, ...twist }, stepMs: 50, order: 1,
    })));
  for (const one of [...lessons, ...changed, ...changed]) {
    nowNs += BigInt(one.stepMs) * 1_000_000n;
    const frames = framesOf(one, nowNs, wire);
    for (const twin of [fast, slow]) twin.take(frames);
  }
  expect(fast.answers()).toEqual(slow.answers());
  expect(fast.repeated()).toBeGreaterThan(lessons.length / 2);
});

test.each(wires)('the recording ends in the same alerts and profiles over %s', (wire) => {
  const recording = new URL('../demo/recording/events-00.jsonl.gz', import.meta.url);
  const lines = gunzipSync(readFileSync(recording)).toString('utf8').trimEnd().split('\n');
  const shape = { jsonOutput: false, hostileShare: 0.001, random: random(11) };
  const frames = lines.map((line) =>
    wire === 'grpc' ? grpcResponse(line, shape) : Buffer.from(line));
  const trainMs = Number(BigInt(meta.test_start_ns) - BigInt(meta.train_start_ns)) / 1e6;
  const scale = scaledTo(trainMs);
  const twins = [twinWith(true, scale, wire), twinWith(false, scale, wire)] as const;
  for (let from = 0; from < frames.length; from += 64) {
    for (const twin of twins) twin.take(frames.slice(from, from + 64));
  }
  const [fast, slow] = twins;
  expect(fast.answers()).toEqual(slow.answers());
  expect(fast.alerts.length).toBeGreaterThan(10);
  expect(fast.repeated() / fast.records.length).toBeGreaterThan(0.4);
}, 300_000);
