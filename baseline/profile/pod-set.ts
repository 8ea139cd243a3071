/**
 * Who showed something, in bounded space: the smallest hashes of the pods' uids (of the nodes'
 * names), sorted. Union and truncate is idempotent, commutative and associative; support is exact
 * up to the bound and "at least" beyond (bottom-k sketch, Cohen and Kaplan 2007).
 */

export const POD_SET_MAX = 8;
/** Nodes that reported something, as the collector saw them: two are a quorum. */
export const REPORTERS_MAX = 4;

/** Sorted hashes, each once. Never changed, since many hold the same. */
export type HashSet = readonly number[];
/** At most `POD_SET_MAX` long. */
export type PodSet = HashSet;

/** 48-bit hash of a pod uid: two FNV-1a passes with different offsets, safe in a double. */
export function podHash(uid: string): number {
  let low = 0x811c9dc5;
  let high = 0x01000193 ^ uid.length;
  for (let index = 0; index < uid.length; index += 1) {
    const code = uid.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b) + 0x27d4eb2f;
  }
  return ((high >>> 0) & 0xffff) * 0x1_0000_0000 + (low >>> 0);
}

/** Hash of `cluster/node`; never 0, which is nobody. */
export function reporterOf(reporter: string): number {
  return Math.max(1, podHash(reporter));
}

/** The set with the pod in it; the same one when that changes nothing. */
export function withPod(set: PodSet, pod: number): PodSet {
  let index = 0;
  while (index < set.length) {
    const entry = set[index] as number;
    if (entry === pod) return set;
    if (entry > pod) break;
    index += 1;
  }
  if (index >= POD_SET_MAX) return set;
  return set.toSpliced(index, 0, pod).slice(0, POD_SET_MAX);
}

/**
 * Lets what one pod shows share its sets: a thousand files that all pods read are a thousand times
 * the same pods, and a pod shows them one after the other.
 */
export class SharedPods {
  #pod = -1;
  readonly #with = new Map<PodSet, PodSet>();

  with(set: PodSet, pod: number): PodSet {
    if (pod !== this.#pod) this.#with.clear();
    this.#pod = pod;
    const known = this.#with.get(set);
    if (known !== undefined) return known;
    const next = withPod(set, pod);
    this.#with.set(set, next);
    return next;
  }
}

export function hasPod(set: PodSet, pod: number): boolean {
  return set.includes(pod);
}

export function support(set: PodSet): number {
  return set.length;
}

export function mergeHashes(a: HashSet, b: HashSet, max: number): HashSet {
  if (a === b && a.length <= max) return a;
  const merged: number[] = [];
  let left = 0;
  let right = 0;
  while (merged.length < max && (left < a.length || right < b.length)) {
    const x = a[left] ?? Number.POSITIVE_INFINITY;
    const y = b[right] ?? Number.POSITIVE_INFINITY;
    merged.push(Math.min(x, y));
    if (x <= y) left += 1;
    if (y <= x) right += 1;
  }
  return merged;
}

export function mergePodSets(a: PodSet, b: PodSet): PodSet {
  return mergeHashes(a, b, POD_SET_MAX);
}
