import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { behavioursOf } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import {
  change,
  connect,
  exec,
  privileged,
  read,
  ruleMatch,
  write,
} from '../testing/observations.ts';
import {
  mergeDocuments,
  parseDocument,
  profileOf,
  toDocument,
  type ProfileDocument,
} from './document.ts';
import { ImageProfile, LEARNED_CHANNELS } from './image-profile.ts';
import { PODS_MAX } from './pods.ts';
import { RATES_MAX } from './rate-book.ts';

const KEY = 'shop/web@sha256:1';
const IMAGE = { repository: 'shop/web', tag: '1.0', digest: 'sha256:1' };

type Seen = { readonly o: Observation; readonly pod: number; readonly ms: number };

function learn(seen: readonly Seen[]): ProfileDocument {
  const profile = new ImageProfile(KEY, IMAGE);
  for (const { o, pod, ms } of seen) {
    profile.see(pod, ms, `shop/app-${pod % 2}`);
    for (const behaviour of behavioursOf(o, () => null)) {
      profile.learn(behaviour, pod, ms, ms % 3 === 0);
    }
    profile.addWindows(pod, { fromMs: ms, toMs: ms + 1_000 }, 1);
    profile.addRate(`feature ${pod % 2}`, pod, ms % 50);
    if (o.kind === 'exec') profile.probes.note({ tty: false, command: o.commandLine }, pod);
    if (o.kind === 'exec') profile.noteStart(pod, ms);
  }
  return toDocument(profile);
}

/** What everything is called in the end, with the evidence for it. */
function called(document: ProfileDocument): unknown {
  return LEARNED_CHANNELS.map((name) => {
    const items = [...profileOf(document).channel(name).items.values()];
    return items
      .map(({ key, pods, firstMs, lastMs, exempt }) => [key, pods, firstMs, lastMs, exempt])
      .sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  });
}

const plainSegment = fc.oneof(
  fc.constantFrom('data', 'logs', 'tmp', '<N>', '*', 'a<N>', '\\<N>'),
  fc.stringMatching(/^(job-[0-9]{1,2}|[0-9]{5,6}|up\.[A-Z]{6}|\\[0-9]{5})$/),
);
/** … and names that look like several patterns: `3f` could be `<N>f` or `<x2>`. */
const anySegment = fc.oneof(
  plainSegment,
  fc.stringMatching(/^([a-f0-9]{1,2}|up\.[a-z0-9]{6}|[a-z]{2})$/),
);

function sightings(segment: fc.Arbitrary<string>): fc.Arbitrary<readonly Seen[]> {
  const path = fc
    .tuple(fc.constantFrom('/var', '/var', '/etc', '/proc/77'), fc.array(segment, { maxLength: 3 }))
    .map(([root, rest]) => [root, ...rest].join('/'));
  const word = fc.constantFrom('a', 'bc', 'd-1', 'd-2', '-x');
  const observation: fc.Arbitrary<Observation> = fc.oneof(
    path.map((p) => read(p)),
    path.map((p) => write(p)),
    path.map((p) => change('unlink', p)),
    fc.array(word, { maxLength: 3 }).map((w) => exec({ commandLine: w.join(' ') })),
    fc.ipV4().map((address) => connect(address, 443)),
    fc.constantFrom('mount', 'setuid').map((call) => privileged(call)),
    word.map((name) => ruleMatch(name)),
  );
  const seen = fc.record({
    o: observation,
    pod: fc.integer({ min: 1, max: 12 }),
    ms: fc.integer({ min: 0, max: 5_000 }),
  });
  return fc.array(seen, { maxLength: 50 });
}

const anyDocument = sightings(anySegment).map(learn);

function text(document: ProfileDocument): string {
  return JSON.stringify(document);
}

