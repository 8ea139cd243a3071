import { ImageProfile, LEARNED_CHANNELS, STRONG_CHANNELS } from './image-profile.ts';
import { POD_SET_MAX, type PodSet } from './pod-set.ts';

/**
 * Several applications on one generic image (one Python image, three services): one profile for
 * all would let each do what any of them does. The profile is split by workload when the workloads'
 * strong behaviours differ: when the Jaccard index |A ∩ B| / |A ∪ B| of some two of them is below
 * `SIMILARITY_MIN`. Replicas and stages of one application share nearly all of theirs; different
 * applications on one interpreter share little but the entry point.
 */

export const SIMILARITY_MIN = 0.5;
/** A workload has its say after this many pod-windows, or its first requests would look foreign. */
export const SPLIT_WINDOWS_MIN = 30;
export const WORKLOADS_MAX = 64;

/** Windows and strong behaviours of each workload of an image. */
function workloadsOf(profile: ImageProfile): Map<string, { windows: number; keys: Set<string> }> {
  const workloads = new Map<string, { windows: number; keys: Set<string> }>();
  for (const span of profile.pods.values()) {
    if (span.workload === '') continue;
    const own = workloads.get(span.workload) ?? { windows: 0, keys: new Set<string>() };
    own.windows += span.windows;
    if (workloads.size < WORKLOADS_MAX || workloads.has(span.workload)) {
      workloads.set(span.workload, own);
    }
  }
  for (const name of LEARNED_CHANNELS) {
    if (!STRONG_CHANNELS.has(name)) continue;
    for (const item of profile.channel(name).items.values()) {
      for (const { pod } of item.pods) {
        workloads.get(profile.pods.get(pod)?.workload ?? '')?.keys.add(`${name} ${item.key}`);
      }
    }
  }
  return workloads;
}

export function shouldSplit(profile: ImageProfile): boolean {
  const known = [...workloadsOf(profile).values()].filter(
    (workload) => workload.windows >= SPLIT_WINDOWS_MIN && workload.keys.size > 0,
  );
  return known.some((a, index) =>
    known.slice(index + 1).some((b) => similarity(a.keys, b.keys) < SIMILARITY_MIN),
  );
}

function similarity(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let common = 0;
  for (const key of a) if (b.has(key)) common += 1;
  return common / (a.size + b.size - common);
}

/** The part of a profile that the pods of one workload showed, as a profile of its own. */
export function partOf(profile: ImageProfile, workload: string, key: string): ImageProfile {
  const part = new ImageProfile(key, profile.image, workload);
  for (const [pod, span] of profile.pods) {
    if (span.workload !== workload) continue;
    part.pods.set(pod, { ...span });
    part.windows += span.windows;
    part.firstMs = Math.min(part.firstMs, span.firstMs);
    part.lastMs = Math.max(part.lastMs, span.lastMs);
  }
  for (const name of LEARNED_CHANNELS) {
    const channel = profile.channel(name);
    const items = [...channel.items.values()].flatMap((item) => {
      const pods = ownPods(item.pods, part);
      // A full set forgot pods: what so many share is anybody's.
      if (pods.length === 0 && item.pods.length < POD_SET_MAX) return [];
      const object = channel.objectOf(item);
      const behaviour = { ...item.behaviour, object, isPattern: true };
      const { firstMs, lastMs, approved, exempt } = item;
      return [{ behaviour, pods, firstMs, lastMs, approved, exempt }];
    });
    part.channel(name).restore(items);
  }
  for (const [command, runs] of profile.probes.runs) part.probes.restore(command, runs);
  return part;
}

function ownPods(pods: PodSet, part: ImageProfile): PodSet {
  return pods.filter((entry) => part.pods.has(entry.pod)).map((entry) => ({ ...entry }));
}
