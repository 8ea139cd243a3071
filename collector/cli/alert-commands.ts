import type { Command } from 'commander';

import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import type { AlertView } from '../api/contract/alert.ts';
import { handlingKinds } from '../incident/handling.ts';
import { jsonText } from '../json-text.ts';
import { formatAlertLine } from './format-alert.ts';
import { clientOf, lineOptions } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { listAll } from './list-all.ts';
import { choice, countOf } from './values.ts';

/** `lannerctl alerts`: the newest, oldest of them first; with --follow those that come, too. */
type AlertOptions = GlobalOptions & {
  readonly follow?: boolean;
  readonly severity?: Alert['severity'];
  readonly namespace?: string;
  readonly image?: string;
  readonly kind?: string;
  readonly technique?: string;
  readonly node?: string;
  readonly workload?: string;
  readonly pod?: string;
  readonly incident?: string;
  readonly handling?: string;
  readonly search?: string;
  readonly since?: string;
  readonly limit: number;
};

/** Of this many the newest revision is remembered, so that none is shown twice. */
const REMEMBERED_MAX = 10_000;

export function addAlertCommands(program: Command, io: Io): void {
  program.command('alerts')
    .description('list alerts, or follow them as they arrive')
    .option('-f, --follow', 'go on with the alerts that arrive, until Ctrl-C')
    .option('--severity <severity>', `at least this: ${severities.join(', ')}`,
      choice(severities))
    .option('--namespace <name>', 'of this namespace')
    .option('--image <repository>', 'of this image repository')
    .option('--kind <kind>', 'anomaly, rule, session, upgrade or sensor')
    .option('--technique <id>', 'with this ATT&CK technique, e.g. T1059')
    .option('--node <name>', 'of this node')
    .option('--workload <name>', 'of this workload')
    .option('--pod <name>', 'of this pod')
    .option('--incident <id>', 'of this incident')
    .option('--handling <kind>', `${handlingKinds.join(', ')} or all; all but suppressed by default`,
      choice([...handlingKinds, 'all']))
    .option('--search <text>', 'with this text in title, pod, image, behaviour or command line')
    .option('--since <time>', 'received since then, e.g. 2026-03-01T08:00:00Z')
    .option('--limit <count>', 'how many of those that are stored', countOf, 50)
    .addHelpText('after', `
Examples:
  lannerctl alerts --severity high
  lannerctl alerts --follow --namespace shop
  lannerctl alerts --search 'nc -e' --since 2026-03-01T08:00:00Z
  lannerctl alerts --json | jq -r .reason.en`)
    .action(async (_, command: Command) => {
      const options: AlertOptions = command.optsWithGlobals();
      const write = (alert: AlertView): void =>
        io.write(`${options.json === true
          ? jsonText(alert)
          : formatAlertLine(alert, lineOptions(io, options))}\n`);
      await listAlerts(io, options, write);
    });
}

async function listAlerts(
  io: Io,
  options: AlertOptions,
  write: (alert: AlertView) => void,
): Promise<void> {
  const { severity, namespace, image, kind, technique, node, workload, pod, limit } = options;
  const client = clientOf(io, options);
  const query = {
    ...{ severity, namespace, image, kind, technique, node, workload, pod },
    incident: options.incident,
    handling: options.handling,
    q: options.search,
    from: options.since,
  };
  const list = async (): Promise<readonly AlertView[]> =>
    await listAll(client, '/api/v1/alerts', query, limit) as readonly AlertView[];
  if (options.follow !== true) {
    for (const alert of (await list()).toReversed()) write(alert);
    return;
  }
  // The stream first: what arrives while the list is read is then in both, and shown once.
  const opened = Promise.withResolvers<void>();
  const asked = { kinds: 'alert', severity, namespace };
  const events = client.stream(asked, io.signal, opened.resolve);
  const first = events.next();
  await Promise.race([opened.promise, first]);
  const shown = new Map<string, number>();
  const show = (alert: AlertView): void => {
    // One that was quietened comes again as it was, with what it was quietened by.
    if ((shown.get(alert.id) ?? 0) >= alert.revision) return;
    shown.delete(alert.id);
    const [oldest] = shown.keys();
    if (shown.size >= REMEMBERED_MAX && oldest !== undefined) shown.delete(oldest);
    shown.set(alert.id, alert.revision);
    write(alert);
  };
  for (const alert of (await list()).toReversed()) show(alert);
  for (let next = await first; next.done !== true; next = await events.next()) {
    if (next.value.event !== 'alert') continue;
    const alert = JSON.parse(next.value.data) as AlertView;
    if (matches(alert, options)) show(alert);
  }
}

/** What the stream does not filter by itself. */
function matches(alert: AlertView, options: AlertOptions): boolean {
  const { image, kind, technique, node, workload, pod, incident, handling, search } = options;
  const is = (wanted: string | undefined, value: string): boolean =>
    wanted === undefined || wanted === value;
  return is(image, alert.image.repository) && is(kind, alert.kind) && is(node, alert.node) &&
    is(workload, alert.workload) && is(pod, alert.pod) && is(incident, alert.incidentId) &&
    (handling === 'all' || is(handling, alert.handling.kind)) &&
    (handling !== undefined || alert.handling.kind !== 'suppressed') &&
    (search === undefined || wordsOf(alert).includes(search.toLowerCase())) &&
    (technique === undefined ||
      alert.techniques.some((id) => id === technique || id.startsWith(`${technique}.`)));
}

const wordsOf = ({ reason, pod, image, process, behaviours }: AlertView): string =>
  [reason.en, reason.zh, pod, image.repository, process.commandLine,
    ...behaviours.flatMap((one) => [one.value, one.process.commandLine])].join('\n').toLowerCase();
