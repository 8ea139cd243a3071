import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  hasPod,
  mergePodSets,
  podHash,
  POD_SET_MAX,
  support,
  withPod,
  type PodSet,
} from './pod-set.ts';

/** Sightings of pods, in the order in which they happened; few pods, so that they repeat. */
const sightings = fc.array(fc.integer({ min: 0, max: 14 }), { maxLength: 40 });

function setOf(pods: readonly number[]): PodSet {
  return pods.reduce<PodSet>(withPod, []);
}

const podSet = sightings.map(setOf);

test('support is exact up to the bound and is the bound beyond', () => {
  fc.assert(
    fc.property(sightings, (pods) => {
      expect(support(setOf(pods))).toBe(Math.min(POD_SET_MAX, new Set(pods).size));
    }),
  );
});

test('a set keeps the smallest hashes in order, whatever the order of the sightings', () => {
  fc.assert(
    fc.property(sightings, (pods) => {
      const smallest = [...new Set(pods)].sort((a, b) => a - b).slice(0, POD_SET_MAX);
      const forwards = setOf(pods);
      const backwards = setOf(pods.toReversed());
      expect(forwards).toEqual(smallest);
      expect(backwards).toEqual(smallest);
    }),
  );
});

test('merging a set with itself changes nothing', () => {
  fc.assert(
    fc.property(podSet, (a) => {
      expect(mergePodSets(a, a)).toEqual(a);
    }),
  );
});

test('merging does not depend on the order of two sets', () => {
  fc.assert(
    fc.property(podSet, podSet, (a, b) => {
      expect(mergePodSets(a, b)).toEqual(mergePodSets(b, a));
    }),
  );
});

test('merging does not depend on the grouping of three sets', () => {
  fc.assert(
    fc.property(podSet, podSet, podSet, (a, b, c) => {
      const left = mergePodSets(mergePodSets(a, b), c);
      expect(left).toEqual(mergePodSets(a, mergePodSets(b, c)));
    }),
  );
});

test('a merged set holds what the pods of both would have made together', () => {
  fc.assert(
    fc.property(sightings, sightings, (a, b) => {
      const merged = mergePodSets(setOf(a), setOf(b));
      expect(merged).toEqual(setOf([...a, ...b]));
    }),
  );
});

test('merging leaves its inputs alone', () => {
  const a: PodSet = [1];
  const b: PodSet = [0];
  expect(mergePodSets(a, b)).toEqual([0, 1]);
  expect(withPod(a, 2)).toEqual([1, 2]);
  expect([a, b]).toEqual([[1], [0]]);
});

test('a set stays what it is when the pod is in it already', () => {
  const set = withPod([], 5);
  expect(withPod(set, 5)).toBe(set);
  expect(hasPod(set, 5)).toBe(true);
  expect(hasPod(set, 6)).toBe(false);
});

test('a pod beyond a full set of smaller ones is not added', () => {
  const set = setOf([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(withPod(set, 8)).toBe(set);
});

test('hashes of pod uids are integers of 48 bits', () => {
  fc.assert(
    fc.property(fc.string(), (uid) => {
      const hash = podHash(uid);
      expect(Number.isSafeInteger(hash)).toBe(true);
      expect(hash).toBeGreaterThanOrEqual(0);
      expect(hash).toBeLessThan(2 ** 48);
    }),
  );
});

test('no two of 20,000 pod uids share a hash', () => {
  const hashes = new Set<number>();
  for (let i = 0; i < 20_000; i += 1) {
    hashes.add(podHash(`4a585c7f-71cc-4f2d-a5fe-${i.toString(16).padStart(12, '0')}`));
  }
  // 20,000² / 2⁴⁹ = 7·10⁻⁷ expected collisions, if the 48 bits are worth their name.
  expect(hashes.size).toBe(20_000);
});
