import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { isDestructive } from './destructive.ts';
import { covers, windowProblem } from './maintenance.ts';
import type { MaintenanceWindow } from './maintenance.ts';
import { isTimeZone, occurrenceAt } from './weekly.ts';
import type { Weekly } from './weekly.ts';

const NOW = Date.parse('2026-03-01T10:00:00Z');
const HOUR = 3_600_000;
const time = (ms: number): string => new Date(ms).toISOString();
const aWindow = (over: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  id: 'w1',
  label: 'upgrade',
  scope: { namespace: 'shop' },
  fromTime: time(NOW),
  toTime: time(NOW + 2 * HOUR),
  weekly: null,
  owner: 'dba',
  reason: 'postgres 17',
  createdBy: 'anna',
  createdTime: time(NOW),
  ended: null,
  ...over,
});
const during = (fromMs: number, toMs = fromMs) =>
  anAlert({ firstTime: time(fromMs), lastTime: time(toMs) });

describe('a maintenance window', () => {
  test('covers what lies within it as a whole, also when it arrives late', () => {
    const inside = during(NOW + HOUR, NOW + HOUR + 30_000);
    expect(covers(aWindow(), inside, NOW + HOUR + 31_000)).toBe(true);
    expect(covers(aWindow(), inside, NOW + 30 * HOUR)).toBe(true);
    expect(covers(aWindow(), during(NOW - 1, NOW + 5), NOW + HOUR)).toBe(false);
    expect(covers(aWindow(), during(NOW + HOUR, NOW + 2 * HOUR), NOW + 3 * HOUR)).toBe(false);
    expect(covers(aWindow(), during(NOW + 2 * HOUR), NOW + 3 * HOUR)).toBe(false);
  });

  test('that was ended still holds for what happened before', () => {
    const ended = aWindow({
      ended: { because: 'ended', by: 'anna', why: 'done', time: time(NOW + HOUR) },
    });
    expect(covers(ended, during(NOW + HOUR - 1), NOW + 2 * HOUR)).toBe(true);
    expect(covers(ended, during(NOW + HOUR), NOW + 2 * HOUR)).toBe(false);
  });

  test('covers nothing from the collector’s future and no time that is none', () => {
    expect(covers(aWindow(), during(NOW + HOUR), NOW)).toBe(false);
    expect(covers(aWindow(), during(NOW + 60_000), NOW)).toBe(true);
    expect(covers(aWindow(), anAlert({ firstTime: 'x', lastTime: 'y' }), NOW)).toBe(false);
    expect(covers(aWindow(), during(NOW + 5_000, NOW + 1_000), NOW + HOUR)).toBe(false);
  });

  test('holds in its place', () => {
    const alert = during(NOW + 1);
    for (const scope of [
      { cluster: 'c1' },
      { namespace: 'sh*', workload: 'web' },
      { image: '*/web' },
      { node: 'node-1' },
    ]) expect(covers(aWindow({ scope }), alert, NOW + 2)).toBe(true);
    for (const scope of [{ cluster: 'c2' }, { namespace: 'shop', node: 'node-2' }]) {
      expect(covers(aWindow({ scope }), alert, NOW + 2)).toBe(false);
    }
  });

  test('does not quieten what is destructive', () => {
    const of = (over: Parameters<typeof aBehaviour>[0]) =>
      anAlert({ behaviours: [aBehaviour(over)], techniques: over?.techniques ?? [] });
    expect(isDestructive(of({ techniques: ['T1059.004'] }), ['T1485'])).toBe(false);
    expect(isDestructive(of({ techniques: ['T1485'] }), ['T1485'])).toBe(true);
    expect(isDestructive(of({ techniques: ['T1565.001'] }), ['T1565'])).toBe(true);
    expect(isDestructive(of({ channel: 'priv', value: 'setuid  as root by su' }), [])).toBe(true);
    expect(isDestructive(of({ value: 'token-read: read /run/x by cat' }), [])).toBe(true);
    expect(isDestructive({ ...of({}), behavioursDropped: 3 }, [])).toBe(true);
  });

  test('is made for a time to come, of some length, and for some place', () => {
    expect(windowProblem(aWindow(), NOW)).toBeUndefined();
    expect(windowProblem(aWindow({ fromTime: time(NOW - HOUR) }), NOW)).toBe('no-such-time');
    expect(windowProblem(aWindow({ toTime: time(NOW) }), NOW)).toBe('no-such-time');
    expect(windowProblem(aWindow({ toTime: 'soon' }), NOW)).toBe('no-such-time');
    expect(windowProblem(aWindow({ toTime: time(NOW + 170 * HOUR) }), NOW)).toBe('too-long');
    expect(windowProblem(aWindow({ scope: {} }), NOW)).toBe('too-broad');
    expect(windowProblem(aWindow({ scope: { namespace: '*' } }), NOW)).toBe('too-broad');
    const weekly: Weekly = { timeZone: 'UTC', weekday: 'sun', start: '02:00', minutes: 180 };
    expect(windowProblem(aWindow({ weekly, toTime: time(NOW + 8_700 * HOUR) }), NOW))
      .toBeUndefined();
    expect(windowProblem(aWindow({ weekly, toTime: time(NOW + 9_000 * HOUR) }), NOW))
      .toBe('too-long');
  });
});

