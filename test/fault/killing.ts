import { setTimeout as wait } from 'node:timers/promises';

import type { Chance } from '../sim/chance.ts';
import type { Part, PartKind } from './part.ts';

/**
 * Kills in rounds: each kind once per round, in an order that chance decides, so that a short run
 * has seen all of them. What is down comes back on its own time, so that several may be down at
 * once. The same seed is the same order of kills; what they hit is the machine's affair.
 */
export const PAUSE_MS: Span = [1_000, 4_000];
const DOWN_MS: Span = [0, 2_500];
const KINDS: readonly PartKind[] = ['agent', 'collector', 'compactor', 'postgres'];

/** The least and the most. */
export type Span = readonly [number, number];
export type Kills = Record<PartKind, number>;

export type KillingOptions = {
  readonly parts: readonly Part[];
  readonly chance: Chance;
  readonly forMs: number;
  /** Before each kill. */
  readonly pauseMs: Span;
  readonly onKill: (part: Part) => void;
};

/** Resolves when the time is over and everything is up again. */
export async function killInRounds(
  { parts, chance, forMs, pauseMs, onKill }: KillingOptions,
): Promise<Kills> {
  const kills: Kills = { agent: 0, collector: 0, compactor: 0, postgres: 0 };
  const restarts = new Set<Promise<void>>();
  const untilMs = performance.now() + forMs;
  for (;;) {
    for (const kind of shuffled(KINDS, chance)) {
      await wait(chance.between(...pauseMs));
      if (performance.now() >= untilMs) {
        await Promise.all(restarts);
        return kills;
      }
      const up = parts.filter((part) => part.kind === kind && part.isUp);
      const victim = up[chance.between(0, Math.max(0, up.length - 1))];
      const downMs = chance.between(...DOWN_MS);
      if (victim === undefined) continue;
      kills[kind] += 1;
      onKill(victim);
      await victim.kill();
      const restart = wait(downMs).then(() => victim.start()).then(() => {
        restarts.delete(restart);
      });
      restarts.add(restart);
    }
  }
}

function shuffled<T>(values: readonly T[], chance: Chance): readonly T[] {
  return values
    .map((value) => ({ value, place: chance.unit() }))
    .toSorted((left, right) => left.place - right.place)
    .map(({ value }) => value);
}
