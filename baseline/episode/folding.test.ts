import { describe, expect, test } from 'vitest';
import { ALERT_BEHAVIOURS_MAX, type Alert, type AlertKind } from '../alert.ts';
import type { Container } from '../observation.ts';
import { exec, pod, START_MS } from '../testing/observations.ts';
import { severityOf } from './episode.ts';
import type { Finding } from './finding.ts';
import { EPISODES_MAX, Folding, RECORD_QUIET_MS } from './folding.ts';

const OPTIONS = { cluster: 'prod', node: 'node-a', quietMs: 30_000 };
const PROCESS = { pid: 1, name: 'a', exe: '/a', commandLine: 'a', uid: 0, ancestry: [] };
const PROFILE = { state: 'complete', coverage: 1, observations: 9, pods: 2 } as const;

type Options = {
  readonly value?: string;
  readonly score?: number;
  readonly in?: Container;
  readonly kind?: AlertKind;
  readonly topic?: string;
  readonly techniques?: readonly string[];
  readonly channel?: Finding['channel'];
};

function add(folding: Folding, at: number, options: Options = {}): void {
  const container = options.in ?? pod();
  const { value = 'exec /a', kind = 'anomaly', topic = '' } = options;
  const finding: Finding = {
    kind: 'novel',
    channel: options.channel ?? 'exec',
    value,
    score: options.score ?? 50,
    techniques: options.techniques ?? [],
    reason: { en: `en of ${value}`, zh: `zh of ${value}` },
    observation: exec({ in: container, at }),
  };
  folding.add({ container, kind, topic }, finding, PROCESS, PROFILE);
}

function take(folding: Folding, at: number): Alert[] {
  const nowMs = START_MS + at * 1_000;
  return [...folding.takeParting(nowMs), ...folding.take(nowMs)];
}

describe('what is urgent', () => {
  const urgent = (folding: Folding, at: number): Alert[] =>
    folding.takeUrgent(START_MS + at * 1_000);

  test('a high or critical alert need not wait, a medium one does', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0, { score: 50 });
    add(folding, 0, { score: 90, in: pod({ pod: 'web-2' }) });
    expect(urgent(folding, 0).map(({ severity }) => severity)).toEqual(['critical']);
    expect(take(folding, 0).map(({ severity }) => severity)).toEqual(['medium']);
  });

  test('growth waits for its interval, but not the rise to high and to critical', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0, { score: 50 });
    expect(take(folding, 0)).toHaveLength(1);
    add(folding, 0.1, { value: 'exec /b', score: 40 });
    expect(urgent(folding, 0.1)).toMatchObject([{ severity: 'high', revision: 2 }]);
    add(folding, 0.2, { value: 'exec /c', score: 10 });
    expect([...urgent(folding, 0.2), ...take(folding, 0.2)]).toEqual([]);
    add(folding, 0.3, { value: 'exec /d', score: 90 });
    expect(take(folding, 0.3)).toMatchObject([{ severity: 'critical', revision: 3 }]);
    add(folding, 0.4, { value: 'exec /e', score: 90 });
    expect([...urgent(folding, 0.4), ...take(folding, 0.4)]).toEqual([]);
    expect(take(folding, 2)).toMatchObject([{ revision: 4, count: 5 }]);
  });

  test('an operator’s session is never urgent', () => {
    const folding = new Folding(OPTIONS);
    const container = pod();
    const finding: Finding = {
      kind: 'novel',
      channel: 'exec',
      value: 'exec /a',
      score: 95,
      techniques: [],
      reason: { en: 'a', zh: 'a' },
      observation: exec({ in: container, at: 0 }),
    };
    const reason = { en: 'a session', zh: 'a session' };
    folding.inform({ container, kind: 'session', topic: 's' }, finding, reason, PROCESS, PROFILE);
    expect(urgent(folding, 0)).toEqual([]);
    expect(take(folding, 0)).toHaveLength(1);
  });
});

