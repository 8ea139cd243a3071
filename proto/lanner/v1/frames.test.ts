import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Alert } from '../../../baseline/alert.ts';
import { ALERT_BEHAVIOURS_MAX, alertKinds, channels, severities } from '../../../baseline/alert.ts';
import { lanner } from '../../gen/lanner.js';
import {
  ALERTS_PER_BATCH_MAX,
  ANCESTRY_MAX,
  DOCUMENT_BYTES_MAX,
  FIELDS_MAX,
  FIELD_VALUE_BYTES_MAX,
  FRAME_BYTES_MAX,
  FRAME_FIELDS_MAX,
  IMAGE_RUNS_PER_FRAME_MAX,
  LAYERS_PER_IMAGE_MAX,
  NAME_BYTES_MAX,
  SCORE_PARTS_MAX,
  TECHNIQUES_MAX,
  TEXT_BYTES_MAX,
} from './bounds.ts';
import type { AgentFrame, CollectorFrame, FlowChunk } from './frames.ts';
import { decodeAgentFrame, decodeCollectorFrame } from './decode-frame.ts';
import { encodeAgentFrame, encodeCollectorFrame } from './encode-frame.ts';
import {
  commandActions,
  commandOutcomes,
  FrameError,
  flowDirections,
  flowOutcomes,
  gapCauses,
  sensorStates,
} from './frames.ts';

const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }));
/** Lone surrogates, NUL and escapes included. */
const hostileText = fc.oneof(
  text,
  fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
);
const count = fc.integer({ min: 0, max: 4_294_967_295 });
const wide = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
const signed = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
// -0 is 0 on the wire (a default value is not written).
const real = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);

const alertOf = (word: fc.Arbitrary<string>): fc.Arbitrary<Alert> => {
  const words = fc.record({ en: word, zh: word });
  const image = fc.record({ repository: word, tag: word, digest: word });
  const process = fc.record({
    pid: signed,
    name: word,
    exe: word,
    commandLine: word,
    uid: signed,
    ancestry: fc.array(word, { maxLength: 5 }),
  });
  const behaviour = fc.record({
    channel: fc.constantFrom(...channels),
    value: word,
    time: word,
    count,
    score: real,
    techniques: fc.array(word, { maxLength: 3 }),
    reason: words,
    process,
    fields: fc.dictionary(fc.oneof(word, fc.constant('__proto__')), word, {
      maxKeys: 5,
      noNullPrototype: true,
    }),
  });
  return fc.record({
    id: word,
    revision: count,
    kind: fc.constantFrom(...alertKinds),
    severity: fc.constantFrom(...severities),
    cluster: word,
    node: word,
    namespace: word,
    pod: word,
    podUid: word,
    workload: word,
    containerId: word,
    containerName: word,
    image,
    process,
    behaviours: fc.array(behaviour, { maxLength: 4 }),
    behavioursDropped: count,
    profile: fc.record({
      state: fc.constantFrom('learning', 'complete', 'never-complete'),
      coverage: real,
      observations: wide,
      pods: count,
    }),
    score: real,
    scoreParts: fc.array(fc.record({ name: word, value: real }), { maxLength: 3 }),
    techniques: fc.array(word, { maxLength: 3 }),
    firstTime: word,
    lastTime: word,
    count,
    reason: words,
  });
};

const gapOf = (word: fc.Arbitrary<string>) =>
  fc.record({
    from: word,
    to: word,
    cause: fc.constantFrom(...gapCauses),
    eventsEstimate: signed,
  });

const portOf = fc.integer({ min: -1, max: 65_535 });
const flowsOf = (word: fc.Arbitrary<string>): fc.Arbitrary<FlowChunk> =>
  fc.record({
    minute: fc.integer({ min: 0, max: 4_000_000_000_000 }),
    actors: fc.array(fc.record({
      namespace: word,
      pod: word,
      podUid: word,
      workload: word,
      containerId: word,
      containerName: word,
      image: fc.record({ repository: word, tag: word, digest: word }),
      process: word,
      exe: word,
    }), { minLength: 2, maxLength: 3 }),
    flows: fc.array(fc.record({
      actor: fc.integer({ min: 0, max: 1 }),
      direction: fc.constantFrom(...flowDirections),
      protocol: fc.constantFrom('tcp', 'udp', ''),
      remoteAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('')),
      port: portOf,
      localAddress: fc.ipV4(),
      outcome: fc.constantFrom(...flowOutcomes),
      name: word,
      first: fc.integer({ min: 0, max: 2_000_000_000_000 }),
      last: fc.integer({ min: 2_000_000_000_000, max: 4_000_000_000_000 }),
      count,
      sourcePorts: fc.array(fc.integer({ min: 0, max: 65_535 }), { maxLength: 8 }),
      portsBeyond: count,
      folded: fc.boolean(),
    }), { maxLength: 3 }),
    watched: fc.constantFrom(null, { from: 1, to: 2 }),
  });

