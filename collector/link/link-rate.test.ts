import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { BURST_SECONDS, EXCESS, LinkRate, LinkRates, RATES_MAX } from './link-rate.ts';

const limits = { framesPerSecond: 10, bytesPerSecond: 1_000 };
const BURST = limits.framesPerSecond * BURST_SECONDS;

describe('a rate', () => {
  test('lets a burst through, then says how long to wait, in proportion', () => {
    const rate = new LinkRate(limits, 0);
    for (let n = 0; n < BURST; n += 1) expect(rate.take(1, 0)).toEqual({ kind: 'go' });
    expect(rate.take(1, 0)).toEqual({ kind: 'wait', ms: 100 });
    expect(rate.take(1, 0)).toEqual({ kind: 'wait', ms: 200 });
    // A tenth of a second empties one, and the next one fills it again.
    expect(rate.take(1, 100)).toEqual({ kind: 'wait', ms: 200 });
    expect(rate.take(1, 1_000_000)).toEqual({ kind: 'go' });
  });

  test('counts bytes as well as frames', () => {
    const rate = new LinkRate(limits, 0);
    expect(rate.take(10_000, 0)).toEqual({ kind: 'go' });
    expect(rate.take(1_000, 0)).toEqual({ kind: 'wait', ms: 1_000 });
    expect(rate.take(40_000, 0)).toEqual({ kind: 'excess' });
  });

  test('never lets more through over any time than the burst and the rate, if one waits', () => {
    fc.assert(fc.property(
      fc.array(fc.tuple(fc.nat(3_000), fc.nat(2_000)), { minLength: 1, maxLength: 200 }),
      (steps) => {
        const rate = new LinkRate(limits, 0);
        let nowMs = 0;
        let bytes = 0;
        for (const [size, pauseMs] of steps) {
          nowMs += pauseMs;
          bytes += size;
          const taken = rate.take(size, nowMs);
          expect(taken.kind).not.toBe('excess');
          if (taken.kind === 'wait') nowMs += taken.ms;
          const allowed = limits.bytesPerSecond * (BURST_SECONDS + nowMs / 1_000);
          // What waits has been taken already: one frame ahead.
          expect(bytes).toBeLessThanOrEqual(allowed + 1);
        }
      },
    ));
  });

  test('is in excess only above several bursts, and a clock set back does not empty it', () => {
    const rate = new LinkRate(limits, 1_000_000);
    for (let n = 0; n < BURST * EXCESS; n += 1) {
      expect(rate.take(1, 1_000_000 - n * 1_000).kind).not.toBe('excess');
    }
    expect(rate.take(1, 0).kind).toBe('excess');
  });
});

describe('the rates of all agents', () => {
  test('are one for each, as long as it is heard of', () => {
    const rates = new LinkRates(limits);
    expect(rates.of('a', 0)).toBe(rates.of('a', 5));
    expect(rates.of('a', 0)).not.toBe(rates.of('b', 0));
  });

  test('are bounded: those that say nothing go first, then the oldest', () => {
    const rates = new LinkRates(limits);
    const busy = rates.of('busy', 0);
    busy.take(1_000_000, 0);
    for (let n = 1; n < RATES_MAX; n += 1) rates.of(`quiet-${n}`, 0);
    rates.of('one more', 1_000);
    expect(rates.size).toBe(2);
    expect(rates.of('busy', 1_000)).toBe(busy);
    for (let n = 0; n < RATES_MAX; n += 1) rates.of(`loud-${n}`, 1_000).take(1_000_000, 1_000);
    expect(rates.size).toBe(RATES_MAX);
  });
});
