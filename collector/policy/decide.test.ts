import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { anIncident } from '../testing/records.ts';
import { decide, needsLabels, protectingLabel } from './decide.ts';
import { matchesGlob } from './glob.ts';
import { loadPolicy } from './load-policy.ts';
import type { Policy } from './policy.ts';

function policyOf(text = ''): Policy {
  const load = loadPolicy('policy.yaml', text);
  if (!load.ok) throw new Error(JSON.stringify(load.errors));
  return load.loaded.policy;
}

/** `key: problem` of each error. */
const wrong = (text: string): readonly string[] => {
  const load = loadPolicy('policy.yaml', text);
  return load.ok ? [] : load.errors.map(({ key, problem }) => `${key}: ${problem}`);
};

const quiet = anIncident({ severity: 'low', score: 1 });

describe('the shipped policy', () => {
  const policy = policyOf();

  test('proposes isolation for high and killing for critical, and acts never', () => {
    expect(decide(policy, quiet, anAlert({ severity: 'high' }))).toMatchObject({
      kind: 'respond',
      mode: 'propose',
      rule: { action: 'isolate' },
    });
    expect(decide(policy, quiet, anAlert({ severity: 'critical' }))).toMatchObject({
      mode: 'propose',
      rule: { action: 'kill', graceSeconds: 0 },
    });
    expect(policy.rules.every(({ mode }) => mode === 'propose')).toBe(true);
  });

  test('does nothing below high, without a pod, for sessions and in protected namespaces', () => {
    const reason = (over: Parameters<typeof anAlert>[0], incident = quiet) => {
      const decision = decide(policy, incident, anAlert(over));
      return decision.kind === 'nothing' ? decision.reason : decision.rule.action;
    };
    expect(reason({ severity: 'medium' })).toBe('no-rule');
    expect(reason({ podUid: '' })).toBe('no-pod');
    expect(reason({ namespace: '' })).toBe('no-pod');
    expect(reason({ kind: 'session', severity: 'critical' })).toBe('no-rule');
    expect(reason({ namespace: 'kube-system' })).toBe('protected-namespace');
    expect(reason({ namespace: 'lanner' })).toBe('protected-namespace');
    expect(reason({ severity: 'informational' }, anIncident({ severity: 'critical' })))
      .toBe('no-rule');
    expect(reason({ severity: 'low' }, anIncident({ severity: 'critical' }))).toBe('kill');
  });
});