describe('an episode', () => {
  test('is told at once, with all that was found by then', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    add(folding, 0.5, { value: 'exec /b', score: 60 });
    const [alert, ...others] = take(folding, 0.5);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      revision: 1,
      kind: 'anomaly',
      cluster: 'prod',
      node: 'node-a',
      namespace: 'shop',
      pod: 'web-1',
      podUid: 'uid-web-1',
      workload: 'web',
      containerId: 'c-web-1',
      containerName: 'web',
      image: { repository: 'shop/web', tag: '1.0' },
      profile: PROFILE,
      firstTime: '2026-01-05T00:00:00.000000000Z',
      lastTime: '2026-01-05T00:00:00.500000000Z',
      count: 2,
    });
    expect(alert?.behaviours.map((behaviour) => behaviour.value)).toEqual(['exec /a', 'exec /b']);
  });

  test('is not told again while nothing grows', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    expect(take(folding, 0)).toHaveLength(1);
    expect(take(folding, 5)).toEqual([]);
    expect(take(folding, 100)).toEqual([]);
  });

  test('tells its growth once a second, as the next revision of the same alert', () => {
    const folding = new Folding(OPTIONS);
    const told: Alert[] = [];
    for (let step = 0; step < 100; step += 1) {
      add(folding, step / 20, { value: `exec ${step}`, score: 1 });
      told.push(...take(folding, step / 20));
    }
    told.push(...take(folding, 60));
    expect(told.map((alert) => alert.revision)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(new Set(told.map((alert) => alert.id)).size).toBe(1);
    expect(told.at(-1)?.count).toBe(100);
  });

  test('counts a behaviour that comes again instead of listing it twice', () => {
    const folding = new Folding(OPTIONS);
    for (let n = 0; n < 5; n += 1) add(folding, n / 10);
    const [alert] = take(folding, 1);
    expect(alert?.behaviours).toHaveLength(1);
    expect(alert?.behaviours[0]?.count).toBe(5);
    expect(alert?.score).toBe(50);
  });

  test('lists a bounded number of behaviours and says how many more there were', () => {
    const folding = new Folding(OPTIONS);
    for (let n = 0; n < ALERT_BEHAVIOURS_MAX + 8; n += 1) add(folding, 0, { value: `exec ${n}` });
    const [alert] = take(folding, 0);
    expect(alert?.behaviours).toHaveLength(ALERT_BEHAVIOURS_MAX);
    expect(alert?.behavioursDropped).toBe(8);
    expect(alert?.reason.en).toBe(`en of exec 0; and ${ALERT_BEHAVIOURS_MAX + 7} more behaviours`);
  });

  test('does not count one behaviour beyond the bound again each time it comes', () => {
    const folding = new Folding(OPTIONS);
    for (let n = 0; n < ALERT_BEHAVIOURS_MAX; n += 1) add(folding, 0, { value: `exec ${n}` });
    for (let n = 0; n < 50; n += 1) add(folding, 0, { value: 'exec beyond' });
    const [alert] = take(folding, 0);
    expect(alert?.behavioursDropped).toBe(1);
    expect(alert?.count).toBe(ALERT_BEHAVIOURS_MAX + 50);
  });

  test('is led by its strongest finding, in both languages', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0, { value: 'weak', score: 30 });
    add(folding, 0, { value: 'strong', score: 80 });
    add(folding, 0, { value: 'middle', score: 50 });
    const [alert] = take(folding, 0);
    expect(alert?.reason).toEqual({
      en: 'en of strong; and 2 more behaviours',
      zh: 'zh of strong；另有 2 项异常行为',
    });
  });

  test('says one more in the singular and says nothing when it is alone', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    expect(take(folding, 0)[0]?.reason.en).toBe('en of exec /a');
    add(folding, 1, { value: 'exec /b' });
    expect(take(folding, 1)[0]?.reason.en).toBe('en of exec /a; and 1 more behaviour');
  });

  test('has the score of independent evidence: 1 − Π (1 − s)', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0, { value: 'a', score: 50, channel: 'exec' });
    add(folding, 0, { value: 'b', score: 60, channel: 'net', techniques: ['T1071', 'T1041'] });
    add(folding, 0, { value: 'c', score: 20, channel: 'exec', techniques: ['T1041'] });
    const [alert] = take(folding, 0);
    expect(alert?.score).toBe(84);
    expect(alert?.scoreParts).toEqual([
      { name: 'net', value: 60 },
      { name: 'exec', value: 50 },
    ]);
    expect(alert?.techniques).toEqual(['T1041', 'T1071']);
    expect(alert?.severity).toBe('high');
  });

  test('ends after the quiet time, and the next finding is another alert', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    const [first] = take(folding, 0);
    add(folding, 30);
    const [grown] = take(folding, 30);
    expect([grown?.id, grown?.revision]).toEqual([first?.id, 2]);
    add(folding, 60.001);
    const [second] = take(folding, 60.001);
    expect(second?.id).not.toBe(first?.id);
    expect(second?.revision).toBe(1);
  });

  test('tells what it has left when it ends before its next second', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    take(folding, 0);
    add(folding, 0.5, { value: 'exec /b', score: 10 });
    expect(take(folding, 0.6)).toEqual([]);
    add(folding, 100, { value: 'exec /c' });
    const told = take(folding, 100);
    expect(told.map((alert) => alert.behaviours.length)).toEqual([2, 1]);
  });

  test('that takes a late event keeps its last time', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 10);
    add(folding, 4);
    const [alert] = take(folding, 10);
    expect(alert?.count).toBe(2);
    expect(alert?.lastTime).toBe('2026-01-05T00:00:10.000000000Z');
  });

  test('goes on being told when the clock was set back', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 10_000);
    take(folding, 10_000);
    add(folding, 10);
    expect(take(folding, 10)).toHaveLength(1);
    add(folding, 12, { value: 'exec /b' });
    expect(take(folding, 12)).toHaveLength(1);
  });
});

