import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { Evidence, LITERALS_MAX, PLACE_FAMILIES_MAX } from './evidence.ts';
import { PackedEvidence } from './packed-evidence.ts';
import type { Trace } from './trace.ts';

const segment = fc.oneof(
  fc.constantFrom('var', 'log', 'etc', '<N>', '*', '\\x', '日本', '\udc00', ''),
  fc.stringMatching(/^(job-[0-9]{1,3}|up\.[A-Z]{6}|[a-z]{1,2})$/),
);
const behaviour: fc.Arbitrary<Behaviour> = fc.record({
  channel: fc.constant('file-read' as const),
  verb: fc.constantFrom('read', 'write'),
  object: fc.array(segment, { maxLength: 20 }).map((list) => `/${list.join('/')}`),
  tree: fc.constantFrom('path', 'path', 'none'),
  detail: fc.constantFrom('', ' as root'),
  by: fc.constantFrom('web', 'sh'),
});
const ms = fc.oneof(
  fc.nat(1_000),
  fc.constantFrom(0, 1_795_434_000_000, 2 ** 32, Number.MAX_SAFE_INTEGER - 1_000),
);
const trace: fc.Arbitrary<Trace> = fc.record({
  pods: fc.uniqueArray(fc.nat(2 ** 31 - 1), { minLength: 1, maxLength: 8 }).map(sorted),
  reporters: fc.uniqueArray(fc.nat(5), { maxLength: 4 }).map(sorted),
  firstMs: ms,
  lastMs: fc.nat(1_000),
  exempt: fc.boolean(),
}).map((one) => ({ ...one, lastMs: one.firstMs + one.lastMs }));

function sorted(list: readonly number[]): readonly number[] {
  return list.toSorted((a, b) => a - b);
}

/** All of it, in its order. */
function told(evidence: Evidence): unknown {
  const names = [...evidence.families].map(([key, { hash, literals, rest, place }]) => [
    key, hash, literals, rest, place?.key, place?.families.map((family) => family.key),
  ]);
  const places = [...evidence.places].map(([key, place]) => [key, place.rest]);
  const { level, records, refused, isFull } = evidence;
  return { names, places, level, records, refused, isFull };
}

test('what is unpacked is what was packed, to the last trace and in its order', () => {
  const seen = fc.array(fc.tuple(behaviour, trace), { maxLength: 60 });
  fc.assert(
    fc.property(seen, fc.nat(4), (list, level) => {
      const evidence = new Evidence();
      evidence.raise(level);
      for (const [one, of] of list) evidence.add(one, of);
      const packed = new PackedEvidence('file-read', evidence);
      expect(packed.isEmpty).toBe(evidence.isEmpty);
      expect(told(packed.unpacked())).toEqual(told(evidence));
    }),
    { numRuns: 300 },
  );
});

const once = (pod: number): Trace =>
  ({ pods: [pod], reporters: [1], firstMs: pod, lastMs: pod, exempt: false });
const read = (object: string): Behaviour =>
  ({ channel: 'file-read', verb: 'read', object, tree: 'path', detail: '', by: 'web' });

test('families and places that dropped some are packed with what is known of the rest', () => {
  const evidence = new Evidence();
  for (let n = 0; n < LITERALS_MAX * 2; n += 1) evidence.add(read(`/spool/${n + 100}`), once(n));
  for (let n = 0; n < PLACE_FAMILIES_MAX + 50; n += 1) {
    evidence.add(read(`/home/${'g'.repeat(n % 25 + 1)}${letters(n)}`), once(n));
  }
  const packed = new PackedEvidence('file-read', evidence);
  expect(evidence.families.values().some(({ rest }) => rest !== null)).toBe(true);
  expect(evidence.places.values().some(({ rest }) => rest !== null)).toBe(true);
  expect(told(packed.unpacked())).toEqual(told(evidence));
});

test('what is told after it was unpacked leaves what was packed alone', () => {
  const evidence = new Evidence();
  evidence.add(read('/srv/a'), once(1));
  const packed = new PackedEvidence('file-read', evidence);
  packed.unpacked().add(read('/srv/a'), once(2));
  expect(told(packed.unpacked())).toEqual(told(evidence));
});

function letters(n: number): string {
  return [...n.toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]).join('');
}
