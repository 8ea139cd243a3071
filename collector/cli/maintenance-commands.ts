import type { Command } from 'commander';

import type {
  MaintenanceWindowView,
  WindowBody,
  WindowReportAnswer,
} from '../api/contract/maintenance.ts';
import { weekdays } from '../fatigue/weekly.ts';
import type { Weekday } from '../fatigue/weekly.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { addSaid } from './said.ts';
import type { SaidOptions } from './said.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, itemsOf } from './values.ts';

/** `lannerctl maintenance`: while people work on something, its alerts are no more than news. */
const PATH = '/api/v1/maintenance-windows';
const HOUR_MS = 3_600_000;
const YEAR_MS = 364 * 24 * HOUR_MS;

type CreateOptions = GlobalOptions & SaidOptions & {
  readonly label: string;
  readonly owner: string;
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly image?: string;
  readonly node?: string;
  readonly from?: string;
  readonly to?: string;
  readonly hours?: string;
  readonly weekly?: Weekday;
  readonly at?: string;
  readonly minutes?: string;
  readonly zone?: string;
};

const columns: readonly Column<MaintenanceWindowView>[] = [
  { title: 'id', cell: ({ id }) => id },
  { title: 'label', cell: ({ label }) => label },
  { title: 'state', cell: ({ state }) => state },
  { title: 'from', cell: ({ fromTime }) => fromTime.slice(0, 16) },
  { title: 'to', cell: ({ toTime, ended }) => (ended?.time ?? toTime).slice(0, 16) },
  { title: 'every', cell: ({ weekly }) => weekly === null
    ? '-'
    : `${weekly.weekday} ${weekly.start} ${weekly.timeZone}, ${weekly.minutes} min` },
  { title: 'owner', cell: ({ owner }) => owner },
  { title: 'where', cell: ({ scope }) =>
    Object.entries(scope).map(([key, value]) => `${key}=${String(value)}`).join(' ') },
];

export function addMaintenanceCommands(program: Command, io: Io): void {
  const maintenance = program.command('maintenance')
    .description('windows in which alerts are no more than news')
    .addHelpText('after', `
What is on the never-learn list, uses privileges or is called destructive by the policy is raised
at its severity all the same.
Examples:
  lannerctl maintenance create --label db-upgrade --namespace shop --workload postgres \\
      --hours 3 --owner dba --why 'postgres 17'
  lannerctl maintenance create --label patch-night --node 'pool-a-*' --weekly sun --at 02:00 \\
      --minutes 180 --zone Asia/Shanghai --owner platform --why 'kernel updates'
  lannerctl maintenance list
  lannerctl maintenance report window-7c…`);
  addCreate(maintenance, io);
  maintenance.command('list')
    .description('windows, newest first')
    .option('--all', 'also those that have ended')
    .action(async (_, self: Command) => {
      const options: GlobalOptions & { readonly all?: boolean } = self.optsWithGlobals();
      const query = { all: options.all === true ? 'true' : undefined };
      const reply = await clientOf(io, options).get(PATH, query);
      tell(io, options, itemsOf(reply) as readonly MaintenanceWindowView[]);
    });
  addSaid(maintenance.command('end <id>').description('end a window now'))
    .action(async (id: string, _, self: Command) => {
      const options: GlobalOptions & SaidOptions = self.optsWithGlobals();
      const reply = await clientOf(io, options)
        .post(`${PATH}/${encodeURIComponent(id)}/end`, { why: options.why });
      tell(io, options, [reply as MaintenanceWindowView]);
    });
  maintenance.command('report <id>')
    .description('what happened in a window')
    .action(async (id: string, _, self: Command) => {
      const options: GlobalOptions = self.optsWithGlobals();
      const reply = await clientOf(io, options).get(`${PATH}/${encodeURIComponent(id)}/report`);
      io.write(options.json === true
        ? `${jsonText(reply)}\n`
        : reportText(reply as WindowReportAnswer));
    });
}