const layerOf = fc.uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => `sha256:${Buffer.from(bytes).toString('hex')}`);

const agentFrameOf = (word: fc.Arbitrary<string>): fc.Arbitrary<AgentFrame> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('hello'),
      protocol: count,
      cluster: word,
      node: word,
      agentVersion: word,
      falcoVersion: word,
      capabilities: fc.array(word, { maxLength: 4 }),
      epoch: word,
      addresses: fc.array(fc.ipV4(), { minLength: 1, maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('alerts'),
      epoch: word,
      sequence: wide,
      alerts: fc.array(alertOf(word), { maxLength: 3 }),
      gaps: fc.array(gapOf(word), { maxLength: 3 }),
      flows: flowsOf(word),
    }),
    fc.record({
      kind: fc.constant('evidence'),
      profileKey: word,
      revision: wide,
      document: fc.uint8Array(),
    }),
    fc.record({
      kind: fc.constant('heartbeat'),
      time: word,
      eventsReceived: wide,
      eventsJudged: wide,
      eventsDropped: wide,
      outboxPending: wide,
      lagSeconds: real,
      images: fc.array(
        fc.record({
          profileKey: word,
          image: fc.record({ repository: word, tag: word, digest: word }),
          state: fc.constantFrom('learning', 'complete', 'never-complete'),
          coverage: real,
          observations: wide,
          pods: count,
          completeInSeconds: real,
        }),
        { maxLength: 3 },
      ),
      falcoVersion: word,
      sensorState: fc.constantFrom(...sensorStates),
      sensorDetail: word,
    }),
    fc.record({
      kind: fc.constant('images'),
      runs: fc.array(fc.record({
        image: fc.record({ repository: word, tag: word, digest: word }),
        namespace: word,
        pod: word,
        podUid: word,
        workload: word,
        first: fc.integer({ min: 0, max: 2_000_000_000_000 }),
        last: fc.integer({ min: 2_000_000_000_000, max: 4_000_000_000_000 }),
        ended: fc.boolean(),
      }), { maxLength: 3 }),
      layers: fc.array(fc.record({
        image: fc.record({ repository: word, tag: word, digest: word }),
        layers: fc.array(layerOf, { maxLength: 3 }),
      }), { maxLength: 3 }),
    }),
    fc.record({
      kind: fc.constant('command-result'),
      id: word,
      outcome: fc.constantFrom(...commandOutcomes),
      detail: word,
      document: fc.uint8Array(),
    }),
  );

const collectorFrameOf = (word: fc.Arbitrary<string>): fc.Arbitrary<CollectorFrame> =>
  fc.oneof(
    fc.record({
      kind: fc.constant('welcome'),
      protocol: count,
      collectorVersion: word,
      committedSequence: wide,
      window: count,
    }),
    fc.record({ kind: fc.constant('ack'), epoch: word, sequence: wide }),
    fc.record({
      kind: fc.constant('profile'),
      profileKey: word,
      revision: wide,
      document: fc.uint8Array(),
    }),
    fc.record({
      kind: fc.constant('command'),
      id: word,
      action: fc.constantFrom(...commandActions),
      containerId: word,
      podUid: word,
      pid: signed,
      deadline: word,
      observedAt: word,
      seconds: count,
    }),
    fc.record({ kind: fc.constant('decisions'), revision: wide, document: fc.uint8Array() }),
    fc.record({ kind: fc.constant('slow-down'), window: count, reason: word }),
  );

const plain = (frame: AgentFrame | CollectorFrame): unknown =>
  'document' in frame ? { ...frame, document: [...frame.document] } : frame;

const codes = [
  'accepted',
  'too-large',
  'wire-format',
  'unknown-frame',
  'ambiguous-frame',
  'unknown-value',
  'bad-number',
  'missing',
];

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FrameError) return error.code;
    throw error;
  }
  return 'accepted';
};