describe('a weekly time', () => {
  const sunday: Weekly =
    { timeZone: 'Asia/Shanghai', weekday: 'sun', start: '02:00', minutes: 180 };

  test('is of the wall clock in its zone', () => {
    const from = Date.parse('2026-02-28T18:00:00Z');
    expect(occurrenceAt(sunday, from)).toEqual({ fromMs: from, toMs: from + 3 * HOUR });
    expect(occurrenceAt(sunday, from - 1)).toBeUndefined();
    expect(occurrenceAt(sunday, from + 3 * HOUR)).toBeUndefined();
    expect(occurrenceAt(sunday, from + 168 * HOUR + 1)?.fromMs).toBe(from + 168 * HOUR);
  });

  test('goes over midnight and the week’s end', () => {
    const long: Weekly = { timeZone: 'UTC', weekday: 'sun', start: '22:00', minutes: 2 * 1_440 };
    const from = Date.parse('2026-03-01T22:00:00Z');
    expect(occurrenceAt(long, from + 47 * HOUR)?.fromMs).toBe(from);
    expect(occurrenceAt(long, from + 49 * HOUR)).toBeUndefined();
  });

  test('keeps to the wall clock over summer time, whatever the clocks do at its begin', () => {
    const berlin = (start: string): Weekly =>
      ({ timeZone: 'Europe/Berlin', weekday: 'sun', start, minutes: 60 });
    const at = (weekly: Weekly, text: string): string | undefined => {
      const span = occurrenceAt(weekly, Date.parse(text));
      return span && time(span.fromMs);
    };
    expect(at(berlin('01:00'), '2026-03-22T00:30:00Z')).toBe('2026-03-22T00:00:00.000Z');
    // 29 March 2026: 02:00 becomes 03:00. What would begin at 02:30 begins at 03:30.
    expect(at(berlin('02:30'), '2026-03-29T01:45:00Z')).toBe('2026-03-29T01:30:00.000Z');
    expect(at(berlin('04:00'), '2026-03-29T02:10:00Z')).toBe('2026-03-29T02:00:00.000Z');
    // 25 October 2026: 02:30 comes twice. The first counts.
    expect(at(berlin('02:30'), '2026-10-25T00:45:00Z')).toBe('2026-10-25T00:30:00.000Z');
    expect(at(berlin('02:30'), '2026-10-25T01:45:00Z')).toBeUndefined();
  });

  test('as the wall clock of every zone shows it, in every week', () => {
    const zones = ['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu',
      'Pacific/Auckland', 'Pacific/Kiritimati', 'America/Los_Angeles'];
    fc.assert(fc.property(
      fc.constantFrom(...zones),
      fc.integer({ min: Date.UTC(2025, 0), max: Date.UTC(2028, 0) }),
      fc.integer({ min: 30, max: 2_000 }),
      (timeZone, atMs, minutes) => {
        const shown = new Intl.DateTimeFormat('en-GB', {
          timeZone,
          weekday: 'short',
          hour: '2-digit',
          minute: '2-digit',
          hourCycle: 'h23',
        });
        const [weekday = '', start = ''] = shown.format(atMs).split(/,? /);
        const weekly = { timeZone, weekday: weekday.toLowerCase(), start, minutes } as Weekly;
        const span = occurrenceAt(weekly, atMs);
        // Now shows that time: it has begun in this minute, or an hour ago if it comes twice.
        expect([0, 60]).toContain(Math.floor((atMs - (span?.fromMs ?? -1)) / 60_000));
      },
    ), { numRuns: 300 });
  });

  test('needs a zone that there is', () => {
    expect(isTimeZone('Asia/Shanghai')).toBe(true);
    expect(isTimeZone('Mars/Olympus')).toBe(false);
    expect(isTimeZone('')).toBe(false);
  });
});
