import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import { read } from '../testing/observations.ts';
import { Evidence, LITERALS_MAX, PLACE_FAMILIES_MAX } from './evidence.ts';
import { DEPTH_MAX, namesOf } from './names.ts';
import { Naming } from './naming.ts';

type Seen = readonly [path: string, ...pods: number[]];

function behaviour(path: string): Behaviour {
  return behavioursOf(read(path), () => null)[0] as Behaviour;
}

/** What a path is called when pods read these paths, of `podCount` pods in all. */
function naming(seen: readonly Seen[], podCount: number): (path: string) => string {
  const evidence = new Evidence();
  for (const [path, ...pods] of seen) {
    for (const pod of pods) evidence.see(behaviour(path), { pod, ms: 0, exempt: false });
  }
  const names = new Naming('path', evidence.families.values(), podCount);
  return (path) => names.resolve(namesOf(behaviour(path)));
}

const by = (pod: number, ...paths: readonly string[]): Seen[] => paths.map((path) => [path, pod]);

describe('a group of names that machines make up', () => {
  test('stays literal while one pod showed two of them', () => {
    const called = naming(by(1, '/v/job-1', '/v/job-2'), 1);
    expect(called('/v/job-1')).toBe('/v/job-1');
    expect(called('/v/job-3')).toBe('/v/job-3');
  });

  test('collapses at the third name of a single pod', () => {
    const called = naming(by(1, '/v/job-1', '/v/job-2', '/v/job-3'), 1);
    expect(called('/v/job-99')).toBe('/v/job-<N>');
  });

  test('collapses at the second name when two pods have one each', () => {
    const called = naming([['/v/job-1', 1], ['/v/job-2', 2]], 2);
    expect(called('/v/job-7')).toBe('/v/job-<N>');
  });

  test('does not collapse while the next pod is expected to bring less than a tenth', () => {
    const two: Seen[] = [['/v/job-1', 1], ['/v/job-2', 2]];
    expect(naming(two, 21)('/v/job-3')).toBe('/v/job-3');
    expect(naming([...two, ['/v/job-3', 3]], 21)('/v/job-4')).toBe('/v/job-<N>');
  });

  test('does not collapse when all pods share the same names', () => {
    const called = naming([['/v/s1', 1, 2, 3, 4], ['/v/s2', 1, 2, 3, 4]], 4);
    expect(called('/v/s3')).toBe('/v/s3');
  });

  test('comes back as literals when n has grown, and what each showed below it is known', () => {
    const seen = by(1, '/v/1/log', '/v/2/log', '/v/3/log');
    expect(naming(seen, 30)('/v/4/log')).toBe('/v/<N>/log');
    expect(naming(seen, 31)('/v/4/log')).toBe('/v/4/log');
    expect(naming(seen, 31)('/v/2/log')).toBe('/v/2/log');
  });

  test('takes what is below its literals along', () => {
    const called = naming(by(1, '/v/1/a/7', '/v/1/a/8', '/v/1/a/9', '/v/2', '/v/3'), 1);
    expect(called('/v/4/a/10')).toBe('/v/<N>/a/<N>');
  });

  test('of temporary files needs four, most of them in one pod only', () => {
    const three = by(1, '/t/up.aBcDeF', '/t/up.gHiJkL', '/t/up.mNoPqR');
    expect(naming(three, 1)('/t/up.sTuVwX')).toBe('/t/up.sTuVwX');
    const called = naming([...three, ['/t/up.yZaBcD', 1]], 1);
    expect(called('/t/up.sTuVwX')).toBe('/t/up.<C6>');
    expect(called('/t/up.sTuVwXy')).toBe('/t/up.sTuVwXy');
    expect(called('/t/down.sTuVwX')).toBe('/t/down.sTuVwX');
  });

  test('is called by its shape once its sketch is full, though all pods share the names', () => {
    const seen = (count: number): Seen[] =>
      Array.from({ length: count }, (_, n) => [`/v/s${n}/log`, 1, 2, 3]);
    expect(naming(seen(LITERALS_MAX), 3)('/v/s9999/log')).toBe('/v/s9999/log');
    expect(naming(seen(LITERALS_MAX + 1), 3)('/v/s9999/log')).toBe('/v/s<N>/log');
  });

  test('of which few differ is not general because what is below it is', () => {
    const seen: Seen[] = Array.from({ length: 400 }, (_, n) => [`/v/app-${n % 2}/${n}`, n]);
    const called = naming(seen.map(([path, pod]) => [path, pod as number, 1_000]), 401);
    expect(called('/v/app-1/99999')).toBe('/v/app-1/<N>');
    expect(called('/v/app-7/99999')).not.toBe('/v/app-<N>/<N>');
  });
});