describe('merging documents', () => {
  test('with itself changes not one byte', () => {
    fc.assert(
      fc.property(anyDocument, (a) => {
        expect(text(mergeDocuments(a, a))).toBe(text(a));
      }),
      { numRuns: 200 },
    );
  });

  test('is the same in both orders, byte by byte', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (a, b) => {
        expect(text(mergeDocuments(a, b))).toBe(text(mergeDocuments(b, a)));
      }),
      { numRuns: 200 },
    );
  });

  test('does not depend on how a stream was split over agents, nor on the order of merging', () => {
    fc.assert(
      fc.property(
        sightings(anySegment),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(1_000)),
        (seen, agents, order) => {
          // A pod lives on one node, and a node sees its pods in their order.
          const parts = Array.from({ length: agents }, (_, agent) =>
            learn(seen.filter(({ pod }) => pod % agents === agent)),
          );
          const shuffled = parts
            .map((part) => ({ part, at: order.next().value }))
            .sort((a, b) => a.at - b.at)
            .map(({ part }) => part);
          const merged = shuffled.reduce(mergeDocuments);
          const whole = learn(seen);
          expect(text(merged)).toBe(text(mergeDocuments(whole, whole)));
          expect(called(merged)).toEqual(called(whole));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is the same in any grouping, byte by byte', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, anyDocument, (a, b, c) => {
        const left = mergeDocuments(mergeDocuments(a, b), c);
        expect(text(left)).toBe(text(mergeDocuments(a, mergeDocuments(b, c))));
      }),
      { numRuns: 200 },
    );
  });

  test('twice adds nothing the second time', () => {
    fc.assert(
      fc.property(anyDocument, anyDocument, (a, b) => {
        const once = mergeDocuments(a, b);
        expect(text(mergeDocuments(once, b))).toBe(text(once));
      }),
      { numRuns: 200 },
    );
  });

  test('forgets nothing: what one side knew the union knows', () => {
    fc.assert(
      fc.property(sightings(anySegment), anyDocument, (seen, b) => {
        const union = profileOf(mergeDocuments(learn(seen), b));
        for (const { o } of seen) {
          for (const behaviour of behavioursOf(o, () => null)) {
            expect(union.find(behaviour)).toBeDefined();
          }
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('a document', () => {
  test('comes back byte by byte, also through JSON', () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const parsed = parseDocument(JSON.parse(text(document)));
        expect(parsed.ok).toBe(true);
        if (parsed.ok) expect(text(toDocument(profileOf(parsed.document)))).toBe(text(document));
      }),
      { numRuns: 200 },
    );
  });

  test('knows all that its profile knew, and nothing beside it', () => {
    fc.assert(
      fc.property(sightings(anySegment), sightings(anySegment), (seen, others) => {
        const profile = new ImageProfile(KEY, IMAGE);
        for (const { pod, ms } of seen) profile.see(pod, ms);
        for (const { o, pod, ms } of seen) {
          for (const behaviour of behavioursOf(o, () => null)) profile.learn(behaviour, pod, ms);
        }
        for (const channel of profile.channels.values()) channel.settle();
        const restored = profileOf(toDocument(profile));
        for (const { o } of [...seen, ...others]) {
          for (const behaviour of behavioursOf(o, () => null)) {
            const channel = restored.channel(behaviour.channel as never);
            const own = profile.channel(behaviour.channel as never);
            expect(channel.keyOf(behaviour)).toBe(own.keyOf(behaviour));
            expect(restored.find(behaviour) === undefined).toBe(
              profile.find(behaviour) === undefined,
            );
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('is the same whatever the order in which pods were seen at one time', () => {
    const seen = [1, 2, 3, 4].map((pod) => ({ o: exec({}), pod, ms: 10 * pod }));
    expect(text(learn(seen.toReversed()))).toBe(text(learn(seen)));
  });
});

/** A small valid document, to be broken at one place. */
function valid(): ProfileDocument {
  return learn([
    { o: read('/var/data'), pod: 1, ms: 5 },
    { o: exec({}), pod: 2, ms: 6 },
  ]);
}

function error(change: (document: Record<string, unknown>) => void): string {
  const document = structuredClone(valid()) as unknown as Record<string, unknown>;
  change(document);
  const parsed = parseDocument(document);
  return parsed.ok ? '' : parsed.error;
}

type Loose = { [name: string]: Loose };

describe('parsing a document', () => {
  test('no JSON makes it throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(parseDocument(value).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  test('no change at one place makes it throw, and what it takes can be restored', () => {
    const pointers = paths(valid());
    fc.assert(
      fc.property(fc.constantFrom(...pointers), fc.jsonValue(), (pointer, value) => {
        const document = structuredClone(valid()) as unknown as Loose;
        let at = document;
        for (const name of pointer.slice(0, -1)) at = at[name] as Loose;
        at[pointer.at(-1) as string] = value as unknown as Loose;
        const parsed = parseDocument(document);
        if (!parsed.ok) expect(parsed.error).not.toBe('');
        else expect(parseDocument(toDocument(profileOf(parsed.document))).ok).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ['another format', (d: Loose) => (d['format'] = 'lanner-profile/1' as never), /^\/format/],
    ['a missing key', (d: Loose) => delete d['key'], /key/],
    ['an unknown field', (d: Loose) => (d['extra'] = 1 as never), /./],
    ['a negative count', (d: Loose) => (d['generation'] = -1 as never), /^\/generation/],
    ['half a count', (d: Loose) => (d['generation'] = 0.5 as never), /^\/generation/],
    [
      'an unknown channel',
      (d: Loose) =>
        (d['channels'] = { ...d['channels'], sequence: d['channels']?.['exec'] } as never),
      /^\/channels: no channel "sequence"/,
    ],
    ['a text beyond the bound', (d: Loose) => (d['key'] = 'x'.repeat(16_385) as never), /^\/key/],
  ])('refuses %s and says where', (_name, change, where) => {
    expect(error(change as never)).toMatch(where);
  });

  const families = (d: Record<string, unknown>): Loose[] =>
    (d['channels'] as Loose)['exec']?.['families'] as unknown as Loose[];

  test('refuses more pods, behaviours, pods of a name and rates than a profile can hold', () => {
    const [row] = valid().pods;
    expect(error((d) => (d['pods'] = new Array(PODS_MAX + 1).fill(row)))).toMatch(/^\/pods/);
    const many = (d: Record<string, unknown>): void => {
      const own = families(d);
      while (own.length <= 4_096) own.push(own[0] as Loose);
    };
    expect(error(many)).toMatch(/^\/channels/);
    const crowd = (d: Record<string, unknown>): void => {
      const [name] = (families(d)[0] as Loose)['names'] as unknown as unknown[][];
      (name as unknown[])[1] = new Array(9).fill(1);
    };
    expect(error(crowd)).toMatch(/names/);
    const rates = Object.fromEntries(
      Array.from({ length: RATES_MAX + 1 }, (_, n) => [`r${n}`, [[1, 1, 1, 1, 1]]]),
    );
    const calibration = { rates, candidates: [] };
    expect(error((d) => (d['calibration'] = calibration))).toMatch(/rates/);
  });

  test('refuses names of rates and probes beyond the bound', () => {
    const long = 'x'.repeat(16_385);
    const calibration = { rates: { [long]: [] }, candidates: [] };
    expect(error((d) => (d['calibration'] = calibration))).toMatch(/rates/);
    expect(error((d) => (d['probes'] = { [long]: { pods: [], reporters: [] } }))).toMatch(/probes/);
  });

  test('refuses a family of names that are not of one shape: it would generalise others', () => {
    const mixed = (d: Record<string, unknown>): void => {
      const reads = (d['channels'] as Loose)['file-read']?.['families'] as unknown as Loose[];
      const names = (reads[0] as Loose)['names'] as unknown as unknown[][];
      names.push(['/etc/shadow', ...(names[0] as unknown[]).slice(1)]);
    };
    expect(error(mixed)).toMatch(/shapes/);
  });

  test('one pod claimed twice is one pod: no support can be made up so', () => {
    const document = valid();
    const [name] = document.channels['exec']?.families[0]?.names ?? [];
    if (name !== undefined) name[1] = [9, 5, 5, 5];
    const parsed = parseDocument(document);
    if (!parsed.ok) throw new Error(parsed.error);
    const [restored] = profileOf(parsed.document).channel('exec').items.values();
    expect(restored?.pods).toEqual([5, 9]);
  });

  test('a name that JavaScript knows is only a name', () => {
    const json = text(valid())
      .replace(
        '"probes":{',
        '"probes":{"__proto__":{"pods":[[1,3]],"reporters":[]},' +
          '"constructor":{"pods":[],"reporters":[]},',
      )
      .replace(/,\}/, '}');
    const parsed = parseDocument(JSON.parse(json));
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    const again = toDocument(profileOf(parsed.document));
    expect(Object.keys(again.probes)).toEqual(expect.arrayContaining(['__proto__', 'constructor']));
    expect(({} as Record<string, unknown>)['constructor']).toBe(Object);
  });
});

test.each([
  ['a command line of numbers', exec({ commandLine: '1/'.repeat(2_048) })],
  ['a path of marks', read(`/var/${'<'.repeat(4_090)}`)],
  ['a path of backslashes', write(`/var/${'\\'.repeat(4_090)}`)],
  ['a path of numbers', change('unlink', `/var${'/1-1-1-1'.repeat(500)}`)],
  ['a long name', exec({ exe: `/${'x'.repeat(4_095)}`, name: 'y'.repeat(4_096) })],
])('%s from an event can be sent: the document takes what was learned', (_name, o) => {
  const document = learn([
    { o, pod: 1, ms: 1 },
    { o, pod: 2, ms: 1 },
  ]);
  expect(parseDocument(document)).toEqual({ ok: true, document });
});

test('a document has every learned channel, sorted items and sorted pods', () => {
  const document = learn([
    { o: read('/var/two'), pod: 2, ms: 5 },
    { o: read('/var/one'), pod: 1, ms: 6 },
    { o: write('/var/a'), pod: 1, ms: 6 },
  ]);
  expect(Object.keys(document.channels)).toEqual([...LEARNED_CHANNELS]);
  const objects = document.channels['file-read']?.families.map(({ names }) => names[0]?.[0]);
  expect(objects).toEqual(['/var/one', '/var/two']);
  expect(document.pods.map(([pod]) => pod)).toEqual([1, 2]);
  expect(document.pods[0]).toEqual([1, 0, 6, 1_006, 2, 2, 2, 'shop/app-1', 0]);
});

/** Every place of a value, as keys from the outside in. */
function paths(value: unknown, at: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    [...at, name],
    ...paths(inner, [...at, name]),
  ]);
}
