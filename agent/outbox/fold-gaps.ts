import type { GapRecord } from '../../proto/lanner/v1/frames.ts';

/**
 * Makes at most `max` gaps of them, by uniting neighbours of one cause: the pair with the least
 * time between them first, because what lies between is then claimed to be a hole as well. Nothing
 * that was a hole stops being one. Possible while `max` is at least the number of causes.
 */
export function foldGaps(gaps: readonly GapRecord[], max: number): readonly GapRecord[] {
  // Copies: which of two equal ones is meant is told by identity.
  const copies = gaps.map((gap) => ({ ...gap }));
  let left: readonly GapRecord[] =
    copies.toSorted((one, other) => compare(one.from, other.from));
  while (left.length > max) {
    const pair = closestPair(left);
    if (pair === null) return left;
    const { earlier, later } = pair;
    left = left.filter((gap) => gap !== later)
      .map((gap) => (gap === earlier ? united(earlier, later) : gap));
  }
  return left;
}

type Pair = { readonly earlier: GapRecord; readonly later: GapRecord };

/** Of gaps in the order of their start. */
function closestPair(gaps: readonly GapRecord[]): Pair | null {
  const lastOfCause = new Map<string, GapRecord>();
  let closest: Pair | null = null;
  let leastMs = Infinity;
  for (const later of gaps) {
    const earlier = lastOfCause.get(later.cause);
    lastOfCause.set(later.cause, later);
    if (earlier === undefined) continue;
    const betweenMs = Date.parse(later.from) - Date.parse(earlier.to);
    // A time that nobody can read is no distance: such a pair is as good as any.
    const distance = Number.isNaN(betweenMs) ? 0 : betweenMs;
    if (distance >= leastMs) continue;
    leastMs = distance;
    closest = { earlier, later };
  }
  return closest;
}

function united(earlier: GapRecord, later: GapRecord): GapRecord {
  const isKnown = earlier.eventsEstimate >= 0 && later.eventsEstimate >= 0;
  const sum = Math.min(earlier.eventsEstimate + later.eventsEstimate, Number.MAX_SAFE_INTEGER);
  return {
    from: earlier.from,
    to: compare(earlier.to, later.to) >= 0 ? earlier.to : later.to,
    cause: earlier.cause,
    eventsEstimate: isKnown ? sum : -1,
  };
}

/** RFC 3339 in UTC with nine digits: text order is time order. */
const compare = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
