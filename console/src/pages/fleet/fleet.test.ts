import { describe, expect, test } from 'vitest';

import { healthOf, inOrderOfHealth, totalsOf } from './agent-health.ts';
import type { AgentFacts } from './agent-health.ts';
import { EventRates } from './event-rate.ts';
import type { Totals } from './event-rate.ts';

const agent = (over: Partial<AgentFacts> = {}): AgentFacts => ({
  cluster: 'c1',
  node: 'node-1',
  isConnected: true,
  sensorState: 'streaming',
  lagSeconds: 0.1,
  outboxPending: 0,
  agentVersion: '0.1.0',
  falcoVersion: '0.43.1',
  ...over,
});

describe('the health of an agent', () => {
  test('is the worst that can be said of it', () => {
    expect(healthOf(agent(), 0)).toBe('well');
    expect(healthOf(agent(), 3)).toBe('losing');
    expect(healthOf(agent({ lagSeconds: 60 }), 3)).toBe('behind');
    expect(healthOf(agent({ outboxPending: 5_000 }), 0)).toBe('behind');
    expect(healthOf(agent({ sensorState: 'connecting', lagSeconds: 60 }), 0)).toBe('waiting');
    expect(healthOf(agent({ sensorState: 'disconnected' }), 0)).toBe('blind');
    expect(healthOf(agent({ sensorState: 'ended' }), 0)).toBe('blind');
    expect(healthOf(agent({ isConnected: false, sensorState: 'disconnected' }), 0)).toBe('silent');
  });

  test('puts whoever needs help first, and nodes in the order of their numbers', () => {
    const fleet = [
      agent({ node: 'node-10' }),
      agent({ node: 'node-9' }),
      agent({ node: 'node-11', isConnected: false }),
    ];
    expect(inOrderOfHealth(fleet, (one) => healthOf(one, 0)).map(({ node }) => node))
      .toEqual(['node-11', 'node-9', 'node-10']);
  });

  test('is counted over the fleet, with the versions that run there', () => {
    const fleet = [agent(), agent({ agentVersion: '0.2.0' }), agent({ isConnected: false })];
    const totals = totalsOf(fleet, (one) => healthOf(one, 0));
    expect(totals.byHealth).toMatchObject({ well: 2, silent: 1 });
    expect(totals.agentVersions).toEqual([['0.1.0', 2], ['0.2.0', 1]]);
  });
});

describe('event rates', () => {
  const report = (seconds: number, eventsReceived: number, eventsDropped = 0): Totals => ({
    cluster: 'c1',
    node: 'node-1',
    lastSeenTime: new Date(seconds * 1_000).toISOString(),
    eventsReceived,
    eventsDropped,
  });

  test('are what two reports differ by', () => {
    const rates = new EventRates();
    rates.take([report(0, 100)]);
    expect(rates.of(report(0, 0))).toBeNull();
    rates.take([report(10, 600, 20)]);
    expect(rates.of(report(0, 0))).toEqual({ events: 50, drops: 2 });
  });

  test('stay when the same report is read again', () => {
    const rates = new EventRates();
    rates.take([report(0, 100)]);
    rates.take([report(10, 600)]);
    rates.take([report(10, 600)]);
    expect(rates.of(report(0, 0))).toEqual({ events: 50, drops: 0 });
  });

  test('are unknown after a restart, whose totals begin at zero', () => {
    const rates = new EventRates();
    rates.take([report(0, 100)]);
    rates.take([report(10, 600)]);
    rates.take([report(20, 5)]);
    expect(rates.of(report(0, 0))).toBeNull();
  });
});
