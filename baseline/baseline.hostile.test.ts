import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ALERT_BEHAVIOURS_MAX } from './alert.ts';
import { Baseline } from './baseline.ts';
import { PODS_WATCHED_MAX } from './judge/judge.ts';
import type { Observation } from './observation.ts';
import { parseDocument } from './profile/document.ts';
import { PODS_MAX } from './profile/pods.ts';
import {
  accept,
  change,
  connect,
  exec,
  exit,
  fromOutside,
  listen,
  pod,
  privileged,
  read,
  ruleMatch,
  START_MS,
  timeNs,
  write,
} from './testing/observations.ts';
import { random } from './testing/random.ts';
import { learnedStage, MINUTE_SCALE, Stage } from './testing/stage.ts';

const TEN_YEARS_S = 10 * 365 * 86_400;

/** Sizes of all that one baseline holds and that events could make grow. */
function sizes(baseline: Baseline): { items: number; pods: number; rates: number; probes: number } {
  let [items, pods, rates, probes] = [0, 0, 0, 0];
  for (const profile of baseline.profiles.values()) {
    for (const channel of profile.channels.values()) items += channel.items.size;
    pods += profile.pods.size;
    rates += profile.rates.size;
    probes += profile.probes.runs.size;
  }
  return { items, pods, rates, probes };
}

test('a flood of distinct paths from one pod soon stops making its profile grow', () => {
  const baseline = new Baseline(MINUTE_SCALE);
  // Ten thousand a second, in a hundred directories: what `find | xargs touch` does.
  const flood = (from: number, to: number): void => {
    for (let n = from; n < to; n += 1) {
      const path = `/data/${n % 100}-x/file${n}q${n % 7}`;
      const at = n / 10_000;
      baseline.observe(n % 2 === 0 ? read(path, { at }) : write(path, { at }));
    }
  };
  flood(0, 50_000);
  const { items } = sizes(baseline);
  expect(items).toBeLessThanOrEqual(400);
  flood(50_000, 150_000);
  expect(sizes(baseline).items).toBe(items);
  expect(baseline.counters.observed).toBe(150_000);
  baseline.advance(timeNs(200));
  expect(baseline.takeAlerts()).toEqual([]);
  for (const { document } of baseline.takeEvidence()) {
    expect(parseDocument(document).ok).toBe(true);
  }
});

test('a flood of new programs in one window is not kept one by one', () => {
  const baseline = new Baseline(MINUTE_SCALE);
  for (let n = 0; n < 20_000; n += 1) {
    baseline.observe(exec({ exe: `/bin/x${n}`, commandLine: `x ${n}`, at: n / 1e6, pid: n }));
  }
  baseline.observe(exec({ at: 5 }));
  expect(baseline.counters.lessonsDropped).toBeGreaterThan(10_000);
  expect(sizes(baseline).items).toBeLessThanOrEqual(400);
});

test('more pods than are watched: the one silent for longest is forgotten, and counted', () => {
  const baseline = new Baseline(MINUTE_SCALE);
  for (let n = 0; n < PODS_WATCHED_MAX + 20; n += 1) {
    baseline.observe(read('/a', { in: pod({ pod: `p${n}` }), at: n / 1_000 }));
  }
  expect(baseline.counters.podsForgotten).toBe(20);
  expect(sizes(baseline).pods).toBeLessThanOrEqual(2_048);
  expect(baseline.progress()[0]?.pods).toBe(PODS_MAX);
});

const LONG = 65_536;
const TEXTS = [
  ['letters', 'a'.repeat(LONG)],
  ['digits', '1'.repeat(LONG)],
  ['words', 'ab '.repeat(LONG / 3)],
  ['numbers', '1 '.repeat(LONG / 2)],
  ['slashes', '/'.repeat(LONG)],
  ['deep paths', '/1'.repeat(LONG / 2)],
  ['patterns', '<N>*\\'.repeat(LONG / 5)],
  ['quotes', `'"`.repeat(LONG / 2)],
  ['zeros', '\u0000'.repeat(LONG)],
  ['escapes', '\u001b[2J<b>'.repeat(LONG / 7)],
  ['emoji', '😀'.repeat(LONG / 2)],
  ['line feeds', '\r\n\u2028'.repeat(LONG / 3)],
] as const;

