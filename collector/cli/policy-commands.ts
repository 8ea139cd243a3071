import { readFileSync } from 'node:fs';

import type { Command } from 'commander';

import type { Alert } from '../../baseline/alert.ts';
import { formatConfigErrors } from '../../config/load.ts';
import { jsonText } from '../json-text.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import type { PolicyRule } from '../policy/policy.ts';
import { tryPolicy } from '../policy/trial.ts';
import type { Trial, TrialLine } from '../policy/trial.ts';
import type { Client } from './client.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { addGenerateCommands } from './generate-commands.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { itemsOf } from './values.ts';

/** The newest so many alerts are tried. */
const ALERTS_MAX = 20_000;
const PAGE = 500;
const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };

export function addPolicyCommands(program: Command, io: Io): void {
  const policy = program.command('policy')
    .description('what the collector may do by itself, and policies from what was learned');
  policy.command('check <file>')
    .description('is this policy valid? Says everything that is wrong with it')
    .action((file: string) => {
      const { policy: loaded, hash } = readPolicy(io, file);
      const modes = loaded.rules.map(({ name, mode, action }) => `${name}: ${mode} ${action}`);
      const rules = modes.length === 0 ? ['no rule: nothing is ever proposed'] : modes;
      for (const line of [`${file} is valid, version ${hash}`, ...rules]) {
        io.write(`${escapeText(line)}\n`);
      }
    });
  policy.command('show')
    .description('the policy in force, as JSON')
    .action(async (_, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      io.write(`${jsonText(await clientOf(io, options).get('/api/v1/policy'))}\n`);
    });
  policy.command('test [file]')
    .description('what a policy would have done; without a file the one in force')
    .option('--recording <file>', 'alerts as JSON lines, e.g. of `lannerctl --json alerts`')
    .option('--since <age>', 'alerts of the collector, as far back as 90m, 12h or 7d', '7d')
    .addHelpText('after', `
Alerts are correlated again and each is decided; limits are counted. The health of the workloads and
kill loops are not tried, and rules that ask for labels cannot be decided for sure.
Examples:
  lannerctl policy test policy.yaml --since 30d
  lannerctl policy test policy.yaml --recording alerts.jsonl`)
    .action(async (file: string | undefined, _, command: Command) => {
      const options: TestOptions = command.optsWithGlobals();
      await test(io, file, options);
    });
  addGenerateCommands(policy, io);
}

type TestOptions = GlobalOptions & { readonly recording?: string; readonly since: string };

async function test(io: Io, file: string | undefined, options: TestOptions): Promise<void> {
  const client = clientOf(io, options);
  const { policy, hash } = file === undefined
    ? await client.get('/api/v1/policy') as LoadedPolicy
    : readPolicy(io, file);
  const alerts = options.recording === undefined
    ? await storedAlerts(client, secondsOf(options.since))
    : recordedAlerts(options.recording);
  const trial = tryPolicy(policy, alerts, {
    windowMs: 600_000,
    behaviourPods: 3,
    coolDownMs: 900_000,
  });
  if (options.json === true) for (const line of trial.lines) io.write(`${jsonText(line)}\n`);
  else io.write(report(trial, hash, policy.rules));
}

function readPolicy(io: Io, file: string): LoadedPolicy {
  const load = loadPolicy(file, readText(file));
  if (load.ok) return load.loaded;
  for (const line of formatConfigErrors(load.errors).split('\n')) {
    io.writeError(`${escapeText(line)}\n`);
  }
  throw new CliFailure(exitCodes.refused, `${file} is no valid policy`);
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CliFailure(exitCodes.usage, `${file} cannot be read`, { cause: error });
  }
}

function secondsOf(age: string): number {
  const match = /^([0-9]{1,6})([mhd])$/.exec(age);
  if (match === null) throw new CliFailure(exitCodes.usage, '--since is like 90m, 12h or 7d');
  return Number(match[1]) * (SECONDS[match[2] ?? ''] ?? 0);
}

async function storedAlerts(client: Client, seconds: number): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  let cursor: string | undefined;
  let since: number | undefined;
  while (alerts.length < ALERTS_MAX) {
    const page = await client.get('/api/v1/alerts', { limit: String(PAGE), cursor });
    const items = itemsOf(page) as readonly (Alert & { readonly receivedTime: string })[];
    // Measured back from the newest one: a recording that was replayed is old.
    since ??= Date.parse(items[0]?.receivedTime ?? '') - seconds * 1_000;
    const limit = since;
    const wanted = items.filter(({ receivedTime }) => Date.parse(receivedTime) >= limit);
    alerts.push(...wanted);
    cursor = (page as { nextCursor?: string | null }).nextCursor ?? undefined;
    if (cursor === undefined || wanted.length < items.length) break;
  }
  return alerts;
}

function recordedAlerts(file: string): readonly Alert[] {
  return readText(file).split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch {
      throw new CliFailure(exitCodes.failed, `${file}:${index + 1} is not JSON`);
    }
    if (!isAlert(value)) {
      throw new CliFailure(exitCodes.failed, `${file}:${index + 1} is not an alert`);
    }
    return [value];
  });
}

function isAlert(value: unknown): value is Alert {
  const alert = (value ?? {}) as Readonly<Record<string, unknown>>;
  return ['id', 'kind', 'severity', 'namespace', 'pod', 'podUid', 'firstTime', 'lastTime']
    .every((key) => typeof alert[key] === 'string') &&
    typeof alert['score'] === 'number' &&
    Array.isArray(alert['behaviours']) && Array.isArray(alert['techniques']) &&
    typeof (alert['image'] as { repository?: unknown } | null)?.repository === 'string';
}

const columns: readonly Column<TrialLine>[] = [
  { title: 'time', cell: ({ time }) => time.slice(0, 19) },
  { title: 'pod', cell: ({ namespace, pod }) => `${namespace}/${pod}` },
  { title: 'severity', cell: ({ severity, score }) => `${severity} ${score}` },
  { title: 'rule', cell: ({ rule }) => rule },
  { title: 'would', cell: ({ mode, action }) => `${mode} ${action}` },
  { title: 'but', cell: ({ limit, needsLabels }) => [
    ...limit === '' ? [] : [`the limit per ${limit} is reached`],
    ...needsLabels ? ['labels are not known here'] : [],
  ].join('; ') },
];

function report(trial: Trial, hash: string, rules: readonly PolicyRule[]): string {
  const { alerts, lines, nothing } = trial;
  const acted = lines.filter(({ mode, limit }) => mode === 'act' && limit === '');
  const idle = rules.filter(({ name }) => !lines.some(({ rule }) => rule === name));
  const said = [...nothing].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return [
    lines.length === 0 ? '' : formatTable(lines, columns, undefined),
    `policy ${hash}: of ${alerts} alerts ${lines.length} would have a response, ` +
      `${acted.length} of them without a person\n`,
    said === '' ? '' : `nothing for: ${said}\n`,
    idle.length === 0 ? '' : `rules that never matched: ${idle.map(({ name }) => name).join(', ')}\n`,
  ].join('');
}
