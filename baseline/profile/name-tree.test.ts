import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHILDREN_MAX, DEPTH_MAX, NameTree } from './name-tree.ts';

function tree(options: { isFixed?: (segments: readonly string[]) => boolean } = {}): NameTree {
  return new NameTree({ separator: '/', ...options });
}

function split(path: string): readonly string[] {
  return path.split('/');
}

/** `count` pods beginning at `from`, each with its own file. */
function addEach(t: NameTree, names: readonly string[], pod: number, podCount: number): void {
  for (const name of names) t.add(split(name), pod, podCount);
}

describe('a group of names that machines make up', () => {
  test('stays literal while one pod showed two of them', () => {
    const t = tree();
    addEach(t, ['/v/job-1', '/v/job-2'], 1, 1);
    expect(t.resolve(split('/v/job-1'))).toBe('/v/job-1');
    expect(t.resolve(split('/v/job-3'))).toBe('/v/job-3');
  });

  test('collapses at the third name of a single pod', () => {
    const t = tree();
    addEach(t, ['/v/job-1', '/v/job-2'], 1, 1);
    expect(t.add(split('/v/job-3'), 1, 1)).toEqual({ resolved: '/v/job-<N>', changed: true });
    expect(t.resolve(split('/v/job-99'))).toBe('/v/job-<N>');
  });

  test('collapses at the second name when two pods have one each', () => {
    const t = tree();
    t.add(split('/v/job-1'), 1, 2);
    expect(t.add(split('/v/job-2'), 2, 2).changed).toBe(true);
    expect(t.resolve(split('/v/job-7'))).toBe('/v/job-<N>');
  });

  test('does not collapse while the next pod is expected to bring less than a tenth', () => {
    const t = tree();
    t.add(split('/v/job-1'), 1, 21);
    t.add(split('/v/job-2'), 2, 21);
    expect(t.resolve(split('/v/job-3'))).toBe('/v/job-3');
    t.add(split('/v/job-3'), 3, 21);
    expect(t.resolve(split('/v/job-4'))).toBe('/v/job-<N>');
  });

  test('does not collapse when all pods share the same names', () => {
    const t = tree();
    for (const pod of [1, 2, 3, 4]) addEach(t, ['/v/s1', '/v/s2'], pod, pod);
    expect(t.resolve(split('/v/s3'))).toBe('/v/s3');
  });

  test('comes back as literals when n has grown, and knows what was below', () => {
    const t = tree();
    addEach(t, ['/v/1/log', '/v/2/log', '/v/3/log'], 1, 1);
    expect(t.resolve(split('/v/4/log'))).toBe('/v/<N>/log');
    expect(t.review(59)).toBe(false);
    expect(t.resolve(split('/v/4/log'))).toBe('/v/<N>/log');
    expect(t.review(61)).toBe(true);
    expect(t.resolve(split('/v/4/log'))).toBe('/v/4/log');
    expect(t.resolve(split('/v/2/log'))).toBe('/v/2/log');
    expect(t.review(61)).toBe(false);
  });

  test('comes back when the names turn out to be shared', () => {
    const t = tree();
    const names = ['/v/1', '/v/2', '/v/3'];
    addEach(t, names, 1, 1);
    expect(t.resolve(split('/v/9'))).toBe('/v/<N>');
    addEach(t, names, 2, 2);
    expect(t.review(2)).toBe(true);
    expect(t.resolve(split('/v/9'))).toBe('/v/9');
  });

  test('does not flap: between the two thresholds it stays as it is', () => {
    const t = tree();
    t.add(split('/v/job-1'), 1, 20);
    t.add(split('/v/job-2'), 2, 20);
    expect(t.resolve(split('/v/job-3'))).toBe('/v/job-<N>');
    expect(t.review(30)).toBe(false);
    expect(t.resolve(split('/v/job-3'))).toBe('/v/job-<N>');
  });

  test('takes what is below its literals along', () => {
    const t = tree();
    addEach(t, ['/v/1/a/7', '/v/1/a/8', '/v/1/a/9', '/v/2', '/v/3'], 1, 1);
    expect(t.resolve(split('/v/4/a/10'))).toBe('/v/<N>/a/<N>');
  });

  test('of temporary files needs four, most of them in one pod only', () => {
    const t = tree();
    addEach(t, ['/t/up.aBcDeF', '/t/up.gHiJkL', '/t/up.mNoPqR'], 1, 1);
    expect(t.resolve(split('/t/up.sTuVwX'))).toBe('/t/up.sTuVwX');
    t.add(split('/t/up.yZaBcD'), 1, 1);
    expect(t.resolve(split('/t/up.sTuVwX'))).toBe('/t/up.<C6>');
    expect(t.resolve(split('/t/up.sTuVwXy'))).toBe('/t/up.sTuVwXy');
    expect(t.resolve(split('/t/down.sTuVwX'))).toBe('/t/down.sTuVwX');
  });
});

