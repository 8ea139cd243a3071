import { describe, expect, test } from 'vitest';
import type { BenchAlert } from './detector.ts';
import { episodesOf, falseAlertsOf } from './false-alerts.ts';
import type { Label } from './recording.ts';
import { score } from './score.ts';
import { aLabel, anAlert, anEvent, aRecording } from './testing.ts';

const attack = aLabel({ id: 'a01', from: 120, to: 130 });

function scoreOf(labels: readonly Label[], ...alerts: readonly BenchAlert[]) {
  return score(aRecording({ labels }), { alerts }).score;
}

describe('an attack is detected', () => {
  test('by an alert on its pod about an event between its start and 5 s after its end', () => {
    expect(scoreOf([attack], anAlert({ seconds: [120] })).detected).toBe(1);
    expect(scoreOf([attack], anAlert({ seconds: [135] })).detected).toBe(1);
    expect(scoreOf([attack], anAlert({ seconds: [119.9] })).missed).toEqual(['a01']);
    expect(scoreOf([attack], anAlert({ seconds: [135.1] })).missed).toEqual(['a01']);
  });

  test('on the pod it came through, but on no other pod', () => {
    const via = aLabel({ id: 'a35', from: 120, to: 130, pods: ['postgres-0', 'api-1'] });
    expect(scoreOf([via], anAlert({ seconds: [121], pod: 'api-1' })).detected).toBe(1);
    expect(scoreOf([via], anAlert({ seconds: [121], pod: 'api-2' })).detected).toBe(0);
  });

  test('not by an informational record', () => {
    expect(scoreOf([attack], anAlert({ seconds: [121], informational: true })).detected).toBe(0);
  });

  test('when it was said, not when it happened: the first revision counts', () => {
    const late = anAlert({ seconds: [121], saidMs: attack.startMs + 7000 });
    const later = anAlert({ seconds: [122], saidMs: attack.startMs + 9000 });
    const result = scoreOf([attack], later, late);
    expect(result.detectSecondsP50).toBe(7);
    expect(result.detectedWithin5s).toBe(0);
  });

  test('and counts each alert once, however many revisions it has', () => {
    const revisions = [121, 122, 123].map((second) => anAlert({ id: 'one', seconds: [second] }));
    expect(scoreOf([attack], ...revisions, anAlert({ seconds: [124] })).alertsPerAttack).toBe(2);
  });

  test('an attack that did not take effect is left out', () => {
    const failed = aLabel({ id: 'a45', from: 120, to: 130, verified: false });
    expect(scoreOf([failed]).attacks).toBe(0);
  });
});

describe('an alert is false', () => {
  const kindOf = (labels: readonly Label[], alert: BenchAlert): string => {
    const found = falseAlertsOf(aRecording({ labels }), [alert]);
    const kinds = Object.entries(found).filter(([, alerts]) => alerts.length > 0);
    return kinds.map(([kind]) => kind).join(' ') || 'none';
  };

  test('on a pod that nobody touches, in the test span', () => {
    expect(kindOf([], anAlert({ seconds: [150] }))).toBe('steady');
    expect(kindOf([], anAlert({ seconds: [50] }))).toBe('none');
    expect(kindOf([], anAlert({ seconds: [150], informational: true }))).toBe('none');
  });

  test('unless an attack is near: 2 s before it to 25 s after it', () => {
    expect(kindOf([attack], anAlert({ seconds: [118] }))).toBe('none');
    expect(kindOf([attack], anAlert({ seconds: [117.9] }))).toBe('steady');
    expect(kindOf([attack], anAlert({ seconds: [155] }))).toBe('none');
    expect(kindOf([attack], anAlert({ seconds: [155.1] }))).toBe('steady');
  });

  test('apart while an operator works on the pod', () => {
    const work = aLabel({ kind: 'maintenance', from: 140, to: 150 });
    expect(kindOf([work], anAlert({ seconds: [145] }))).toBe('maintenance');
    expect(kindOf([work], anAlert({ seconds: [145], pod: 'web-2' }))).toBe('steady');
  });

  test('apart for five minutes after an upgrade, on pods of the new image only', () => {
    const upgrade = aLabel({
      kind: 'upgrade',
      pods: [],
      from: 140,
      to: 150,
      description: 'rolling upgrade web 1.4.2 -> 1.4.3',
    });
    const image = 'registry.local/shop/web:1.4.3';
    expect(kindOf([upgrade], anAlert({ seconds: [449], image }))).toBe('upgrade');
    expect(kindOf([upgrade], anAlert({ seconds: [451], image }))).toBe('steady');
    expect(kindOf([upgrade], anAlert({ seconds: [145] }))).toBe('steady');
    const other = 'registry.local/shop/other-web:1.4.3';
    expect(kindOf([upgrade], anAlert({ seconds: [145], image: other }))).toBe('steady');
  });

  test('apart on the node, whose doing cannot be told from the labels', () => {
    expect(kindOf([], anAlert({ seconds: [150], pod: '' }))).toBe('node');
  });

  test('once, by the worst of its events', () => {
    const alert = anAlert({ id: 'x', seconds: [125, 190] });
    const { steady } = falseAlertsOf(aRecording({ labels: [attack] }), [alert, alert]);
    expect(steady).toHaveLength(1);
  });
});

test('alerts of one pod with less than 30 s between them would be one episode', () => {
  const alerts = [[150], [170], [199], [230]].map((seconds) => anAlert({ seconds }));
  expect(episodesOf(alerts)).toBe(2);
  expect(episodesOf([...alerts, anAlert({ seconds: [150], pod: 'web-2' })])).toBe(3);
});

test('pod-hours are the time from each pod’s first to its last event of the test span', () => {
  const of = (pod: string, ...seconds: readonly number[]) =>
    seconds.map((second) => anEvent(second, 'open', { 'k8s.pod.name': pod }));
  const events = [...of('a', 10, 110, 146), ...of('b', 120, 192)];
  expect(score(aRecording({ events }), { alerts: [] }).score.podHours).toBe(0.03);
});

test('nothing detected leaves the times empty instead of a number', () => {
  const result = scoreOf([attack]);
  expect(result.detectSecondsP50).toBeNull();
  expect(result.alertsPerAttack).toBe(0);
});
