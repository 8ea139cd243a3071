import type { Command } from 'commander';

import { severities } from '../../baseline/alert.ts';
import type { Alert } from '../../baseline/alert.ts';
import { jsonText } from '../json-text.ts';
import { formatAlertLine } from './format-alert.ts';
import { clientOf, lineOptions } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { choice, itemsOf } from './values.ts';

/** `lannerctl alerts`: the newest, oldest of them first; with --follow those that come, too. */
type AlertOptions = GlobalOptions & {
  readonly follow?: boolean;
  readonly severity?: Alert['severity'];
  readonly namespace?: string;
  readonly image?: string;
  readonly kind?: string;
  readonly technique?: string;
  readonly node?: string;
  readonly limit: string;
};

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
    .option('--limit <count>', 'how many of those that are stored', '50')
    .addHelpText('after', `
Examples:
  lannerctl alerts --severity high
  lannerctl alerts --follow --namespace shop
  lannerctl alerts --json | jq -r .reason.en`)
    .action(async (_, command: Command) => {
      const options: AlertOptions = command.optsWithGlobals();
      const write = (alert: Alert): void =>
        io.write(`${options.json === true
          ? jsonText(alert)
          : formatAlertLine(alert, lineOptions(io, options))}\n`);
      await listAlerts(io, options, write);
    });
}

async function listAlerts(
  io: Io,
  options: AlertOptions,
  write: (alert: Alert) => void,
): Promise<void> {
  const { severity, namespace, image, kind, technique, node, limit } = options;
  const client = clientOf(io, options);
  const query = { severity, namespace, image, kind, technique, node };
  const list = async (count: string): Promise<readonly Alert[]> =>
    itemsOf(await client.get('/api/v1/alerts', { ...query, limit: count })) as readonly Alert[];
  if (options.follow !== true) {
    for (const alert of (await list(limit)).toReversed()) write(alert);
    return;
  }
  // The stream first: what arrives while the list is read is then in both, and shown once.
  const opened = Promise.withResolvers<void>();
  const events = client.stream({ kinds: 'alert' }, io.signal, opened.resolve);
  const first = events.next();
  await Promise.race([opened.promise, first]);
  const shown = new Map<string, number>();
  for (const alert of (await list(limit)).toReversed()) {
    write(alert);
    shown.set(alert.id, alert.revision);
  }
  for (let next = await first; next.done !== true; next = await events.next()) {
    if (next.value.event !== 'alert') continue;
    const alert = JSON.parse(next.value.data) as Alert;
    const isShown = (shown.get(alert.id) ?? 0) >= alert.revision;
    // Only the first moments can double; after them the stream itself sends each revision once.
    shown.delete(alert.id);
    if (!isShown && matches(alert, options)) write(alert);
  }
}

function matches(alert: Alert, options: AlertOptions): boolean {
  const { severity, namespace, image, kind, technique, node } = options;
  return (severity === undefined ||
    severities.indexOf(alert.severity) >= severities.indexOf(severity)) &&
    (namespace === undefined || alert.namespace === namespace) &&
    (image === undefined || alert.image.repository === image) &&
    (kind === undefined || alert.kind === kind) &&
    (node === undefined || alert.node === node) &&
    (technique === undefined ||
      alert.techniques.some((id) => id === technique || id.startsWith(`${technique}.`)));
}
