import fc from 'fast-check';
import { expect, test } from 'vitest';

import { actions } from '../../../../collector/respond/actions/all.ts';
import { planOf } from '../../../../collector/respond/plan.ts';
import { containments } from '../../../../collector/respond/response.ts';
import { responseReasons } from '../../../../collector/respond/response.ts';
import { aResponse } from '../../../../collector/testing/records.ts';
import { planWords } from '../../words/response-plan.ts';
import { reasonWords } from '../../words/response-reasons.ts';
import { actionFacts, planSteps } from './plan-steps.ts';
import type { ActionName } from './plan-steps.ts';

test('what is known of the actions is what the collector knows', () => {
  const known = Object.entries(actions).map(([name, { isDestructive, isWatched, reversal }]) =>
    [name, { isDestructive, isWatched, reversal }]);
  expect(actionFacts).toEqual(Object.fromEntries(known));
});

test('in English the plan is the collector’s, word for word, whatever the terms', () => {
  const seconds = fc.nat(1_000);
  const terms = fc.record({
    graceSeconds: seconds,
    ttlSeconds: seconds,
    watchSeconds: seconds,
    evidence: fc.constantFrom('required', 'best-effort', 'none'),
    fourEyes: fc.boolean(),
    fallback: fc.array(fc.constantFrom(...containments), { maxLength: 4 }),
    isAutomatic: fc.boolean(),
    acceptsOutage: fc.boolean(),
  });
  const action = fc.constantFrom(...Object.keys(actions) as ActionName[]);
  fc.assert(fc.property(action, terms, fc.nat(10_000_000), (name, asked, reverseAtMs) => {
    const response = aResponse({ action: name, terms: asked, reverseAtMs });
    expect(planSteps(response).map(planWords.en.step)).toEqual(planOf(response));
  }));
});

test('every reason has words in both languages', () => {
  for (const words of [reasonWords.en, reasonWords.zh]) {
    expect(['', ...Object.keys(words)].toSorted()).toEqual([...responseReasons].toSorted());
  }
});
