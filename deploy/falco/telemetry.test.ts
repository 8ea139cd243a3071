import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { COMMON_FIELDS, rulesFile, telemetryRules, tiers } from './telemetry.ts';

const here = import.meta.dirname;
const root = join(here, '..', '..');

type LoadedRule = {
  readonly rule: string;
  readonly condition: string;
  readonly output: string;
  readonly priority: string;
  readonly tags: readonly string[];
};

const loaded = tiers.flatMap((tier) =>
  parse(readFileSync(join(here, `lanner-${tier}-rules.yaml`), 'utf8')) as LoadedRule[]);

/** What the agent asks of an event, read from its sources. */
function fieldsRead(): readonly string[] {
  const folder = join(root, 'agent', 'identity');
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && !/test|sample/.test(name))
    .map((name) => readFileSync(join(folder, name), 'utf8'));
  const found = sources.join('\n').matchAll(
    /'((?:proc|user|evt|fd|fs|container|k8s|thread)\.[a-z0-9_.]+(?:\[\d\])?)'/g);
  return [...new Set([...found].map(([, field = '']) => field))];
}

/** Older or other names of what the rules say, and a fifth ancestor that Falco keeps for nobody. */
const OPTIONAL = new Set([
  'proc.exe', 'fd.lip', 'fd.lport', 'fd.rip', 'fd.rport', 'proc.aname[5]', 'container.full_id',
  'proc.is_container_liveness_probe', 'proc.is_container_readiness_probe',
  'proc.is_container_healthcheck', 'evt.is_open_write', 'evt.is_open_read',
]);

describe('the telemetry rules', () => {
  test('the files are those that the table writes', () => {
    for (const tier of tiers) {
      const file = readFileSync(join(here, `lanner-${tier}-rules.yaml`), 'utf8');
      expect(file, `${tier}: run npm run render`).toBe(rulesFile(tier));
    }
    expect(loaded.map(({ rule }) => rule)).toEqual(tiers.flatMap((tier) =>
      telemetryRules.filter((rule) => rule.tier === tier).map(({ name }) => name)));
  });

  test('every field that the agent reads is named by a rule', () => {
    const named = new Set(loaded.flatMap(({ output }) =>
      [...output.matchAll(/%([a-z0-9_.]+(?:\[\d\])?)/g)].map(([, field]) => field)));
    const read = fieldsRead();
    expect(read.length).toBeGreaterThan(30);
    expect(read.filter((field) => !named.has(field) && !OPTIONAL.has(field))).toEqual([]);
  });

  test('every rule says whose event it is, is tagged as telemetry, and raises nothing', () => {
    for (const { output, priority, tags } of loaded) {
      for (const field of COMMON_FIELDS) expect(output).toContain(`%${field}`);
      expect(priority).toBe('DEBUG');
      expect(tags).toContain('lanner');
    }
  });

  test('no condition needs what some version from 0.40 to 0.44 does not have', () => {
    for (const { condition } of loaded) {
      expect(condition).not.toMatch(/evt\.dir|k8s\.deployment|\bcapture\b/);
      expect(condition.split('(').length).toBe(condition.split(')').length);
      expect(condition).toMatch(/container\.id (!=|=) host\s*$/);
    }
  });
});
