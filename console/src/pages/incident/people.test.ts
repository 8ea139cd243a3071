import { expect, test } from 'vitest';

import type { IncidentWork } from '../../../../collector/api/contract/incident.ts';
import { peopleOf } from './people.ts';

const by = (name: string) => ({ by: name, time: '2026-11-23T10:00:00Z' });
const worked = (over: Partial<IncidentWork>) =>
  ({ work: { revision: 1, acknowledged: null, assignee: null, closed: null, ...over } });

test('those who worked on incidents are offered, the busiest first, oneself apart', () => {
  expect(peopleOf([
    worked({ assignee: 'li.wei', acknowledged: by('me') }),
    worked({ assignee: 'ana', acknowledged: by('li.wei') }),
    worked({ closed: { ...by('zoe'), why: '', verdict: 'benign' } }),
    worked({}),
  ], [{ by: 'bo' }, { by: ' ' }], 'me')).toEqual(['li.wei', 'ana', 'bo', 'zoe']);
});

test('however many there are, the list stays a handful', () => {
  const many = Array.from({ length: 300 }, (_, n) => worked({ assignee: `p${n}` }));
  expect(peopleOf(many, [], 'me')).toHaveLength(10);
});