const process = { pid: 1, name: '', exe: '', commandLine: '', uid: 0, ancestry: [] };
const alert: Alert = {
  id: 'a',
  revision: 0,
  kind: 'anomaly',
  severity: 'high',
  cluster: '',
  node: '',
  namespace: '',
  pod: '',
  podUid: '',
  workload: '',
  containerId: '',
  containerName: '',
  image: { repository: '', tag: '', digest: '' },
  process,
  behaviours: [],
  behavioursDropped: 0,
  profile: { state: 'complete', coverage: 1, observations: 1, pods: 1 },
  score: 1,
  scoreParts: [],
  techniques: [],
  firstTime: '',
  lastTime: '',
  count: 1,
  reason: { en: '', zh: '' },
};

test('an agent frame of well-formed text comes back as it was', () => {
  fc.assert(
    fc.property(agentFrameOf(text), (frame) => {
      expect(plain(decodeAgentFrame(encodeAgentFrame(frame)))).toEqual(plain(frame));
    }),
  );
});

test('a collector frame of well-formed text comes back as it was', () => {
  fc.assert(
    fc.property(collectorFrameOf(text), (frame) => {
      expect(plain(decodeCollectorFrame(encodeCollectorFrame(frame)))).toEqual(plain(frame));
    }),
  );
});

test('lone surrogates never make a frame that the other side refuses', () => {
  fc.assert(
    fc.property(agentFrameOf(hostileText), (frame) => {
      const once = decodeAgentFrame(encodeAgentFrame(frame));
      expect(once.kind).toBe(frame.kind);
      const bytes = encodeAgentFrame(once);
      expect(encodeAgentFrame(decodeAgentFrame(bytes))).toEqual(bytes);
    }),
  );
  const detail = '\ud800 and \udfff';
  const frame = { kind: 'command-result', id: 'c', outcome: 'done', detail,
    document: new Uint8Array() } as const;
  expect(plain(decodeAgentFrame(encodeAgentFrame(frame)))).toEqual({
    ...frame,
    document: [],
    detail: '\ufffd and \ufffd',
  });
});

test('any bytes are a frame or a FrameError', () => {
  const attempts = fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    expect(codes).toContain(codeOf(() => decodeAgentFrame(bytes)));
    expect(codes).toContain(codeOf(() => decodeCollectorFrame(bytes)));
  });
  fc.assert(attempts, { numRuns: 1_000 });
});

test('a frame with flipped, cut or inserted bytes is a frame or a FrameError', () => {
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    remove: fc.integer({ min: 0, max: 3 }),
    insert: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(agentFrameOf(text), fc.array(change, { maxLength: 4 }), (frame, changes) => {
      let bytes = [...encodeAgentFrame(frame)];
      for (const { at, remove, insert } of changes) {
        bytes = bytes.toSpliced(Math.floor(at * bytes.length), remove, ...insert);
      }
      expect(codes).toContain(codeOf(() => decodeAgentFrame(Uint8Array.from(bytes))));
    }),
    { numRuns: 300 },
  );
});

