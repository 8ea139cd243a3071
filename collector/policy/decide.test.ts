import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { loadConfig } from '../../config/load.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { anIncident } from '../testing/records.ts';
import { decide } from './decide.ts';
import { matchesGlob } from './glob.ts';
import { policySchema } from './policy.ts';
import type { Policy } from './policy.ts';

function policyOf(text = ''): Policy {
  const loaded = loadConfig({
    schema: policySchema,
    file: 'policy.yaml',
    env: {},
    envPrefix: 'X_',
    readFile: () => text,
  });
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.errors));
  return loaded.value;
}

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
