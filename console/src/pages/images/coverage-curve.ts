/**
 * The coverage of a profile over time as a curve: where its points lie in a box of given size, and
 * the few facts a reader who does not see it needs. At most `POINTS_MAX` points are drawn; of more,
 * the last of each stretch stands for it, so that the end of the curve is always the truth of now.
 */
const POINTS_MAX = 240;
const HOUR_MS = 3_600_000;

export type HistoryPoint = {
  readonly time: string;
  /** 0 to 1. */
  readonly coverage: number;
  readonly pods: number;
  readonly observations: number;
  readonly state: string;
};

export type CurvePoint = {
  readonly x: number;
  readonly y: number;
  readonly ms: number;
  readonly of: HistoryPoint;
};

export type Curve = {
  readonly points: readonly CurvePoint[];
  /** An SVG path through all points; a single one is a level line, because it held until now. */
  readonly line: string;
  /** The same, closed along the lower edge. */
  readonly area: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Where learning became complete for the first time, if it did within these points. */
  readonly completeAt: CurvePoint | null;
  /** How much the coverage grew over the last hour that has points; null when nobody can say. */
  readonly lastHour: number | null;
};

export type Box = { readonly width: number; readonly height: number };

export function curveOf(history: readonly HistoryPoint[], box: Box): Curve | null {
  const known = history
    .map((of) => ({ of, ms: Date.parse(of.time) }))
    .filter(({ ms, of }) => Number.isFinite(ms) && Number.isFinite(of.coverage))
    .toSorted((a, b) => a.ms - b.ms);
  const first = known[0];
  const last = known.at(-1);
  if (first === undefined || last === undefined) return null;
  const spanMs = last.ms - first.ms;
  const points = thinned(known).map(({ of, ms }) => ({
    of,
    ms,
    x: spanMs === 0 ? box.width : ((ms - first.ms) / spanMs) * box.width,
    y: (1 - clamped(of.coverage)) * box.height,
  }));
  const line = lineOf(points, box);
  return {
    points,
    line,
    area: `${line} V ${box.height} H ${spanMs === 0 ? 0 : text(points[0]?.x ?? 0)} Z`,
    fromMs: first.ms,
    toMs: last.ms,
    completeAt: becameComplete(points),
    lastHour: growthOf(known, last),
  };
}

type Known = { readonly of: HistoryPoint; readonly ms: number };

function thinned(known: readonly Known[]): readonly Known[] {
  if (known.length <= POINTS_MAX) return known;
  const kept: Known[] = [];
  for (let index = 1; index <= POINTS_MAX; index += 1) {
    const one = known[Math.floor((index * known.length) / POINTS_MAX) - 1];
    if (one !== undefined) kept.push(one);
  }
  return kept;
}

function lineOf(points: readonly CurvePoint[], { width }: Box): string {
  const [only] = points;
  if (only !== undefined && points.length === 1) return `M 0 ${text(only.y)} H ${width}`;
  return points.map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'} ${text(x)} ${text(y)}`)
    .join(' ');
}

/** A profile that was complete from its first point on did not become it here. */
function becameComplete(points: readonly CurvePoint[]): CurvePoint | null {
  const index = points.findIndex(({ of }) => of.state === 'complete');
  return index > 0 ? points[index] ?? null : null;
}

function growthOf(known: readonly Known[], last: Known): number | null {
  const before = known.findLast(({ ms }) => ms <= last.ms - HOUR_MS);
  return before === undefined ? null : last.of.coverage - before.of.coverage;
}

/** The point that is nearest to `x`: what a pointer or an arrow key stands on. */
export function nearestTo(points: readonly CurvePoint[], x: number): number {
  let best = 0;
  for (let index = 1; index < points.length; index += 1) {
    const now = Math.abs((points[index]?.x ?? 0) - x);
    if (now < Math.abs((points[best]?.x ?? 0) - x)) best = index;
  }
  return best;
}

const clamped = (share: number): number => Math.min(1, Math.max(0, share));

const text = (value: number): string => String(Math.round(value * 10) / 10);
