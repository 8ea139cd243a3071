import type { Command } from 'commander';

import type { PodView } from '../api/contract/fleet.ts';
import type { SearchAnswer } from '../api/contract/search.ts';
import { jsonText } from '../json-text.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { countOf, itemsOf } from './values.ts';

/** Pods that raised alerts, and one search over everything. */
const podColumns: readonly Column<PodView>[] = [
  { title: 'pod', cell: ({ namespace, pod }) => `${namespace}/${pod}` },
  { title: 'node', cell: ({ node }) => node },
  { title: 'alerts', cell: ({ alerts }) => String(alerts) },
  { title: 'newest', cell: ({ lastTime }) => lastTime },
  { title: 'image', cell: ({ image }) => image },
];

type PodOptions = GlobalOptions & {
  readonly namespace?: string;
  readonly node?: string;
  readonly image?: string;
  readonly search?: string;
  readonly limit: number;
};

export function addFindCommands(program: Command, io: Io): void {
  program.command('pods')
    .description('list pods that raised alerts, the newest first')
    .option('--namespace <name>', 'of this namespace')
    .option('--node <name>', 'of this node')
    .option('--image <repository>', 'of this image repository')
    .option('--search <text>', 'with this in their name')
    .option('--limit <count>', 'how many, at most 500', countOf, 50)
    .addHelpText('after', '\nExamples:\n  lannerctl pods --namespace shop')
    .action(async (_, command: Command) => {
      const options: PodOptions = command.optsWithGlobals();
      const { namespace, node, image, search: q, limit } = options;
      const reply = await clientOf(io, options)
        .get('/api/v1/pods', { namespace, node, image, q, limit: String(limit) });
      const pods = itemsOf(reply) as readonly PodView[];
      if (options.json === true) for (const pod of pods) io.write(`${jsonText(pod)}\n`);
      else io.write(formatTable(pods, podColumns, io.isTerminal ? io.columns : undefined));
    });

  program.command('search <text...>')
    .description('find alerts, incidents, images, pods, nodes and responses by a text')
    .addHelpText('after', `
Examples:
  lannerctl search web-7k4r7fk9xj
  lannerctl search --json nc -e`)
    .action(async (text: readonly string[], _, command: Command) => {
      const options: GlobalOptions = command.optsWithGlobals();
      const found = await clientOf(io, options)
        .get('/api/v1/search', { q: text.join(' ') }) as SearchAnswer;
      io.write(options.json === true ? `${jsonText(found)}\n` : foundText(found));
    });
}

function foundText(found: SearchAnswer): string {
  const lines = [
    ...found.incidents.map(({ id, title }) => `incident  ${id}  ${title.en}`),
    ...found.alerts.map(({ id, namespace, pod, reason }) =>
      `alert     ${id}  ${namespace}/${pod}  ${reason.en}`),
    ...found.pods.map(({ namespace, pod, node }) => `pod       ${namespace}/${pod} on ${node}`),
    ...found.images.map(({ profileKey }) => `image     ${profileKey}`),
    ...found.nodes.map(({ cluster, node }) => `node      ${node} of ${cluster}`),
    ...found.responses.map(({ id, action, state, namespace, pod }) =>
      `response  ${id}  ${action} ${namespace}/${pod}, ${state}`),
    ...found.isPartial ? ['there may be more: looking stopped at a bound'] : [],
  ];
  return lines.map((line) => `${escapeText(line)}\n`).join('');
}
