import type { TallyRow, TallyStore } from './fatigue-store.ts';
import { poissonTail } from './poisson.ts';

/**
 * How many alarms an image may raise, and how many it did. Each agent works under a budget of false
 * alarms a day (`baseline/judge/budget.ts`: with B = pods × windows a day / budget, the mean time to
 * a false alarm is at least that long), which its pods share. So an image may raise the budget of
 * each node that runs it, times its share of the pods there.
 *
 * The budget bounds weak evidence. A novelty in a complete channel alerts at once and outside of
 * it: an image over its budget is under attack, or its profile is not as complete as it says. What
 * is over by chance happens: `isOver` is said when as many alarms or more would come with less than
 * 1 % probability were the budget kept (Poisson tail), for each of the three times by itself.
 */
const DAY_MS = 86_400_000;
const SIGNIFICANCE = 0.01;
/** An agent that was not heard for a day runs nothing. */
const HEARD_MS = DAY_MS;
export const BUDGET_DAYS = [1, 7, 30] as const;

export type BudgetDays = {
  readonly days: number;
  readonly raised: number;
  readonly allowed: number;
  /** Null where nothing is allowed: nobody runs it now. */
  readonly ratio: number | null;
  readonly probability: number;
  readonly isOver: boolean;
};

export type ImageBudget = {
  readonly image: string;
  readonly nodes: number;
  readonly allowedPerDay: number;
  readonly spans: readonly BudgetDays[];
  /** Within 30 days, told to nobody. */
  readonly suppressed: number;
  readonly cooled: number;
  readonly maintenance: number;
};

export type RunningAgent = {
  readonly lastSeenMs: number;
  readonly heartbeat: {
    readonly images: readonly {
      readonly image: { readonly repository: string };
      readonly pods: number;
    }[];
  } | null;
};

type Allowed = { readonly nodes: number; readonly perDay: number };

/** Pure. `tallies` are of the last 30 days; today counts as the part of a day that it is. */
export function budgetsOf(
  agents: readonly RunningAgent[],
  tallies: readonly TallyRow[],
  falseAlarmsPerDay: number,
  nowMs: number,
): readonly ImageBudget[] {
  const allowed = allowedOf(agents, falseAlarmsPerDay, nowMs);
  const byImage = new Map<string, TallyRow[]>();
  for (const tally of tallies) {
    byImage.set(tally.image, [...byImage.get(tally.image) ?? [], tally]);
  }
  const images = new Set([...allowed.keys(), ...byImage.keys()]);
  return [...images]
    .map((image) =>
      budgetOf(image, allowed.get(image) ?? { nodes: 0, perDay: 0 }, byImage.get(image) ?? [],
        nowMs))
    .toSorted(byNeed);
}

function allowedOf(
  agents: readonly RunningAgent[],
  falseAlarmsPerDay: number,
  nowMs: number,
): ReadonlyMap<string, Allowed> {
  const allowed = new Map<string, Allowed>();
  for (const { heartbeat, lastSeenMs } of agents) {
    if (heartbeat === null || nowMs - lastSeenMs > HEARD_MS) continue;
    const pods = new Map<string, number>();
    for (const { image, pods: count } of heartbeat.images) {
      pods.set(image.repository, (pods.get(image.repository) ?? 0) + Math.max(1, count));
    }
    const all = [...pods.values()].reduce((sum, count) => sum + count, 0);
    for (const [image, count] of pods) {
      const known = allowed.get(image) ?? { nodes: 0, perDay: 0 };
      const perDay = known.perDay + falseAlarmsPerDay * (count / all);
      allowed.set(image, { nodes: known.nodes + 1, perDay });
    }
  }
  return allowed;
}

function budgetOf(
  image: string,
  { nodes, perDay }: Allowed,
  tallies: readonly TallyRow[],
  nowMs: number,
): ImageBudget {
  const today = Math.floor(nowMs / DAY_MS);
  const sum = (handling: TallyRow['handling'], days: number): number =>
    tallies
      .filter((tally) => tally.handling === handling && tally.day > today - days)
      .reduce((total, { alerts }) => total + alerts, 0);
  const partOfToday = nowMs / DAY_MS - today;
  return {
    image,
    nodes,
    allowedPerDay: perDay,
    spans: BUDGET_DAYS.map((days): BudgetDays => {
      const raised = sum('none', days);
      // At least an hour: one alarm right after midnight is not a hundred a day.
      const allowed = perDay * Math.max(1 / 24, days - 1 + partOfToday);
      const probability = poissonTail(raised, allowed);
      return {
        days,
        raised,
        allowed,
        ratio: allowed === 0 ? null : raised / allowed,
        probability,
        isOver: nodes > 0 && probability < SIGNIFICANCE,
      };
    }),
    suppressed: sum('suppressed', 30),
    cooled: sum('cooled', 30),
    maintenance: sum('maintenance', 30),
  };
}

/** Who needs somebody's time first. */
function byNeed(a: ImageBudget, b: ImageBudget): number {
  const over = ({ spans }: ImageBudget): number => spans.filter(({ isOver }) => isOver).length;
  const most = ({ spans }: ImageBudget): number => spans.at(-1)?.raised ?? 0;
  return over(b) - over(a) || most(b) - most(a) || (a.image < b.image ? -1 : 1);
}

export type BudgetOptions = {
  readonly store: Pick<TallyStore, 'talliesSince'>;
  readonly agents: { listAgents(): Promise<readonly RunningAgent[]> };
  /** What the agents are configured with. */
  readonly falseAlarmsPerDay: number;
};

export async function readBudgets(
  { store, agents, falseAlarmsPerDay }: BudgetOptions,
  nowMs: number,
): Promise<readonly ImageBudget[]> {
  const since = Math.floor(nowMs / DAY_MS) - Math.max(...BUDGET_DAYS) + 1;
  const tallies = await store.talliesSince(since);
  return budgetsOf(await agents.listAgents(), tallies, falseAlarmsPerDay, nowMs);
}
