import { expect, test } from 'vitest';
import { pod, read, START_MS, timeNs } from '../testing/observations.ts';
import { learnedStage, SIX_PODS, type Stage } from '../testing/stage.ts';
import type { Sight } from './again.ts';
import type { LastSeen } from './pod-watch.ts';

/**
 * Each thing that a judgement hangs on: when it changes, what was recognised is judged again. That
 * recognising and judging come to the same is `agent/twin.test.ts`'s.
 */
const [ONE = pod()] = SIX_PODS;
const ROUTINE = '/srv/app/page.html';
const LAST: LastSeen = { observation: () => read(ROUTINE, { in: ONE }) };

function seen(): { readonly stage: Stage; readonly sight: Sight } {
  const stage = learnedStage();
  const o = read(ROUTINE, { in: ONE, at: stage.now });
  stage.see(o);
  const sight = stage.baseline.sightOf(o);
  if (sight === null) throw new Error('a routine read has a sight');
  return { stage, sight };
}

const again = ({ stage, sight }: ReturnType<typeof seen>, afterMs = 0): boolean => {
  const timeMs = Number(timeNs(stage.now) / 1_000_000n) + afterMs;
  return stage.baseline.again(sight, { timeMs, pid: 100, ppid: 1 }, LAST);
};

test('what was just judged to be known is counted', () => {
  const known = seen();
  const { observed } = known.stage.baseline.counters;
  expect(again(known)).toBe(true);
  expect(known.stage.baseline.counters.observed).toBe(observed + 1);
});

test('in the pod’s next window it is judged, which ends the one before', () => {
  const known = seen();
  expect(again(known, 2_000)).toBe(false);
});

test('when names were derived anew it is judged', () => {
  const known = seen();
  known.sight.profile.channel('file-read').settle();
  expect(again(known)).toBe(false);
});

test('when a person decided something about the image it is judged', () => {
  const known = seen();
  const decided = known.stage.baseline.decide([{
    id: 'd1',
    kind: 'accept',
    scope: 'image',
    profileKey: known.sight.profile.key,
    repository: known.sight.profile.image.repository,
    channel: 'exec',
    value: 'exec /usr/bin/curl as user ← web',
    by: 'ana',
    at: new Date(START_MS).toISOString(),
    why: 'looked at',
  }]);
  expect(decided.ok).toBe(true);
  expect(again(known)).toBe(false);
});

test('when the watch was forgotten and made anew it is judged', () => {
  const known = seen();
  known.sight.watch.isForgotten = true;
  expect(again(known)).toBe(false);
});
