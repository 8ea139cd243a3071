import { seededRandom } from '../detect/loss.ts';
import type { Adfa, Trace } from './adfa.ts';

/**
 * Made-up processes in the form of ADFA-LD, to see that the model does what it should where the
 * data is not at hand. They say nothing about real system calls.
 *
 * A normal process is a walk over a fixed graph in which the next call hangs on the two before it.
 * An attack is such a walk of which a share is replaced by the same calls in an order that only
 * looks back by one: each call, and nearly each pair, is normal.
 */

const CALLS = 40;
const NEXT_CALLS = 3;
const TRACES = 200;
const CALLS_PER_TRACE = 300;
export const FOREIGN_SHARES = [0.002, 0.005, 0.01, 0.05] as const;

export function syntheticData(foreignShare: number, seed = 1): Adfa {
  const random = seededRandom(seed);
  const graph = new Map<string, readonly number[]>();
  const nextOf = (before: number, last: number): readonly number[] => {
    const key = `${before}/${last}`;
    const known = graph.get(key);
    if (known !== undefined) return known;
    const next = Array.from({ length: NEXT_CALLS }, () => 1 + Math.floor(random() * CALLS));
    graph.set(key, next);
    return next;
  };
  const walk = (foreign: number): Trace => {
    const calls = [1, 2];
    let before = 1;
    while (calls.length < CALLS_PER_TRACE) {
      const last = calls.at(-1) as number;
      // A foreign step goes where the graph would go had another call come before.
      const isForeign = random() < foreign;
      const from = isForeign ? 1 + Math.floor(random() * CALLS) : before;
      const choices = nextOf(from, last);
      calls.push(choices[Math.floor(random() * choices.length)] as number);
      before = last;
    }
    return calls;
  };
  const traces = (foreign: number): readonly Trace[] =>
    Array.from({ length: TRACES }, () => walk(foreign));
  return { training: traces(0), validation: traces(0), attacks: traces(foreignShare) };
}
