import { expect, test } from 'vitest';
import { Progress, type ImageProgress } from './progress.ts';
import { accept, pod, read } from './testing/observations.ts';
import { learnedStage, MINUTE_SCALE, SIX_PODS, Stage } from './testing/stage.ts';

/** By one who was never asked before. */
function fresh({ baseline }: Stage): readonly ImageProgress[] {
  const { completion, windowMs } = MINUTE_SCALE;
  if (completion === undefined || windowMs === undefined) throw new Error('the stage has both');
  const progress = new Progress(completion, windowMs);
  return Array.from(baseline.profiles.values(), (profile) => progress.of(profile));
}

test('answers are those of one who was never asked, while an image is learned', () => {
  const stage = new Stage();
  stage.launch(...SIX_PODS);
  const states = new Set<string>();
  for (let second = 0; second < 110; second += 1) {
    stage.pass(1);
    if (second % 9 === 0) stage.see(read(`/srv/new-${second}`, { in: pod({}), at: stage.now }));
    const told = stage.baseline.progress();
    expect(told).toEqual(fresh(stage));
    for (const { state } of told) states.add(state);
  }
  expect([...states]).toEqual(['learning', 'complete']);
});

test('every observation counts at once, although nothing else has changed', () => {
  const stage = learnedStage();
  const before = stage.baseline.progress()[0]?.observations ?? 0;
  const container = pod({ pod: 'web-1' });
  stage.baseline.observe(accept('203.0.113.5', 8080, { in: container, at: stage.now }));
  expect(stage.baseline.progress()[0]?.observations).toBe(before + 1);
});

test('what the fleet tells and what people decide is in the next answer', () => {
  const teller = learnedStage({ node: 'node-b' });
  const stage = new Stage();
  stage.pass(5, SIX_PODS.slice(0, 1));
  stage.baseline.progress();
  for (const { key, document } of teller.baseline.takeEvidence()) {
    expect(stage.baseline.adopt(key, document)).toEqual({ ok: true });
  }
  expect(stage.baseline.progress()).toEqual(fresh(stage));
  expect(stage.baseline.progress()[0]?.pods).toBe(SIX_PODS.length);
  const [{ key } = { key: '' }] = stage.baseline.progress();
  const decided = stage.baseline.decide([{
    id: 'd1', kind: 'reset', scope: 'image', profileKey: key, repository: '', channel: 'exec', value: '',
    by: 'a', at: '2026-11-23T11:00:00Z', why: '',
  }]);
  expect(decided.ok).toBe(true);
  expect(stage.baseline.progress()).toEqual(fresh(stage));
  expect(stage.baseline.progress()[0]?.observations).toBe(0);
});