describe('one alert each', () => {
  test('for pods, kinds and topics', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0);
    add(folding, 0, { in: pod({ pod: 'web-2' }) });
    add(folding, 0, { kind: 'session', topic: '1' });
    add(folding, 0, { kind: 'session', topic: '2' });
    expect(take(folding, 0)).toHaveLength(4);
  });

  test('for containers where there is no pod', () => {
    const folding = new Folding(OPTIONS);
    add(folding, 0, { in: pod({ podUid: '', id: 'a' }) });
    add(folding, 0, { in: pod({ podUid: '', id: 'b' }) });
    expect(take(folding, 0)).toHaveLength(2);
  });
});

test('the id says the same wherever it is computed, and differs with each of its parts', () => {
  const id = (options: Partial<typeof OPTIONS>, at: number, more: Options = {}): string => {
    const folding = new Folding({ ...OPTIONS, ...options });
    add(folding, at, more);
    return take(folding, at)[0]?.id ?? '';
  };
  expect(id({}, 0)).toBe(id({}, 0));
  expect(id({}, 0)).toMatch(/^[0-9a-f]{32}$/);
  // Stored alerts are found again by it: another way to make it would double them.
  expect(id({}, 0)).toBe('f5c497be4d2661240522826634294bcf');
  const others = [
    id({}, 1),
    id({ node: 'node-b' }, 0),
    id({ cluster: 'test' }, 0),
    id({}, 0, { kind: 'rule' }),
    id({}, 0, { in: pod({ pod: 'web-2' }) }),
  ];
  expect(new Set([id({}, 0), ...others]).size).toBe(6);
});

describe('a record', () => {
  const inform = (folding: Folding, at: number, reason: string): void => {
    const container = pod();
    const finding: Finding = {
      kind: 'session',
      channel: 'exec',
      value: 'session bash',
      score: 0,
      techniques: ['T1609'],
      reason: { en: reason, zh: reason },
      observation: exec({ at }),
    };
    const teller = { container, kind: 'session' as const, topic: '1' };
    folding.inform(teller, finding, finding.reason, PROCESS, PROFILE);
  };

  test('is informational, whatever it lists', () => {
    const folding = new Folding(OPTIONS);
    inform(folding, 0, 'first');
    expect(take(folding, 0)[0]).toMatchObject({ severity: 'informational', score: 0 });
  });

  test('stays one alert over long pauses, and says what is new', () => {
    const folding = new Folding(OPTIONS);
    inform(folding, 0, 'first');
    const [first] = take(folding, 0);
    expect(take(folding, 3_000)).toEqual([]);
    inform(folding, 3_600, 'second');
    const [second] = take(folding, 3_600);
    expect(second).toMatchObject({ id: first?.id, revision: 2, reason: { en: 'second' } });
    inform(folding, 3_600 + RECORD_QUIET_MS / 1_000 + 1, 'third');
    const [third] = take(folding, 3_600 + RECORD_QUIET_MS / 1_000 + 1);
    expect(third?.revision).toBe(1);
  });
});

test('the number of open episodes is bounded: the one that grew longest ago parts, told', () => {
  const folding = new Folding({ ...OPTIONS, quietMs: 1e9 });
  for (let n = 0; n < EPISODES_MAX; n += 1) add(folding, n / 1_000, { in: pod({ pod: `p${n}` }) });
  add(folding, 2, { in: pod({ pod: 'p0' }) });
  add(folding, 3, { in: pod({ pod: 'one more' }) });
  const parting = folding.takeParting(START_MS + 3_000);
  expect(parting.map((alert) => alert.pod)).toEqual(['p1']);
  const rest = folding.take(START_MS + 3_000);
  expect(rest).toHaveLength(EPISODES_MAX);
  add(folding, 4, { in: pod({ pod: 'p0' }) });
  expect(take(folding, 4).map((alert) => alert.revision)).toEqual([2]);
});

test('severities begin where two strong findings, one strong and one weak one are', () => {
  const at = (score: number): string => severityOf(score);
  expect([0, 0.1, 39.9, 40, 64.9, 65, 89.9, 90, 100].map(at)).toEqual([
    'informational',
    'low',
    'low',
    'medium',
    'medium',
    'high',
    'high',
    'critical',
    'critical',
  ]);
});

test('the evidence of a behaviour is Falco’s fields, bounded in number and length', () => {
  const folding = new Folding(OPTIONS);
  const fields = Object.fromEntries(
    Array.from({ length: 60 }, (_, n) => [`f${n}`, 'x'.repeat(600)]),
  );
  const observation = exec({
    at: 0,
    fields: { 'proc.name': 'sh', ['__proto__']: 'evil', ...fields },
  });
  folding.add(
    { container: pod(), kind: 'anomaly', topic: '' },
    {
      kind: 'novel',
      channel: 'exec',
      value: 'v',
      score: 50,
      techniques: [],
      reason: { en: 'e', zh: 'z' },
      observation,
    },
    PROCESS,
    PROFILE,
  );
  const evidence = take(folding, 0)[0]?.behaviours[0]?.fields ?? {};
  expect(Object.keys(evidence)).toHaveLength(40);
  expect(evidence['proc.name']).toBe('sh');
  expect(evidence['f0']).toBe(`${'x'.repeat(511)}…`);
});
