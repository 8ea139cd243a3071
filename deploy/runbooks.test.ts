import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { runLannerctl } from '../collector/cli/run.ts';
import { agentMetrics, collectorMetrics } from './metrics-page.ts';

type Rule = {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
};

const alertsFile = join(import.meta.dirname, 'helm', 'lanner', 'files', 'alerts.yaml');
const document = parse(readFileSync(alertsFile, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = document.groups.flatMap((group) => group.rules);
const folder = join(import.meta.dirname, '..', 'docs', 'runbooks');
const runbook = (name: string): string => readFileSync(join(folder, name), 'utf8');

describe('the alerts', () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s says how bad it is, what it is, and where to read on',
    (name, { labels, annotations, expr }) => {
      expect(name).toMatch(/^Lanner[A-Z][A-Za-z]+$/);
      expect(['info', 'warning', 'critical']).toContain(labels['severity']);
      expect(annotations['summary']?.length).toBeLessThan(100);
      expect(annotations['description']).toMatch(/\.$/);
      expect(annotations['runbook_url']).toBe(`RUNBOOKS/${name}.md`);
      const known = [...agentMetrics(), ...collectorMetrics()].map((metric) => metric.name);
      for (const [metric] of expr.matchAll(/\blanner_[a-z0-9_]+/g)) expect(known).toContain(metric);
    },
  );
});

/** Lines of shell blocks, and what stands in backquotes in the text. */
function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/```sh\n([^`]*)```/g)].flatMap(([, block]) =>
    (block ?? '').split('\n'));
  const spans = [...text.replaceAll(/```sh\n[^`]*```/g, '').matchAll(/`([^`]+)`/g)]
    .map(([, span]) => span ?? '');
  return [...blocks, ...spans].map((line) => line.trim())
    .filter((line) => line.startsWith('lannerctl '));
}

async function helpOf(words: readonly string[]): Promise<string> {
  let out = '';
  await runLannerctl([...words, '--help'], {
    write: (text) => {
      out += text;
    },
    writeError: () => undefined,
    env: {},
    isTerminal: false,
    signal: new AbortController().signal,
    readSecret: () => Promise.resolve(''),
  });
  return out;
}

describe('the runbooks', () => {
  test('are one for each alert, and none without', () => {
    expect(readdirSync(folder).toSorted())
      .toEqual([...new Set(rules.map(({ alert }) => `${alert}.md`))].toSorted());
  });

  test.each(readdirSync(folder))('%s has its four parts, and is short', (name) => {
    const text = runbook(name);
    expect(text.startsWith(`# ${name.replace('.md', '')}\n`)).toBe(true);
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title))
      .toEqual(['What it means', 'How to see it', 'What to do', 'When to escalate']);
    expect(text.length).toBeLessThan(3_500);
  });

  const commands = [...new Set(readdirSync(folder).flatMap((name) => commandsIn(runbook(name))))];

  test('name commands of lannerctl', () => expect(commands.length).toBeGreaterThan(20));

  test.each(commands)('%s is a command, and has these options', async (command) => {
    const words = command.split(' ').slice(1);
    const path: string[] = [];
    for (const word of words) {
      // Arguments are in capitals, or come after options.
      if (!/^[a-z][a-z-]*$/.test(word)) break;
      path.push(word);
    }
    // A command that takes arguments shows them behind its name: what is left over is one of them.
    const help = await helpOf(path);
    const usage = /^Usage: lannerctl (.*)$/m.exec(help)?.[1] ?? '';
    const named = usage.split(/ [[<]/)[0] ?? '';
    expect(named === '' ? 'no such command' : path.join(' ')).toMatch(new RegExp(`^${named}`));
    expect(usage.includes('<') || named === path.join(' '), `${usage}`).toBe(true);
    for (const [option] of command.matchAll(/--[a-z-]+/g)) expect(help).toContain(`${option} `);
  });

  test('a command that does not exist would be seen', async () => {
    expect(await helpOf(['gaps'])).toMatch(/^Usage: lannerctl \[options\]/);
  });
});
