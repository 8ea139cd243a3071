import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Container } from '../../baseline/observation.ts';
import { IMAGE_RUNS_PER_FRAME_MAX } from '../../proto/lanner/v1/bounds.ts';
import { ENDED_KEPT_MS, QUIET_MS, RunBook, TELL_MS } from './run-book.ts';
import type { KnownContainer } from './run-book.ts';

const NOW = 1_800_000_000_000;
const ns = (ms: number): bigint => BigInt(ms) * 1_000_000n;

const containerOf = (over: Partial<Container> = {}): Container => ({
  scope: 'container',
  id: 'c1',
  name: 'web',
  image: { repository: 'shop/web', tag: '1', digest: 'sha256:aa' },
  namespace: 'shop',
  pod: 'web-1',
  podUid: 'uid-1',
  workload: 'web',
  ...over,
});

const known = (over: Partial<KnownContainer> = {}): KnownContainer => ({
  container: containerOf(),
  isUnnamed: false,
  lastNs: ns(NOW - 1_000),
  endedNs: null,
  ...over,
});

test('a new container is told at once, and then every ten minutes while it lasts', () => {
  const book = new RunBook();
  expect(book.look([known()], NOW)).toBe(true);
  expect(book.take(NOW)).toEqual([{ image: containerOf().image, namespace: 'shop', pod: 'web-1',
    podUid: 'uid-1', workload: 'web', first: NOW - 1_000, last: NOW, ended: false }]);
  expect(book.take(NOW)).toEqual([]);
  expect(book.look([known()], NOW + TELL_MS - 1)).toBe(false);
  expect(book.look([known()], NOW + TELL_MS)).toBe(true);
  expect(book.take(NOW + TELL_MS)).toMatchObject([{ first: NOW - 1_000, last: NOW + TELL_MS }]);
});

test('an end is told at once, with the time of the end', () => {
  const book = new RunBook();
  book.look([known()], NOW);
  book.take(NOW);
  const ended = known({ endedNs: ns(NOW + 2_000) });
  expect(book.look([ended], NOW + 5_000)).toBe(true);
  expect(book.take(NOW + 5_000)).toMatchObject([{ last: NOW + 5_000 - 3_000, ended: true }]);
  expect(book.look([ended], NOW + 10_000)).toBe(false);
});

test('a container that came and went between two looks is told once, as ended', () => {
  const book = new RunBook();
  book.look([known({ endedNs: ns(NOW - 500), lastNs: ns(NOW - 500) })], NOW);
  expect(book.take(NOW)).toMatchObject([{ first: NOW - 500, last: NOW - 500, ended: true }]);
});

test('a pod whose container starts again still runs, whichever is looked at first', () => {
  const before = known({ endedNs: ns(NOW - 100) });
  const after = known({ container: containerOf({ id: 'c2' }) });
  for (const both of [[before, after], [after, before]]) {
    const book = new RunBook();
    book.look(both, NOW);
    expect(book.take(NOW)).toMatchObject([{ ended: false, last: NOW }]);
    expect(book.look(both, NOW + 5_000)).toBe(false);
    expect(book.size).toBe(1);
  }
});

test('who says nothing is taken to run for a day, and then to have ended', () => {
  const book = new RunBook();
  book.look([known()], NOW);
  book.take(NOW);
  book.look([], NOW + TELL_MS);
  expect(book.take(NOW + TELL_MS)).toMatchObject([{ ended: false, last: NOW + TELL_MS }]);
  book.look([], NOW + QUIET_MS + 1);
  expect(book.take(NOW + QUIET_MS + 1)).toMatchObject([{ ended: true, last: NOW + TELL_MS }]);
  expect(book.running).toBe(0);
});

test('what ended is told again on a new link for an hour, and then forgotten', () => {
  const book = new RunBook();
  book.look([known({ endedNs: ns(NOW) })], NOW);
  book.take(NOW);
  book.look([], NOW + ENDED_KEPT_MS);
  book.tellAllAgain();
  expect(book.take(NOW)).toHaveLength(1);
  book.look([], NOW + ENDED_KEPT_MS + 1);
  expect(book.size).toBe(0);
});

test('what was never told is not forgotten', () => {
  const book = new RunBook();
  book.look([known({ endedNs: ns(NOW) })], NOW);
  book.look([], NOW + 5 * ENDED_KEPT_MS);
  expect(book.take(NOW)).toHaveLength(1);
});

test('containers without image, or that nobody named, are no runs', () => {
  const book = new RunBook();
  const none = { repository: '', tag: '', digest: '' };
  book.look([known({ isUnnamed: true }), known({ container: containerOf({ image: none }) })], NOW);
  expect(book.size).toBe(0);
});

test('without Kubernetes each container stands for itself', () => {
  const book = new RunBook();
  const plain = (id: string) =>
    known({ container: containerOf({ id, pod: '', podUid: '', namespace: '', workload: '' }) });
  book.look([plain('c1'), plain('c2')], NOW);
  expect(book.take(NOW).map(({ podUid }) => podUid)).toEqual(['c1', 'c2']);
});

test('a full book drops what ended first, then what is silent longest, and counts it', () => {
  const book = new RunBook({ runsMax: 2 });
  const pod = (podUid: string, over: Partial<KnownContainer> = {}) =>
    known({ container: containerOf({ podUid }), ...over });
  book.look([pod('runs'), pod('ended', { endedNs: ns(NOW) })], NOW);
  book.look([pod('runs'), pod('new')], NOW);
  expect(book.take(NOW).map(({ podUid }) => podUid).toSorted()).toEqual(['new', 'runs']);
  expect(book.dropped).toBe(1);
  book.look([pod('runs', { lastNs: ns(NOW - 9_000) }), pod('newer')], NOW);
  expect(book.dropped).toBe(2);
  expect(book.size).toBe(2);
});

test('many are told in frames of a bounded size, each once', () => {
  const book = new RunBook();
  const many = Array.from({ length: 700 }, (_, at) =>
    known({ container: containerOf({ podUid: `uid-${at}` }) }));
  book.look(many, NOW);
  const sizes: number[] = [];
  const told = new Set<string>();
  for (let runs = book.take(NOW); runs.length > 0; runs = book.take(NOW)) {
    sizes.push(runs.length);
    for (const { podUid } of runs) told.add(podUid);
  }
  expect(sizes).toEqual([IMAGE_RUNS_PER_FRAME_MAX, IMAGE_RUNS_PER_FRAME_MAX, 188]);
  expect(told.size).toBe(700);
});

test('whatever the times, a run ends no earlier than it begins, and its first never grows', () => {
  const step = fc.record({
    atMs: fc.integer({ min: -10_000, max: 10_000_000 }),
    last: fc.integer({ min: -10_000, max: 10_000_000 }),
    ended: fc.option(fc.integer({ min: -10_000, max: 10_000_000 })),
  });
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 20 }), (steps) => {
    const book = new RunBook();
    let first = Infinity;
    for (const { atMs, last, ended } of steps) {
      book.look([known({ lastNs: ns(last), endedNs: ended === null ? null : ns(ended) })], atMs);
      book.tellAllAgain();
      for (const run of book.take(atMs)) {
        expect(run.last).toBeGreaterThanOrEqual(run.first);
        expect(run.first).toBeGreaterThanOrEqual(0);
        expect(run.first).toBeLessThanOrEqual(first);
        first = run.first;
      }
    }
  }));
});
