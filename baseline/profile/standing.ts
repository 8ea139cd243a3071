import type { Literal } from './evidence.ts';
import type { Item } from './item-table.ts';
import { POD_SET_MAX, type PodSet } from './pod-set.ts';

/** Where a known behaviour is counted: as itself, and under what it is called in general. */
export type Standing = { readonly item: Item; literal: Literal | null };

/** The pod showed it before; then only the time is news. */
export function isShownAgain({ literal }: Standing, pod: number, ms: number): boolean {
  if (literal?.isKept !== true) return false;
  const { trace } = literal;
  return ms >= trace.firstMs && isShownBy(trace.pods, pod);
}

export function noteTime({ item, literal }: Standing, ms: number): void {
  if (literal !== null) {
    // The item was seen at least as late.
    if (ms <= literal.trace.lastMs) return;
    literal.trace.lastMs = ms;
  }
  item.noteTime(ms);
}

/** A full set takes no larger hash: as far as it can tell the pod is in it. */
function isShownBy(pods: PodSet, pod: number): boolean {
  return pods.includes(pod) || (pods.length >= POD_SET_MAX && pod > (pods.at(-1) ?? 0));
}