function addCreate(maintenance: Command, io: Io): void {
  addSaid(maintenance.command('create')
    .description('make a window: at most seven days, or weekly for at most a year')
    .requiredOption('--label <text>', 'what it is, in a word')
    .requiredOption('--owner <name>', 'whom to ask: a team or a person')
    .option('--cluster <glob>', 'in this cluster')
    .option('--namespace <glob>', 'in this namespace')
    .option('--workload <glob>', 'of this workload')
    .option('--image <glob>', 'of this image repository')
    .option('--node <glob>', 'on this node')
    .option('--from <time>', '2026-12-31T18:00:00Z; now without it')
    .option('--to <time>', 'when it ends')
    .option('--hours <count>', 'or: how long it lasts')
    .option('--weekly <weekday>', 'only at a time of this weekday', choice(weekdays))
    .option('--at <time>', 'with --weekly: HH:MM')
    .option('--minutes <count>', 'with --weekly: how long')
    .option('--zone <name>', 'with --weekly: the time zone (default UTC)'))
    .action(async (_, self: Command) => {
      const options: CreateOptions = self.optsWithGlobals();
      const reply = await clientOf(io, options).post(PATH, bodyOf(options, Date.now()));
      tell(io, options, [reply as MaintenanceWindowView]);
    });
}

function bodyOf(options: CreateOptions, nowMs: number): WindowBody {
  const { cluster, namespace, workload, image, node, label, owner, why } = options;
  const fromTime = options.from ?? new Date(nowMs).toISOString();
  return {
    label,
    owner,
    reason: why,
    scope: {
      ...(cluster === undefined ? {} : { cluster }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(workload === undefined ? {} : { workload }),
      ...(image === undefined ? {} : { image }),
      ...(node === undefined ? {} : { node }),
    },
    fromTime,
    toTime: endOf(options, Date.parse(fromTime)),
    weekly: weeklyOf(options),
  };
}

function endOf({ to, hours, weekly }: CreateOptions, fromMs: number): string {
  if (to !== undefined && hours === undefined) return to;
  if (to === undefined && hours !== undefined) {
    return timeAfter(fromMs, wholeNumber('--hours', hours) * HOUR_MS);
  }
  if (to === undefined && weekly !== undefined) return timeAfter(fromMs, YEAR_MS);
  throw new CliFailure(exitCodes.usage, 'say --to or --hours');
}

function timeAfter(fromMs: number, ms: number): string {
  if (Number.isNaN(fromMs)) throw new CliFailure(exitCodes.usage, '--from is no time');
  return new Date(fromMs + ms).toISOString();
}

function weeklyOf({ weekly, at, minutes, zone = 'UTC' }: CreateOptions) {
  if (weekly === undefined) {
    if (at === undefined && minutes === undefined) return null;
    throw new CliFailure(exitCodes.usage, '--at and --minutes go with --weekly');
  }
  if (at === undefined || minutes === undefined) {
    throw new CliFailure(exitCodes.usage, '--weekly needs --at and --minutes');
  }
  const count = wholeNumber('--minutes', minutes);
  return { weekday: weekly, start: at, minutes: count, timeZone: zone };
}

function wholeNumber(option: string, text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new CliFailure(exitCodes.usage, `${option} ${text} is no number`);
}

function tell(io: Io, options: GlobalOptions, windows: readonly MaintenanceWindowView[]): void {
  if (options.json === true) for (const window of windows) io.write(`${jsonText(window)}\n`);
  else io.write(formatTable(windows, columns, io.isTerminal ? io.columns : undefined));
}

function reportText(report: WindowReportAnswer): string {
  const { window, quietened, raised, suppressed } = report;
  const counts = Object.entries(report.bySeverity).map(([name, count]) => `${count} ${name}`);
  const lines = [
    `${window.id} ${window.label}: ${window.fromTime} to ${window.ended?.time ?? window.toTime}`,
    `  ${quietened} quietened, ${raised} raised all the same, ${suppressed} suppressed` +
      `${counts.length === 0 ? '' : `; as judged: ${counts.join(', ')}`}`,
    ...report.behaviours.map(({ value, alerts }) => `  ${alerts} × ${value}`),
    ...report.alerts.map(({ time, severity, handling, namespace, pod, reason }) =>
      `  ${time.slice(0, 19)} ${severity} ${handling === 'none' ? 'RAISED ' : ''}` +
        `${namespace}/${pod}: ${reason.en}`),
  ];
  return `${lines.map(escapeText).join('\n')}\n`;
}
