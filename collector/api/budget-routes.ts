import type { Clock } from '../clock.ts';
import { readBudgets } from '../fatigue/alert-budget.ts';
import type { BudgetOptions } from '../fatigue/alert-budget.ts';
import { POINTS_PER_PROFILE_MAX } from '../fatigue/coverage-history.ts';
import type { CoverageStore } from '../fatigue/fatigue-store.ts';
import { keyOfProfileId } from '../profiles/profile-id.ts';
import { alertBudgetAnswer, coverageHistory } from './contract/alert-budget.ts';
import { idParams } from './contract/words.ts';
import { notFound } from './errors.ts';
import type { Api } from './routes.ts';
import { timeText } from './views.ts';

/** What images may raise and did, and how their learning went. Both belong to no namespace. */
export type BudgetRouteOptions = {
  readonly budget: BudgetOptions;
  readonly coverage: Pick<CoverageStore, 'coverageOf'>;
  readonly clock: Clock;
};

const config = { needs: 'viewer', scope: 'any' } as const;

export function addBudgetRoutes(api: Api, { budget, coverage, clock }: BudgetRouteOptions): void {
  api.get('/api/v1/alert-budget', {
    config,
    schema: {
      summary: 'Alarms that each image may raise a day, and those that it raised',
      response: { 200: alertBudgetAnswer },
    },
  }, async () => {
    const budgets = await readBudgets(budget, clock.now());
    return { items: budgets.map((one) => ({ ...one, spans: [...one.spans] })) };
  });

  api.get('/api/v1/profiles/:id/history', {
    config,
    schema: {
      summary: 'How far the profile was learned, over time, oldest first',
      params: idParams,
      response: { 200: coverageHistory },
    },
  }, async ({ params }) => {
    const key = keyOfProfileId(params.id);
    if (key === undefined) return notFound('profile');
    const points = await coverage.coverageOf(key, POINTS_PER_PROFILE_MAX);
    return {
      points: points.map(({ atMs, coverage: share, observations, pods, state }) =>
        ({ time: timeText(atMs), coverage: share, observations, pods, state })),
    };
  });
}