test('the largest possible alert fits in a frame', () => {
  const name = '\u9690'.repeat(NAME_BYTES_MAX);
  const body = '\u9690'.repeat(TEXT_BYTES_MAX);
  const words = { en: body, zh: body };
  const largest = { ...process, name, exe: body, commandLine: body };
  const manyNames = Array.from({ length: 100 }, () => name);
  const fields = Object.fromEntries(
    Array.from({ length: 100 }, (_, index) => [`${index}${'f'.repeat(200)}`, body]),
  );
  const value: Alert = {
    ...alert,
    id: name,
    process: { ...largest, ancestry: manyNames },
    behaviours: Array.from({ length: 40 }, () => ({
      channel: 'exec' as const,
      value: body,
      time: name,
      count: 1,
      score: 1,
      techniques: manyNames,
      reason: words,
      process: { ...largest, ancestry: manyNames },
      fields,
    })),
    scoreParts: manyNames.map((part) => ({ name: part, value: 1 })),
    techniques: manyNames,
    reason: words,
  };
  const bytes = encodeAgentFrame({ kind: 'alerts', epoch: name, sequence: 1, alerts: [value], gaps: [] });
  expect(bytes.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  const frame = decodeAgentFrame(bytes);
  const back = frame.kind === 'alerts' ? frame.alerts[0] : undefined;
  expect(back?.behaviours.length).toBe(ALERT_BEHAVIOURS_MAX);
  expect(back?.behavioursDropped).toBe(8);
  expect(back?.scoreParts.length).toBe(SCORE_PARTS_MAX);
  expect(back?.techniques.length).toBe(TECHNIQUES_MAX);
  expect(back?.process.ancestry.length).toBe(ANCESTRY_MAX);
  const evidence = Object.values(back?.behaviours[0]?.fields ?? {});
  expect(evidence.length).toBe(FIELDS_MAX);
  expect(Buffer.byteLength(evidence[0] ?? '')).toBeLessThanOrEqual(FIELD_VALUE_BYTES_MAX);
});

const agentBytes = (message: lanner.v1.AgentFrame.$Properties): Uint8Array =>
  lanner.v1.AgentFrame.encode(message).finish();

test.each([
  ['an empty message', new Uint8Array(), 'unknown-frame'],
  ['a frame kind of a later version', Buffer.from([0x7a, 0x00]), 'unknown-frame'],
  ['two frames in one', agentBytes({ alerts: {}, hello: {} }), 'ambiguous-frame'],
  ['a frame that ends in the middle', Buffer.from([0x0a, 0x05, 0x08]), 'wire-format'],
  ['an unknown cause', agentBytes({ alerts: { gaps: [{ cause: 'constructor' }] } }), 'unknown-value'],
  [
    'an alert without a severity',
    agentBytes({ alerts: { alerts: [{ kind: 'rule' }] } }),
    'unknown-value',
  ],
  ['an infinite lag', agentBytes({ heartbeat: { lagSeconds: Infinity } }), 'bad-number'],
  ['a sequence above 2^53', Buffer.from('120a10ffffffffffffffff7f', 'hex'), 'bad-number'],
  ['invalid UTF-8', Buffer.from('32030a01ff', 'hex'), 'wire-format'],
  ['a name above its bound', agentBytes({ hello: { node: 'n'.repeat(1_025) } }), 'too-large'],
  [
    'a document above its bound',
    agentBytes({ evidence: { document: new Uint8Array(DOCUMENT_BYTES_MAX + 1) } }),
    'too-large',
  ],
])('the decoder refuses %s', (_, bytes, code) => {
  expect(codeOf(() => decodeAgentFrame(bytes))).toBe(code);
});

test('an alert without its parts is refused as missing', () => {
  const alerts = [{ kind: 'rule', severity: 'low' }];
  expect(codeOf(() => decodeAgentFrame(agentBytes({ alerts: { alerts } })))).toBe('missing');
});

test('megabytes of tiny messages are refused before objects are made of them', () => {
  const entries = FRAME_FIELDS_MAX;
  const body = Buffer.alloc(entries * 2);
  for (let index = 0; index < entries; index += 1) body[index * 2] = 0x1a;
  const low = (body.length & 127) | 128;
  const middle = ((body.length >> 7) & 127) | 128;
  const head = Buffer.from([0x12, low, middle, body.length >> 14]);
  const bytes = Buffer.concat([head, body]);
  expect(codeOf(() => decodeAgentFrame(bytes))).toBe('too-large');
});

test('a batch above its bound is the sender\u2019s to split', () => {
  const alerts = Array.from({ length: ALERTS_PER_BATCH_MAX + 1 }, () => alert);
  const frame = { kind: 'alerts', epoch: 'e', sequence: 1, alerts, gaps: [] } as const;
  expect(codeOf(() => encodeAgentFrame(frame))).toBe('too-large');
});

test('a report of images that is broken or above its bounds is refused', () => {
  const image = { repository: 'r', tag: 't', digest: 'd' };
  const encoded = (report: lanner.v1.ImageReport.$Properties): Uint8Array =>
    lanner.v1.AgentFrame.encode({ images: report }).finish();
  const refused: readonly (readonly [lanner.v1.ImageReport.$Properties, string])[] = [
    [{ runs: [{ image, first: 2, last: 1 }] }, 'bad-number'],
    [{ runs: [{ image, first: 1, last: 9_000_000_000_000 }] }, 'bad-number'],
    [{ runs: [{}] }, 'missing'],
    [{ runs: Array.from({ length: IMAGE_RUNS_PER_FRAME_MAX + 1 }, () => ({ image })) }, 'too-large'],
    [{ layers: [{ image, layers: [new Uint8Array(31)] }] }, 'unknown-value'],
    [{ layers: [{ image, layers: Array.from({ length: LAYERS_PER_IMAGE_MAX + 1 }, () =>
      new Uint8Array(32)) }] }, 'too-large'],
  ];
  for (const [report, code] of refused) {
    expect(() => decodeAgentFrame(encoded(report))).toThrow(expect.objectContaining({ code }));
  }
});
