import { who } from '../../../collector/flows/who.ts';
import type { WhoQuestion } from '../../../collector/flows/who.ts';
import type { Store } from '../../../collector/store/faces.ts';
import { DESTINATIONS, MINUTE_MS, NODES, PODS, START, addressOf, ownOf } from './load.ts';

/**
 * Questions of every kind, in turn: somebody's own destination, one that nobody of the node uses,
 * the one that everybody uses, the same within an hour to both sides (more than is looked at), and
 * an address that ten nodes share, in whose time there are gaps.
 */
const QUESTIONS = 500;
export const SHARED_ADDRESS = '192.0.2.1';
export const SHARED_BY = 10;
const LONG_AFTER = START + 400 * 86_400_000;

export const questionKinds = ['hit', 'miss', 'busy', 'busy-hours', 'shared'] as const;
export type QuestionKind = (typeof questionKinds)[number];

export type Times = {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Of each kind alone. */
  readonly p99Of: Readonly<Record<QuestionKind, number>>;
  readonly candidatesOf: Readonly<Record<QuestionKind, number>>;
};

export async function ask(store: Store, minutes: number): Promise<Times> {
  const all: number[] = [];
  const of = new Map<QuestionKind, { readonly times: number[]; candidates: number }>();
  for (let at = 0; at < QUESTIONS; at += 1) {
    const kind = questionKinds[at % questionKinds.length] as QuestionKind;
    const question = questionOf(kind, at, minutes);
    const startMs = performance.now();
    const { candidates } = await who(store, question, LONG_AFTER);
    const ms = performance.now() - startMs;
    all.push(ms);
    const known = of.get(kind) ?? { times: [], candidates: 0 };
    known.times.push(ms);
    known.candidates += candidates.length;
    of.set(kind, known);
  }
  const each = (value: (kind: { times: number[]; candidates: number }) => number) =>
    Object.fromEntries([...of].map(([kind, one]) => [kind, value(one)])) as
      Record<QuestionKind, number>;
  return {
    p50: rank(all, 0.5),
    p99: rank(all, 0.99),
    max: rank(all, 1),
    p99Of: each(({ times }) => rank(times, 0.99)),
    candidatesOf: each(({ times, candidates }) => candidates / times.length),
  };
}

function questionOf(kind: QuestionKind, at: number, minutes: number): WhoQuestion {
  const node = (at * 37) % NODES;
  const pod = (at * 7) % PODS;
  const minute = (at * 7_919) % minutes;
  const question = {
    nodeIp: `10.0.0.${node}`,
    dst: addressOf(0),
    dstPort: 443,
    atMs: START + minute * MINUTE_MS,
    windowMs: 120_000,
  };
  switch (kind) {
    case 'hit':
      return { ...question, dst: addressOf(ownOf(pod, at % 40)) };
    case 'miss':
      return { ...question, dst: at % 2 === 0 ? '192.0.2.99' : addressOf(DESTINATIONS - at % 9) };
    case 'busy':
      return question;
    case 'busy-hours':
      return { ...question, windowMs: 3_600_000 };
    case 'shared':
      return { ...question, nodeIp: SHARED_ADDRESS };
  }
}

function rank(times: readonly number[], share: number): number {
  const sorted = times.toSorted((left, right) => left - right);
  return Number((sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2));
}