describe('a directory of words', () => {
  const word = (n: number): string =>
    `/w/${[...n.toString(26)].map((digit) => String.fromCharCode(103 + parseInt(digit, 26))).join('')}word`;

  test('opens at thirty children of one pod, not at twenty-nine', () => {
    const t = tree();
    for (let n = 0; n < 29; n += 1) t.add(split(word(n)), 1, 1);
    expect(t.resolve(split('/w/anything'))).toBe('/w/anything');
    t.add(split(word(29)), 1, 1);
    expect(t.resolve(split('/w/anything'))).toBe('/w/*');
    expect(t.resolve(split('/x/anything'))).toBe('/x/anything');
  });

  test('does not open when the pods share the words', () => {
    const t = tree();
    for (const pod of [1, 2, 3]) {
      for (let n = 0; n < 60; n += 1) t.add(split(word(n)), pod, 3);
    }
    // The first pod's thirtieth word had 30 singles over 3 pods: enough to open.
    const shared = tree();
    for (let n = 0; n < 60; n += 1) {
      for (const pod of [1, 2, 3]) shared.add(split(word(n)), pod, 3);
    }
    expect(t.resolve(split('/w/anything'))).toBe('/w/*');
    expect(shared.resolve(split('/w/anything'))).toBe('/w/anything');
  });

  test('holds a bounded number of children, and says when there were more', () => {
    const t = tree();
    for (let n = 0; n < CHILDREN_MAX + 88; n += 1) {
      for (const pod of [1, 2]) t.add(split(word(n)), pod, 2);
    }
    expect(t.overflowed).toBe(2 * 88);
    expect(t.resolve(split('/w/anything'))).toBe('/w/*');
  });
});

test('a word beside a collapsed group is never swallowed by it', () => {
  const machine = fc.stringMatching(/^(job-[0-9]{1,4}|[0-9]{1,6}|[a-f0-9]{8}|x[0-9]y[0-9]z[0-9])$/);
  const words = fc.stringMatching(/^[g-z]{5,12}$/);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(machine, fc.integer({ min: 1, max: 5 })), { maxLength: 60 }),
      fc.array(words, { maxLength: 20 }),
      fc.array(words, { maxLength: 20 }),
      (machines, known, unknown) => {
        const t = tree();
        for (const name of known) t.add(['', 'd', name], 1, 5);
        for (const [name, pod] of machines) t.add(['', 'd', name], pod, 5);
        for (const name of [...known, ...unknown]) {
          expect(t.resolve(['', 'd', name])).toBe(`/d/${name}`);
        }
      },
    ),
  );
});

test('the root of a tree does not generalise by counting', () => {
  const t = tree();
  for (let n = 0; n < 100; n += 1) t.add([`${n}`, 'a'], 1, 1);
  expect(t.resolve(['7', 'a'])).toBe('7/a');
});

test('names deeper than the bound end in **', () => {
  const t = tree();
  const deep = Array.from({ length: DEPTH_MAX + 3 }, (_, i) => `d${i}x`);
  t.add(deep, 1, 1);
  expect(t.resolve(deep)).toBe([...deep.slice(0, DEPTH_MAX), '**'].join('/'));
  expect(t.resolve(deep.slice(0, DEPTH_MAX))).toBe(deep.slice(0, DEPTH_MAX).join('/'));
});

