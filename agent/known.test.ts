import { expect, test } from 'vitest';
import { Baseline } from '../baseline/baseline.ts';
import type { Sight } from '../baseline/judge/again.ts';
import { pod, read } from '../baseline/testing/observations.ts';
import type { Binding } from './identity/bindings.ts';
import { Known, LastFrame } from './known.ts';

/** `Known` counts on its container being who it was; each way in which it no longer is. */
function known(): { readonly known: Known; readonly binding: Binding } {
  const container = pod({ pod: 'web-1' });
  const observation = read('/srv/app/page.html', { in: container });
  const baseline = new Baseline({ cluster: 'test', node: 'node-a' });
  baseline.observe(observation);
  const binding: Binding = {
    container,
    isUnnamed: false,
    isComplete: true,
    lastNs: 0n,
    endedNs: null,
    isKept: true,
    entryPid: -1,
  };
  const sight = baseline.sightOf(observation) as Sight;
  return { known: new Known(observation, binding, sight, new LastFrame(() => observation)), binding };
}

test('a container that is who it was is in', () => {
  expect(known().known.isIn).toBe(true);
});

test.each<[string, Partial<Binding>]>([
  ['forgotten', { isKept: false }],
  ['judged under an empty image', { isUnnamed: true }],
  ['without all of its names', { isComplete: false }],
  ['bound anew', { container: pod({ pod: 'web-1' }) }],
])('a container that is %s is not', (_, change) => {
  const { known: one, binding } = known();
  Object.assign(binding, change);
  expect(one.isIn).toBe(false);
});
