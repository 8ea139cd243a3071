import fc from 'fast-check';
import { expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { alertNotice } from '../testing/notices.ts';
import type { Planned } from './plan.ts';
import type { Delivery } from './sender.ts';
import { Settling } from './settling.ts';

const fates = fc.array(fc.constantFrom('sent', 'away', 'refused', 'shared'), { maxLength: 12 });

test('the position never passes a record that was neither taken nor refused for good', () => {
  const counts = fc.integer({ min: 1, max: 12 });
  fc.assert(fc.property(counts, fc.array(fates, { maxLength: 40 }), (count, rounds) => {
    const settling = new Settling(3);
    const taken = new Set<string>();
    const dead = new Set<string>();
    let planned = Array.from({ length: count }, (_, position): Planned => {
      const notice = alertNotice(anAlert({ id: `a${position}` }));
      settling.admits(notice, () => true);
      return { position, step: 'send', notice };
    });
    for (const round of rounds) {
      for (const one of planned) if (one.step === 'send') settling.admits(one.notice, () => true);
      settling.keepOnly(planned);
      const group = settling.next(planned, 5);
      const deliveries = group.map((notice, index): Delivery => {
        const fate = round[index] ?? 'sent';
        if (fate === 'sent') {
          expect([...taken]).not.toContain(notice.uuid);
          taken.add(notice.uuid);
          return undefined;
        }
        if (fate === 'away') return { kind: 'transient', class: 'connect', detail: '' };
        return { kind: 'permanent', class: 'http-4xx', detail: '',
          ...(fate === 'shared' && group.length > 1 ? { isShared: true } : {}) };
      });
      settling.note(group, deliveries);
      const settled = settling.settled(planned);
      for (const { notice } of settled.dead) dead.add(notice.uuid);
      const passed = planned.filter(({ position }) => position <= (settled.position ?? -1));
      for (const one of passed) {
        if (one.step !== 'send') continue;
        expect(taken.has(one.notice.uuid) || dead.has(one.notice.uuid)).toBe(true);
      }
      planned = planned.filter(({ position }) => position > (settled.position ?? -1));
    }
  }), { numRuns: 300 });
});
