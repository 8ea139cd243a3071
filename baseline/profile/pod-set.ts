/**
 * Which pods showed something, in bounded space: the `POD_SET_MAX` smallest hashes of pod uids,
 * each with how often. Union and truncate is idempotent, commutative and associative; support is
 * exact up to the bound and "at least" beyond (bottom-k sketch, Cohen and Kaplan 2007).
 */

export const POD_SET_MAX = 8;

export type PodCount = { readonly pod: number; count: number };

/** Sorted by pod hash, at most `POD_SET_MAX` long. */
export type PodSet = PodCount[];

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

/** Adds `count` for a pod; true when the pod was not in the set and support grew. */
export function addPod(set: PodSet, pod: number, count: number): boolean {
  let index = 0;
  while (index < set.length) {
    const entry = set[index];
    if (entry === undefined || entry.pod > pod) break;
    if (entry.pod === pod) {
      entry.count += count;
      return false;
    }
    index += 1;
  }
  if (index >= POD_SET_MAX) return false;
  set.splice(index, 0, { pod, count });
  if (set.length > POD_SET_MAX) set.pop();
  return true;
}

export function hasPod(set: PodSet, pod: number): boolean {
  return set.some((entry) => entry.pod === pod);
}

export function support(set: PodSet): number {
  return set.length;
}

export function totalCount(set: PodSet): number {
  let total = 0;
  for (const entry of set) total += entry.count;
  return total;
}

/** Counters of one pod only grow on the one agent that saw it: the larger is the newer. */
export function mergePodSets(a: PodSet, b: PodSet): PodSet {
  const merged: PodSet = [];
  let left = 0;
  let right = 0;
  while (merged.length < POD_SET_MAX && (left < a.length || right < b.length)) {
    const x = a[left];
    const y = b[right];
    if (x !== undefined && (y === undefined || x.pod < y.pod)) {
      merged.push({ ...x });
      left += 1;
    } else if (y !== undefined && (x === undefined || y.pod < x.pod)) {
      merged.push({ ...y });
      right += 1;
    } else if (x !== undefined && y !== undefined) {
      merged.push({ pod: x.pod, count: Math.max(x.count, y.count) });
      left += 1;
      right += 1;
    }
  }
  return merged;
}