/** One observation of each kind, with the text in every place that an attacker writes. */
function everywhere(text: string, at: number): readonly Observation[] {
  const who = { at, exe: text, name: text, parent: text, fields: { [text]: text } };
  return [
    exec({ ...who, commandLine: text, cwd: text, stdin: text, probe: '', sessionLeader: text }),
    fromOutside({ ...who, parent: 'runc', commandLine: text, tty: true }),
    read(text, who),
    write(text, who),
    change(text, text, { ...who, target: text }),
    change('rename', text, { ...who, target: text }),
    connect(text, 1, { ...who, protocol: text, result: text }),
    accept(text, 2, { ...who, protocol: text }),
    listen(3, { ...who, protocol: text, address: text }),
    privileged(text, { ...who, result: text, args: text }),
    ruleMatch(text, { ...who, priority: text, tags: [text], commandLine: text }),
    ruleMatch('rule', { ...who, priority: 'critical', commandLine: text }),
    exit(who),
  ];
}

describe('texts of 64 KiB in every field', () => {
  test.each(TEXTS)(
    '%s never throw, are bounded in alerts and do not stop the learning',
    (_n, text) => {
      const stage = learnedStage();
      const before = stage.baseline.counters.observed;
      stage.see(...everywhere(text, stage.now));
      stage.pass(3);
      expect(stage.baseline.counters.observed).toBeGreaterThanOrEqual(before + 11);
      expect(stage.loud.length).toBeGreaterThan(0);
      for (const alert of stage.alerts) {
        expect(alert.reason.en.length).toBeLessThan(3_000);
        expect(alert.reason.zh.length).toBeLessThan(3_000);
        for (const behaviour of alert.behaviours) {
          expect(behaviour.reason.en.length).toBeLessThan(3_000);
          expect(Object.keys(behaviour.fields).length).toBeLessThanOrEqual(40);
          for (const value of Object.values(behaviour.fields)) {
            expect(value.length).toBeLessThanOrEqual(513);
          }
        }
      }
    },
  );
});

test('reasons and evidence are well-formed wherever they were cut', () => {
  const stage = learnedStage();
  // A surrogate pair at every place where something may cut: the receiver refuses half of one.
  for (let shift = 0; shift < 4; shift += 1) {
    for (const length of [100, 119, 158, 511]) {
      const text = `${'a'.repeat(length - shift)}${'😀'.repeat(40)}`;
      stage.see(...everywhere(text, stage.now));
      stage.now += 40;
      stage.take();
    }
  }
  const texts: string[] = [];
  JSON.stringify(stage.revisions, (key, value: unknown) => {
    texts.push(key);
    if (typeof value === 'string') texts.push(value);
    return value;
  });
  expect(texts.length).toBeGreaterThan(1_000);
  expect(texts.filter((text) => !text.isWellFormed())).toHaveLength(0);
});

test('empty texts everywhere never throw, and the alert still says what happened', () => {
  const stage = learnedStage();
  const nobody = pod({
    pod: '',
    podUid: '',
    id: '',
    name: '',
    namespace: '',
    workload: '',
    repository: '',
    tag: '',
    digest: '',
  });
  for (const o of everywhere('', stage.now)) stage.see(o, { ...o, container: nobody });
  stage.pass(3);
  for (const { reason } of stage.alerts) {
    expect(reason.en).not.toMatch(/undefined|null|NaN/);
    expect(reason.en.length).toBeGreaterThan(10);
  }
});

const anyTexts = fc.record({
  text: fc.oneof(
    fc.string({ unit: 'binary', maxLength: 40 }),
    fc.constantFrom('runc', 'runc:[2:INIT]', 'containerd-shim', '/usr/sbin/runc', '__proto__'),
    fc.constantFrom('/etc/passwd', '/proc/1/environ', '169.254.169.254', '::', 'constructor'),
  ),
  at: fc.integer({ min: 0, max: 400 }),
  numbers: fc.integer({ min: -5, max: 70_000 }),
});

test('no sequence of odd events makes it throw, and its alerts and documents stay valid', () => {
  fc.assert(
    fc.property(fc.array(anyTexts, { maxLength: 12 }), (odd) => {
      const stage = new Stage();
      stage.pass(2, [pod()]);
      for (const { text, at, numbers } of odd) {
        for (const o of everywhere(text, at)) {
          stage.see({ ...o, process: { ...o.process, pid: numbers, ppid: numbers - 1, uid: -1 } });
        }
        stage.now = at;
        stage.take();
      }
      for (const { document } of stage.baseline.takeEvidence()) {
        expect(parseDocument(JSON.parse(JSON.stringify(document))).ok).toBe(true);
      }
      for (const alert of stage.revisions) {
        expect(alert.behaviours.length).toBeLessThanOrEqual(ALERT_BEHAVIOURS_MAX);
        expect(alert.firstTime <= alert.lastTime).toBe(true);
        expect(alert.score).toBeGreaterThanOrEqual(0);
        expect(alert.score).toBeLessThanOrEqual(100);
      }
    }),
    { numRuns: 60 },
  );
});

