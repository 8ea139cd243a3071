import { expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { policyOf } from '../testing/respond-rig.ts';
import { tryPolicy } from './trial.ts';

const settings = { windowMs: 600_000, behaviourPods: 3, coolDownMs: 900_000 };

const at = (second: number): string =>
  `2026-03-01T10:00:${String(second).padStart(2, '0')}.000000000Z`;

const alert = (n: number, over = {}) =>
  anAlert({ id: `a${n}`, pod: `p${n}`, podUid: `u${n}`, firstTime: at(n), lastTime: at(n),
    severity: 'critical', ...over });

test('tells what each alert would have led to, once for each pod, in order of time', () => {
  const { policy } = policyOf(`
rules:
  - { name: kill, match: { severityMin: critical }, mode: act, action: kill }
  - { name: mark, match: { severityMin: low }, action: label }`);
  const trial = tryPolicy(policy, [
    alert(2, { severity: 'medium', behaviours: [] }),
    alert(1),
    alert(1, { revision: 2, lastTime: at(5) }),
    alert(3, { namespace: 'kube-system' }),
    alert(4, { podUid: '' }),
  ], settings);
  expect(trial.lines.map(({ alertId, mode, action, rule }) => `${alertId} ${mode} ${action} ${rule}`))
    .toEqual(['a1 act kill kill', 'a2 propose label mark']);
  expect(Object.fromEntries(trial.nothing)).toEqual({ 'protected-namespace': 1, 'no-pod': 1 });
});

test('counts the limits over time, the rule’s own among them', () => {
  const { policy } = policyOf(`
limits: { perNamespace: 2, windowSeconds: 10, perWorkload: 9 }
rules:
  - { name: a, match: { namespaces: [shop] }, mode: act, action: kill }
  - { name: b, match: {}, mode: act, action: kill, limits: { perCluster: 0 } }`);
  const trial = tryPolicy(policy, [
    alert(1), alert(2), alert(3), alert(20), alert(21, { namespace: 'bank' }),
  ], settings);
  expect(trial.lines.map(({ limit }) => limit)).toEqual(['', '', 'namespace', '', 'cluster']);
});

test('says where labels would decide, and proposes then at most', () => {
  const { policy } = policyOf(`
rules:
  - { name: spare, match: { labels: { tier: gold } }, mode: observe, action: label }
  - { name: kill, match: {}, mode: act, action: kill }`);
  expect(tryPolicy(policy, [alert(1)], settings).lines).toMatchObject([
    { rule: 'kill', mode: 'propose', needsLabels: true },
  ]);
});
