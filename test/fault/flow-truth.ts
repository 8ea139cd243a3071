import { chunkOf, flowPut } from './puts.ts';

/**
 * What the agents said that they had counted, against the connections in the ledger. Two numbers
 * share a destination, so that their flows are joined when minutes become hours, and have counts of
 * their own in the sum, so that it says which of them is in it, and how often.
 */
export type StoredSum = { readonly node: string; readonly port: number; readonly count: number };

export type FlowJudgement = {
  /** Connections that were said. */
  readonly flowsSent: number;
  readonly flowsStored: number;
  /** Destinations with less than was said, */
  readonly flowsLost: number;
  /** and with more than can have been. */
  readonly flowsDoubled: number;
};

export class FlowTruth {
  readonly #said = new Map<string, Set<number>>();

  said(node: string, number: number): void {
    const known = this.#said.get(node) ?? new Set();
    known.add(number);
    this.#said.set(node, known);
  }

  /** `next`: the number that no run of the agent has begun yet. */
  judge(sums: readonly StoredSum[], next: (node: string) => number): FlowJudgement {
    const stored = new Map<string, number>();
    for (const { node, port, count } of sums) {
      const key = `${node} ${port}`;
      stored.set(key, (stored.get(key) ?? 0) + count);
    }
    let [flowsSent, flowsLost, flowsDoubled] = [0, 0, 0];
    for (const [node, said] of this.#said) {
      const ports = new Map<number, { must: number; may: number[] }>();
      for (let number = 0; number <= next(node); number += 1) {
        if (chunkOf(number) === undefined) continue;
        const { port, count } = flowPut(number);
        const sum = ports.get(port) ?? { must: 0, may: [] };
        if (said.has(number)) sum.must += count;
        else sum.may.push(count);
        ports.set(port, sum);
      }
      for (const [port, { must, may }] of ports) {
        const key = `${node} ${port}`;
        const count = stored.get(key) ?? 0;
        stored.delete(key);
        flowsSent += must;
        // What was under way at a kill is there whole, or not at all.
        if (count < must) flowsLost += 1;
        else if (!sumsOf(may).has(count - must)) flowsDoubled += 1;
      }
    }
    return {
      flowsSent,
      flowsStored: sums.reduce((sum, { count }) => sum + count, 0),
      flowsLost,
      // What nobody said.
      flowsDoubled: flowsDoubled + stored.size,
    };
  }
}

/** Of every choice among them. */
function sumsOf(counts: readonly number[]): ReadonlySet<number> {
  const sums = new Set([0]);
  for (const count of counts) for (const sum of [...sums]) sums.add(sum + count);
  return sums;
}
