import type { CompletionEvidence } from './completion.ts';
import type { ImageProfile, LearnedChannel } from './image-profile.ts';
import { restartsIn, type PodSpan } from './pods.ts';
import type { HashSet } from './pod-set.ts';

/**
 * How long a channel has brought nothing new, from evidence that merges: the first time of each
 * behaviour and the windows of each pod. Generalising a directory takes its novelty back. Asked
 * `without` a reporter, it is what all others know.
 */
export function cleanRunOf(
  profile: ImageProfile,
  name: LearnedChannel,
  { windowMs, without }: { readonly windowMs: number; readonly without: number | null },
): CompletionEvidence {
  const spans = profile.pods.spans(without);
  let { firstMs, lastMs } = profile;
  if (without !== null) [firstMs, lastMs] = reachOf(spans.values());
  const novel = new Set<number>();
  let lastNovelMs = firstMs;
  for (const item of profile.channel(name).items.values()) {
    if (without !== null && !item.isOwn && isOnlyFrom(item.reporters, without)) continue;
    if (item.exempt || profile.parent?.knows(item.behaviour) === true) continue;
    if (!profile.decisions.isEmpty && profile.isAccepted(item)) continue;
    novel.add(Math.floor(item.firstMs / windowMs));
    if (item.firstMs > lastNovelMs) lastNovelMs = item.firstMs;
  }
  const ageMs = Math.max(0, lastMs - firstMs);
  let clean = 0;
  let windows = 0;
  for (const span of spans.values()) {
    clean += windowsAfter(span, lastNovelMs);
    windows += span.windows;
  }
  return {
    novelWindows: novel.size,
    cleanWindows: clean,
    pods: spans.size,
    restarts: restartsIn(spans, firstMs),
    ageMs,
    windowsPerSecond: ageMs > 0 ? (windows * 1000) / ageMs : 0,
  };
}

function isOnlyFrom(reporters: HashSet, reporter: number): boolean {
  return reporters.length === 1 && reporters[0] === reporter;
}

function reachOf(spans: Iterable<PodSpan>): [firstMs: number, lastMs: number] {
  let firstMs = Number.POSITIVE_INFINITY;
  let lastMs = 0;
  for (const span of spans) {
    if (span.windows === 0) continue;
    firstMs = Math.min(firstMs, span.firstMs);
    lastMs = Math.max(lastMs, span.lastMs);
  }
  return [firstMs, lastMs];
}

function windowsAfter(span: PodSpan, ms: number): number {
  if (span.firstMs >= ms) return span.windows;
  if (span.lastMs <= ms || span.lastMs === span.firstMs) return 0;
  return (span.windows * (span.lastMs - ms)) / (span.lastMs - span.firstMs);
}
