import { ImageProfile, LEARNED_CHANNELS, STRONG_CHANNELS } from './image-profile.ts';
import type { Evidence } from './evidence.ts';
import { POD_SET_MAX } from './pod-set.ts';

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
  const spans = profile.pods.spans();
  for (const span of spans.values()) {
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
      for (const pod of item.pods) {
        workloads.get(spans.get(pod)?.workload ?? '')?.keys.add(`${name} ${item.key}`);
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
  const part = new ImageProfile(key, profile.image, workload, profile.outlook);
  part.decisions = profile.decisions;
  part.generation = profile.generation;
  part.pods = profile.pods.of(workload);
  const pods = part.pods.spans();
  for (const name of LEARNED_CHANNELS) {
    const { own, fleet } = profile.channel(name);
    const channel = part.channel(name);
    keepOf(own, channel.own, pods);
    channel.tell((told) => keepOf(fleet, told, pods));
    channel.settle();
    channel.rest();
  }
  for (const [command, runs] of profile.probes.runs) part.probes.tell(command, runs);
  for (const [command, runs] of profile.toldProbes.runs) part.toldProbes.tell(command, runs);
  return part;
}

function keepOf(all: Evidence, part: Evidence, pods: ReadonlyMap<number, unknown>): void {
  for (const { literals } of all.families.values()) {
    for (const { behaviour, trace } of literals) {
      const own = trace.pods.filter((pod) => pods.has(pod));
      // A full set forgot pods: what so many share is anybody's.
      if (own.length === 0 && trace.pods.length < POD_SET_MAX) continue;
      part.add(behaviour, { ...trace, pods: own, reporters: [...trace.reporters] });
    }
  }
}