describe('a clock that leaps', () => {
  test('ten years forward and back: attacks before, in between and after are folded as ever', () => {
    const stage = learnedStage();
    stage.see(read('/srv/app/page.html', { at: stage.now + TEN_YEARS_S }));
    stage.see(read('/srv/app/page.html', { at: stage.now }));
    for (let n = 0; n < 5; n += 1) {
      stage.see(exec({ at: stage.now, exe: `/usr/bin/tool${n}`, pid: 300 + n }));
      stage.now += 1;
      stage.take();
    }
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]?.behaviours).toHaveLength(5);
  });

  test('an event ten years early is taken in, and the next windows go on', () => {
    const stage = learnedStage();
    stage.see(
      exec({ at: -TEN_YEARS_S, exe: '/usr/bin/gzip', pid: 200, commandLine: 'gzip -k access.log' }),
    );
    stage.pass(20);
    expect(stage.alerts).toEqual([]);
    stage.see(exec({ at: stage.now, exe: '/usr/bin/curl', pid: 300 }));
    expect(stage.loud).toHaveLength(1);
  });

  test('an image is not complete before its age because time leapt within one pod', () => {
    const stage = new Stage();
    stage.pass(2);
    stage.see(read('/srv/app/page.html', { at: TEN_YEARS_S }));
    stage.pass(5);
    expect(stage.baseline.progress()[0]?.state).not.toBe('complete');
  });

  test('events before 1970 and beyond 2262 never throw', () => {
    const baseline = new Baseline(MINUTE_SCALE);
    for (const ns of [-1n, 0n, 1n, 2n ** 63n, 2n ** 64n - 1n]) {
      baseline.observe({ ...exec({ exe: '/tmp/x', isUpperLayer: true }), timeNs: ns });
      baseline.advance(ns);
    }
    expect(baseline.takeAlerts().length).toBeGreaterThan(0);
  });
});

describe('events out of order', () => {
  const stream = (): Observation[] => {
    const seen: Observation[] = [];
    for (let second = 0; second < 40; second += 1) {
      for (let n = 1; n <= 3; n += 1) {
        const who = { in: pod({ pod: `web-${n}` }), at: second };
        seen.push(read('/srv/app/page.html', who), connect('10.0.0.7', 5432, who));
        if (second === 20) seen.push(exec({ ...who, exe: '/tmp/x', isUpperLayer: true, pid: 9 }));
      }
    }
    return seen;
  };

  function told(observations: readonly Observation[]): readonly string[] {
    const stage = new Stage();
    for (const o of observations) {
      stage.baseline.observe(o);
    }
    stage.now = 60;
    stage.take();
    return stage.alerts.map(
      (alert) => `${alert.pod} ${alert.firstTime} ${alert.reason.en.slice(0, 30)}`,
    );
  }

  test('by some seconds make the same alerts', () => {
    const ordered = stream();
    const next = random(5);
    const shuffled = ordered
      .map((o, index) => ({ o, key: index + next() * 18 }))
      .sort((a, b) => a.key - b.key)
      .map(({ o }) => o);
    expect(shuffled).not.toEqual(ordered);
    expect([...told(shuffled)].sort()).toEqual([...told(ordered)].sort());
  });

  test('and twice make the same alerts', () => {
    const ordered = stream();
    expect(told(ordered.flatMap((o) => [o, o]))).toEqual(told(ordered));
  });
});

test('time before the first event and without events moves nothing and never throws', () => {
  const baseline = new Baseline(MINUTE_SCALE);
  baseline.advance(0n);
  baseline.noteGap({ fromNs: 0n, toNs: 1n });
  baseline.advance(BigInt(START_MS) * 1_000_000n);
  expect(baseline.takeAlerts()).toEqual([]);
  expect(baseline.takeEvidence()).toEqual([]);
  expect(baseline.progress()).toEqual([]);
});
