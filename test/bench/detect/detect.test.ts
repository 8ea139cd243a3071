import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Alert } from '../../../baseline/alert.ts';
import { compareAll, jsonOf, type Result } from './compare.ts';
import { lossScore } from './loss-runs.ts';
import type { Said } from './lanner.ts';
import { printable } from './printable.ts';
import { readRecording, type Recording } from './recording.ts';
import { detailOf, reportOf } from './report.ts';

/** On the recording that is shipped; `npm run bench:detect -- --verbose` shows the same in full. */

const DATA = join(import.meta.dirname, '../../../demo/recording');
const GOLDEN = join(import.meta.dirname, 'reasons.golden.txt');

const NAMED_KEYS = [
  'attacks',
  'detected',
  'missed',
  'falseAlerts',
  'podHours',
  'falsePerPodHour',
  'upgradeFalse',
  'maintenanceAlerts',
  'alertsPerAttack',
  'detectSecondsP50',
  'detectSecondsP99',
];

let recording: Recording;
let result: Result;

beforeAll(() => {
  recording = readRecording(DATA);
  result = compareAll(recording, 0);
}, 120_000);

describe('on the shipped recording Lanner', () => {
  test('detects every attack that took effect', () => {
    const { attacks, missed } = result.lanner.scored.score;
    expect(attacks).toBeGreaterThanOrEqual(20);
    expect(missed).toEqual([]);
  });

  test('detects at least nine of ten within five seconds', () => {
    const { attacks, detectedWithin5s } = result.lanner.scored.score;
    expect(detectedWithin5s / attacks).toBeGreaterThanOrEqual(0.9);
  });

  test('raises at most 0.2 false alerts per pod-hour', () => {
    expect(result.lanner.scored.score.falsePerPodHour).toBeLessThanOrEqual(0.2);
  });

  test('raises at most one alert per upgraded image', () => {
    const images = result.lanner.scored.falseAlerts.upgrade.map((alert) => alert.image);
    expect(images).toEqual([...new Set(images)]);
  });

  test('raises no alert for an operator’s maintenance, only the record of it', () => {
    expect(result.lanner.scored.score.maintenanceAlerts).toBe(0);
  });

  test('folds an attack into at most three alerts and one incident, nearly always one', () => {
    const { alertsPerAttack } = result.lanner.scored.score;
    expect(alertsPerAttack).toBeLessThanOrEqual(3);
    expect(result.lanner.incidentsPerAttack).toBeGreaterThanOrEqual(1);
    expect(result.lanner.incidentsPerAttack).toBeLessThanOrEqual(1.1);
  });

  test('is ahead of each comparator in recall and in false alerts at once', () => {
    const ours = result.lanner.scored.score;
    const behind = result.peers.filter(({ scored: { score: theirs } }) =>
      ours.detected > theirs.detected &&
      ours.falseAlerts <= theirs.falseAlerts &&
      ours.falseAlerts + ours.upgradeFalse < theirs.falseAlerts + theirs.upgradeFalse);
    expect(behind.map(({ name }) => name)).toEqual(['falcoStock', 'execSet', 'collapse50']);
  });

  test('finds all but two attacks when the intruder comes through an ingress', () => {
    const { attacks, detected, falseAlerts } = result.behindIngress.score;
    expect(detected).toBeGreaterThanOrEqual(attacks - 2);
    expect(falseAlerts).toBe(0);
  });

  test('at 5 % event loss keeps its recall to 5 points and does not double false alerts', () => {
    const { attacks, detected, falseAlerts } = result.lanner.scored.score;
    const loss = lossScore(recording, 0.05, 2);
    expect(loss.detectedWorst).toBeGreaterThanOrEqual(detected - 0.05 * attacks);
    expect(loss.falseAlertsWorst).toBeLessThanOrEqual(2 * falseAlerts);
  }, 120_000);
});

describe('the comparators are worth comparing with', () => {
  test('each detects at least half of the attacks', () => {
    const shares = result.peers.map(({ scored: { score } }) => score.detected / score.attacks);
    expect(Math.min(...shares)).toBeGreaterThan(0.5);
  });
});

describe('what the bench prints', () => {
  test('holds the numbers of all four and how the clock was scaled', () => {
    const text = reportOf(recording, result);
    expect(text).toContain('Lanner Falco stock    exec set collapse 50');
    expect(text).toContain('a window is 701 ms instead of 60 s');
    expect(text).toMatch(/^attacks detected +27\/27/m);
    expect(text).toMatch(/registry\.local\/shop\/api:2\.0\.3 +complete after [0-9]+ s/);
  });

  test('lists each detection with its reason and nothing that steers a terminal', () => {
    const text = detailOf(recording, 'lanner', result.lanner.scored);
    for (const id of result.lanner.scored.detections.keys()) expect(text).toContain(id);
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });

  test('has the named keys as one JSON object', () => {
    const json = JSON.parse(JSON.stringify(jsonOf(result))) as Record<string, object>;
    for (const name of ['lanner', 'falcoStock', 'execSet', 'collapse50']) {
      expect(Object.keys(json[name] ?? {}).slice(0, NAMED_KEYS.length)).toEqual(NAMED_KEYS);
    }
    expect(json['lanner']).toMatchObject({ attacks: 27, missed: [] });
  });
});

test('the reasons of all alerts are as they were reviewed (UPDATE_GOLDEN=1 rewrites them)', () => {
  const text = reasonsOf(result.lanner.run.said);
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(GOLDEN, text);
  expect(existsSync(GOLDEN), 'run once with UPDATE_GOLDEN=1').toBe(true);
  expect(text).toBe(readFileSync(GOLDEN, 'utf8'));
});

/** Each alert as last told, in the order of first telling. */
function reasonsOf(said: readonly Said[]): string {
  const last = new Map<string, Alert>();
  for (const { alert } of said) last.set(alert.id, alert);
  return [...last.values()]
    .map(({ pod, namespace, kind, severity, score, reason }) =>
      [`${namespace}/${pod} ${kind} ${severity} ${score}`, reason.en, reason.zh]
        .map((line, index) => `${index === 0 ? '' : '  '}${printable(line)}\n`)
        .join(''))
    .join('\n');
}