describe('the fan-out directories of a cache', () => {
  const file = (pod: number, n: number): string => {
    const hash = ((pod * 7_919 + n * 104_729) % 0xffffff).toString(16).padStart(6, '0');
    return `/cache/${hash.slice(-1)}/${hash.slice(-3, -1)}/${hash}d0e1f2a3b4c5d6e7`;
  };

  test('are known as a whole, whatever pods showed which', () => {
    const seen = [1, 2, 3, 4, 5, 6].flatMap((pod) =>
      Array.from({ length: 20 }, (_, n): Seen => [file(pod, n), pod]),
    );
    const called = naming(seen, 6);
    const known = new Set(seen.map(([path]) => called(path)));
    const next = Array.from({ length: 50 }, (_, n) => called(file(9, n)));
    expect(next.filter((name) => !known.has(name)).length).toBeLessThanOrEqual(5);
    expect(known.size).toBeLessThan(40);
  });
});

describe('a directory of words', () => {
  const word = (n: number): string =>
    `/w/${[...n.toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]).join('')}`;
  const words = (count: number, ...pods: number[]): Seen[] =>
    Array.from({ length: count }, (_, n) => [word(n), ...pods]);

  test('opens at thirty children of one pod, not at twenty-nine', () => {
    expect(naming(words(29, 1), 1)('/w/anything')).toBe('/w/anything');
    const called = naming(words(30, 1), 1);
    expect(called('/w/anything')).toBe('/w/*');
    expect(called('/x/anything')).toBe('/x/anything');
  });

  test('does not open when the pods share the words', () => {
    expect(naming(words(60, 1, 2, 3), 3)('/w/anything')).toBe('/w/anything');
  });

  test('opens when there are more than are kept of them', () => {
    expect(naming(words(PLACE_FAMILIES_MAX, 1, 2), 2)('/w/anything')).toBe('/w/anything');
    expect(naming(words(PLACE_FAMILIES_MAX + 1, 1, 2), 2)('/w/anything')).toBe('/w/*');
  });

  test('does not open for names that one pattern stands for', () => {
    const called = naming(by(1, ...Array.from({ length: 50 }, (_, n) => `/w/job-${n}`)), 1);
    expect(called('/w/job-99')).toBe('/w/job-<N>');
    expect(called('/w/anything')).toBe('/w/anything');
  });
});

test('a word beside a collapsed group is never swallowed by it', () => {
  const machine = fc.stringMatching(/^(job-[0-9]{1,4}|[0-9]{1,6}|[a-f0-9]{8}|x[0-9]y[0-9]z[0-9])$/);
  const words = fc.array(fc.stringMatching(/^[g-z]{5,12}$/), { maxLength: 20 });
  const machines = fc.array(fc.tuple(machine, fc.integer({ min: 1, max: 5 })), { maxLength: 60 });
  fc.assert(
    fc.property(machines, words, words, (made, known, unknown) => {
      const called = naming(
        [
          ...known.map((name): Seen => [`/d/${name}`, 1]),
          ...made.map(([name, pod]): Seen => [`/d/${name}`, pod]),
        ],
        5,
      );
      for (const name of [...known, ...unknown]) expect(called(`/d/${name}`)).toBe(`/d/${name}`);
    }),
  );
});

test('names deeper than the bound end in **, and are one', () => {
  const deep = (count: number): string =>
    Array.from({ length: count }, (_, depth) => `/d${'x'.repeat(depth + 1)}y`).join('');
  const called = naming([[deep(DEPTH_MAX + 3), 1]], 1);
  expect(called(deep(DEPTH_MAX + 3))).toBe(`${deep(DEPTH_MAX - 1)}/**`);
  expect(called(deep(DEPTH_MAX + 9))).toBe(`${deep(DEPTH_MAX - 1)}/**`);
  expect(called(deep(DEPTH_MAX - 1))).toBe(deep(DEPTH_MAX - 1));
});

test('/etc is not taken along when the root opens, and never general', () => {
  const seen = [...'ghijklmnopqrstuvwxyzGHIJKLMNOPQRS'].flatMap((letter, n) =>
    by(1, `/${letter}wordy/passwd`, `/etc/${letter}`, `/etc/job-${n}`),
  );
  const called = naming(seen, 1);
  expect(called('/new/passwd')).toBe('/*/passwd');
  expect(called('/etc/passwd')).toBe('/etc/passwd');
  expect(called('/etc/job-77')).toBe('/etc/job-77');
});

test('names do not depend on the order in which they were seen', () => {
  const segment = fc.stringMatching(
    /^(job-[0-9]{1,2}|[0-9]{1,3}|[a-f0-9]{1,2}|up\.[A-Z]{6}|[g-k]{1,2})$/,
  );
  const path = fc
    .array(segment, { minLength: 1, maxLength: 3 })
    .map((names) => `/${names.join('/')}`);
  const sightings = fc.array(fc.tuple(path, fc.nat(6)), { maxLength: 150 });
  fc.assert(
    fc.property(sightings, (seen) => {
      const there = naming(seen, 6);
      const back = naming(seen.toReversed(), 6);
      for (const [name] of seen) expect(back(name)).toBe(there(name));
    }),
  );
});

test('no path makes it throw, and what was seen has a name', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }), (paths) => {
      const called = naming(paths.map((path) => [path, 1]), 1);
      for (const path of paths) expect(typeof called(path)).toBe('string');
    }),
  );
});
