import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';

import { isInstalled } from '../outputs/program.ts';
import { alertCases } from './alert-cases.ts';
import type { AlertCase } from './alert-cases.ts';

const alertsFile =
  join(import.meta.dirname, '..', '..', 'deploy', 'helm', 'lanner', 'files', 'alerts.yaml');
const has = isInstalled('promtool', 'apt-get install -y prometheus');

type Rule = Readonly<Record<string, unknown>> & { readonly alert: string };
type Rules = { readonly groups: readonly { readonly rules: readonly Rule[] }[] };

const rules = parse(readFileSync(alertsFile, 'utf8')) as Rules;

const promtool = (...args: readonly string[]): { status: number | null; out: string } => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { status, out: stdout + stderr };
};

describe.skipIf(!has)('the alerts, to promtool', () => {
  let folder: string;
  let plain: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lanner-rules-'));
    plain = join(folder, 'alerts.yaml');
    // Words are not what is tested here, and promtool wants them again for every case.
    const groups = rules.groups.map((group) => ({
      ...group,
      rules: group.rules.map((rule) => ({ ...rule, annotations: undefined })),
    }));
    writeFileSync(plain, stringify({ groups }));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const run = (one: AlertCase): { status: number | null; out: string } => {
    const { alert, series, interval = '1m', severity, labels } = one;
    const at = (evalTime: string, isFiring: boolean) => ({
      eval_time: evalTime,
      alertname: alert,
      exp_alerts: isFiring ? [{ exp_labels: { ...labels, severity } }] : [],
    });
    const file = join(folder, 'case.yaml');
    writeFileSync(file, stringify({
      rule_files: [plain],
      evaluation_interval: interval,
      tests: [{
        interval,
        input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
        alert_rule_test: [at(one.quietAt, false), at(one.firesAt, true), at(one.clearsAt, false)],
      }],
    }));
    return promtool('test', 'rules', file);
  };

  test('they are valid, with their words', () => {
    expect(promtool('check', 'rules', alertsFile)).toMatchObject({ status: 0 });
  });

  test('each of them has a story', () => {
    const named = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert));
    expect(new Set(alertCases.map(({ alert }) => alert))).toEqual(new Set(named));
  });

  test.each(alertCases.map((one) => [one.alert, Object.keys(one.series)[0], one] as const))(
    '%s is quiet, fires and clears (%s)',
    (_, __, one) => {
      const { status, out } = run(one);
      expect(status, `${out}`).toBe(0);
    },
  );

  test('a story in which it never clears would fail', () => {
    const [first] = alertCases.filter(({ alert }) => alert === 'LannerAgentSilent');
    const series = { 'lanner_collector_agents{cluster="c",state="silent"}': '0x5 1x60' };
    expect(run({ ...first!, series }).status).toBe(1);
  });

  test('one silent agent of fifty is no fleet that is silent', () => {
    const [many] = alertCases.filter(({ alert }) => alert === 'LannerManyAgentsSilent');
    const series = {
      'lanner_collector_agents{cluster="c",state="silent"}': '0x5 1x60',
      'lanner_collector_agents{cluster="c",state="heard"}': '50x60',
    };
    expect(run({ ...many!, series }).out).toContain('got:[]');
  });
});