describe('rules', () => {
  test('the first that matches decides, by namespace, image, channel, technique and score', () => {
    const policy = policyOf(`
protectedNamespaces: ['kube-*']
rules:
  - { name: watch, match: { namespaces: ['dev-*'] }, mode: observe, action: kill }
  - { name: image, match: { images: ['*/bank/*'], severityMin: low }, mode: act, action: label }
  - { name: net, match: { channels: [net], techniques: [T1071] }, action: isolate }
  - { name: score, match: { severityMin: low, scoreMin: 95 }, action: kill, graceSeconds: 5 }
`);
    const named = (over: Parameters<typeof anAlert>[0]): string => {
      const decision = decide(policy, quiet, anAlert(over));
      return decision.kind === 'nothing'
        ? decision.reason
        : `${decision.rule.name} ${decision.mode}`;
    };
    const image = { repository: 'r/bank/x', tag: '', digest: '' };
    expect(named({ namespace: 'dev-1' })).toBe('observe');
    expect(named({ image })).toBe('image act');
    expect(named({ image, namespace: 'kube-x' })).toBe('protected-namespace');
    const net = [aBehaviour({ channel: 'net' })];
    expect(named({ behaviours: net, techniques: ['T1071.001'] })).toBe('net propose');
    expect(named({ behaviours: net, techniques: ['T10711'] })).toBe('no-rule');
    expect(named({ techniques: ['T1071'] })).toBe('no-rule');
    expect(named({ score: 96 })).toBe('score propose');
  });

  test('labels of the pod, and how many pods show it', () => {
    const policy = policyOf(`
rules:
  - { name: gold, match: { labels: { tier: 'go*', zone: eu } }, mode: observe, action: label }
  - { name: many, match: { podsMin: 3 }, mode: act, action: kill }`);
    const [pod] = quiet.pods;
    if (pod === undefined) throw new Error('an incident has a pod');
    const spread = anIncident({ pods: [pod, { ...pod, podUid: '2' }], podsDropped: 1 });
    const say = (labels: Record<string, string> | undefined, incident = spread): string => {
      const decision = decide(policy, incident, anAlert(), labels);
      return decision.kind === 'nothing'
        ? decision.reason
        : `${decision.rule.name} ${decision.mode}`;
    };
    expect(say({ tier: 'gold', zone: 'eu' })).toBe('observe');
    expect(say({ tier: 'gold' })).toBe('many act');
    expect(say({})).toBe('many act');
    expect(say(undefined)).toBe('many propose');
    expect(say({}, quiet)).toBe('no-rule');
    expect(needsLabels(policy, spread, anAlert())).toBe(true);
    expect(needsLabels(policy, spread, anAlert({ severity: 'informational' }))).toBe(false);
    expect(needsLabels(policyOf(), spread, anAlert())).toBe(false);
  });

  test('protected labels are a key, or a key with a value that may hold *', () => {
    const policy = policyOf('protectedLabels: [a, b=x*, "c="]');
    const by = (labels: Record<string, string>) => protectingLabel(policy, labels);
    expect(by({ a: '' })).toBe('a');
    expect(by({ b: 'xy' })).toBe('b=x*');
    expect(by({ c: '' })).toBe('c=');
    expect(by({ b: 'y', c: 'x', d: 'a' })).toBeUndefined();
    expect(by({ constructor: 'x' })).toBeUndefined();
  });

  test('what contradicts itself is refused, all of it at once', () => {
    expect(wrong(`
fourEyes: [freeze]
rules:
  - { name: a, action: kill, mode: act, fourEyes: true }
  - { name: a, action: isolate, mode: act, fallback: [freeze] }
  - { name: b, action: isolate, fallback: [isolate] }
  - { name: c, action: kill, fallback: [isolate] }
  - { name: d, action: scale-to-zero }
  - { name: e, action: cordon }`)).toEqual([
      'rules.0.mode: is act, and four eyes are asked for',
      'rules.1.name: is a again',
      'rules.1.mode: is act, and four eyes are asked for',
      'rules.2.fallback: repeats an action',
      'rules.3.fallback: follows kill',
      'rules.4.action: is scale-to-zero',
      'rules.5.action: is cordon',
    ]);
    expect(wrong('{ cordon: true, rules: [{ name: e, action: cordon }] }')).toEqual([]);
  });

  test('a policy with a typo is refused with its path', () => {
    expect(() => policyOf('rules: [{ name: a, action: explode }]')).toThrow(/rules\.0\.action/);
    expect(() => policyOf('rules: [{ name: a, action: kill, mach: {} }]')).toThrow(/match/);
  });
});

describe('globs', () => {
  test('agree with the plain meaning of * on any text', () => {
    const part = fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 6 });
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), part, (parts, text) => {
      const expected = new RegExp(`^${parts.join('.*')}$`, 's').test(text);
      expect(matchesGlob(parts.join('*'), text)).toBe(expected);
      expect(matchesGlob(parts.join('*'), parts.join('xyz'))).toBe(true);
    }));
  });

  test('characters that mean something to regular expressions mean themselves', () => {
    expect(matchesGlob('a.c', 'abc')).toBe(false);
    expect(matchesGlob('(a+)+$', '(a+)+$')).toBe(true);
    expect(matchesGlob(`${'*a'.repeat(200)}b`, 'a'.repeat(5_000))).toBe(false);
  });
});
