import { describe, expect, test } from 'vitest';

import { ADDRESSES_MAX, SignInRate, groupOf } from './sign-in-rate.ts';

function rig(over: { readonly burst?: number; readonly togetherBurst?: number } = {}) {
  let nowMs = 1_000_000;
  const rate = new SignInRate({
    perAddress: { burst: over.burst ?? 3, perSecond: 1 },
    together: { burst: over.togetherBurst ?? 1_000_000, perSecond: 1 },
    now: () => nowMs,
  });
  const take = (address: string, times: number): number =>
    Array.from({ length: times }, () => rate.take(address)).filter(Boolean).length;
  return { rate, take, wait: (ms: number) => {
    nowMs += ms;
  } };
}

describe('an address', () => {
  test('has a burst and then what time gives back; others do not notice', () => {
    const { take, wait } = rig();
    expect(take('10.0.0.1', 10)).toBe(3);
    expect(take('10.0.0.2', 10)).toBe(3);
    wait(2_000);
    expect(take('10.0.0.1', 10)).toBe(2);
    wait(3_600_000);
    expect(take('10.0.0.1', 10)).toBe(3);
    wait(-7_200_000);
    expect(take('10.0.0.1', 10)).toBe(0);
  });

  test('gets back what it took for a good credential', () => {
    const { rate, take } = rig();
    for (let n = 0; n < 20; n += 1) {
      expect(rate.take('10.0.0.1')).toBe(true);
      rate.giveBack('10.0.0.1');
    }
    expect(take('10.0.0.1', 10)).toBe(3);
  });

  test('of IPv6 is a network of 64 bits: its owner has all of them', () => {
    const { take } = rig();
    expect(take('2001:db8:1:2::1', 2)).toBe(2);
    expect(take('2001:db8:1:2:ffff::9', 5)).toBe(1);
    expect(take('2001:db8:1:3::1', 5)).toBe(3);
    expect(groupOf('::ffff:10.0.0.1')).toBe('10.0.0.1');
    expect(groupOf('::1')).toBe('0:0:0:0::');
    expect(groupOf('2001:DB8::5')).toBe(groupOf('2001:0db8:0:0:1:2:3:4'));
  });
});

test('all together are bounded, however many addresses they have', () => {
  const { take, rate } = rig({ togetherBurst: 50 });
  let granted = 0;
  for (let n = 0; n < 500; n += 1) granted += take(`10.0.${n >> 8}.${n & 255}`, 3);
  expect(granted).toBe(50);
  expect(rate.size).toBeLessThanOrEqual(ADDRESSES_MAX);
});

test('the map of addresses does not grow without end', () => {
  const { take, rate } = rig({ burst: 1 });
  for (let n = 0; n < ADDRESSES_MAX + 100; n += 1) {
    take(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`, 1);
  }
  expect(rate.size).toBe(ADDRESSES_MAX);
});
