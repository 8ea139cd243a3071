/**
 * A time of the week in somebody's time zone, e.g. Sunday 02:00 in Asia/Shanghai for three hours.
 * It begins at that time of the wall clock whatever the clocks did in spring, and then lasts as
 * long as it says: a begin that the clocks skip is an hour later, one that comes twice is the first.
 */
export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

export type Weekly = {
  /** IANA, e.g. `Asia/Shanghai`. */
  readonly timeZone: string;
  readonly weekday: Weekday;
  /** `HH:MM` */
  readonly start: string;
  readonly minutes: number;
};

export type Span = { readonly fromMs: number; readonly toMs: number };

const DAYS_PER_WEEK = 7;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** The one that a time lies in, or undefined. */
export function occurrenceAt(weekly: Weekly, atMs: number): Span | undefined {
  // It began at most a week ago, by a wall clock that may be a day off from UTC either way.
  for (let back = -1; back <= DAYS_PER_WEEK + 1; back += 1) {
    const span = beginningOn(weekly, atMs - back * DAY_MS);
    if (span !== undefined && span.fromMs <= atMs && atMs < span.toMs) return span;
  }
  return undefined;
}

function beginningOn({ timeZone, weekday, start, minutes }: Weekly, dayMs: number) {
  const date = new Date(dayMs);
  if (weekdays[(date.getUTCDay() + DAYS_PER_WEEK - 1) % DAYS_PER_WEEK] !== weekday) return undefined;
  const [hour = '0', minute = '0'] = start.split(':');
  const wallMs = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate(),
    Number(hour), Number(minute));
  const fromMs = instantOf(wallMs, timeZone);
  return { fromMs, toMs: fromMs + minutes * MINUTE_MS };
}

/** When clocks in that zone show this; `wallMs` is what they show, written as if it were UTC. */
function instantOf(wallMs: number, timeZone: string): number {
  const early = wallMs - offsetAt(wallMs - 24 * HOUR_MS, timeZone);
  const late = wallMs - offsetAt(wallMs + 24 * HOUR_MS, timeZone);
  // Twice: the first. Skipped by the clocks: neither shows it, and the earlier offset is later.
  const shown = [early, late].filter((ms) => ms + offsetAt(ms, timeZone) === wallMs);
  return shown.length > 0 ? Math.min(...shown) : Math.max(early, late);
}

const formats = new Map<string, Intl.DateTimeFormat>();
const FORMATS_MAX = 600;

function offsetAt(ms: number, timeZone: string): number {
  let format = formats.get(timeZone);
  if (format === undefined) {
    if (formats.size >= FORMATS_MAX) formats.clear();
    format = new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    formats.set(timeZone, format);
  }
  const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  const part = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
  const wall = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'),
    part('minute'), part('second'));
  return wall - Math.floor(ms / 1_000) * 1_000;
}