describe('a fixed directory', () => {
  const fixed = (): NameTree => tree({ isFixed: (segments) => segments[1] === 'etc' });

  test('never generalises, however many names one pod makes in it', () => {
    const t = fixed();
    for (let n = 0; n < CHILDREN_MAX + 100; n += 1) t.add(split(`/etc/cron.d/job-${n}`), 1, 1);
    expect(t.resolve(split('/etc/cron.d/job-1'))).toBe('/etc/cron.d/job-1');
    expect(t.resolve(split('/etc/cron.d/evil'))).toBe('/etc/cron.d/evil');
    expect(t.overflowed).toBe(0);
  });

  test('is not taken along when the directory above it opens', () => {
    const t = fixed();
    for (const name of 'abcdefghijklmnopqrstuvwxyzABCDEFG') {
      t.add(split(`/${name}wordy/passwd`), 1, 1);
      t.add(split(`/etc/${name}`), 1, 1);
    }
    expect(t.resolve(split('/new/passwd'))).toBe('/*/passwd');
    expect(t.resolve(split('/etc/passwd'))).toBe('/etc/passwd');
  });

  test('is not opened by a document that says so', () => {
    const t = fixed();
    t.restore(split('/etc/*'), [{ pod: 1, count: 1 }]);
    t.restore(split('/etc/<N>'), [{ pod: 1, count: 1 }]);
    expect(t.resolve(split('/etc/passwd'))).toBe('/etc/passwd');
    expect(t.resolve(split('/etc/7'))).toBe('/etc/7');
  });

  test('does not hinder the directories beside it', () => {
    const t = fixed();
    addEach(t, ['/var/1', '/var/2', '/var/3'], 1, 1);
    expect(t.resolve(split('/var/4'))).toBe('/var/<N>');
  });
});

describe('restoring', () => {
  test('a pattern collapses its group and a literal does not', () => {
    const t = tree();
    t.restore(split('/v/job-<N>'), [{ pod: 1, count: 1 }]);
    t.restore(split('/v/fixed'), [{ pod: 1, count: 1 }]);
    expect(t.resolve(split('/v/job-4'))).toBe('/v/job-<N>');
    expect(t.resolve(split('/v/other'))).toBe('/v/other');
  });

  test('a star opens its directory, also for what hung below its literals', () => {
    const t = tree();
    t.restore(split('/v/a/log'), [{ pod: 1, count: 1 }]);
    t.restore(split('/v/*'), [{ pod: 1, count: 1 }]);
    expect(t.resolve(split('/v/b/log'))).toBe('/v/*/log');
  });

  const name = fc.oneof(
    fc.constantFrom('cache', 'tmp', 'data', 'logs'),
    fc.stringMatching(/^(job-[0-9]{1,2}|[0-9]{1,2}|up\.[A-Z]{6}|[a-f0-9]{2}|[a-f][0-9]{7})$/),
  );
  const path = fc
    .array(name, { minLength: 1, maxLength: 4 })
    .map((segments) => ['', ...segments] as const);
  const sightings = fc.array(fc.tuple(path, fc.integer({ min: 1, max: 6 })), { maxLength: 80 });

  test('what a name is called by now gives a tree that calls it the same', () => {
    fc.assert(
      fc.property(sightings, (seen) => {
        const learned = tree();
        for (const [segments, pod] of seen) learned.add(segments, pod, 6);
        learned.review(6);
        const restored = tree();
        const names = seen.map(([segments]) => learned.resolve(segments));
        for (const resolved of names) restored.restore(split(resolved), [{ pod: 1, count: 1 }]);
        seen.forEach(([segments], index) => {
          expect(restored.resolve(split(names[index] as string))).toBe(names[index]);
          expect(restored.resolve(segments)).toBe(names[index]);
        });
      }),
      { numRuns: 500 },
    );
  });
});

test('no segments make the tree throw', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 })), (paths) => {
      const t = tree();
      for (const segments of paths) {
        t.add(segments, 1, 1);
        t.restore(segments, [{ pod: 2, count: 1 }]);
        t.review(3);
        expect(typeof t.resolve(segments)).toBe('string');
      }
    }),
  );
});
