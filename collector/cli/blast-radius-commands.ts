import type { Command } from 'commander';

import type { BlastRadiusView } from '../api/contract/blast-radius.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { countOf } from './values.ts';

/** `lannerctl blast-radius`: where an image, a layer or a behaviour runs now and ran. */
type Image = BlastRadiusView['images'][number];
type Workload = BlastRadiusView['workloads'][number];
type Node = BlastRadiusView['nodes'][number];
type Namespace = BlastRadiusView['namespaces'][number];

const REASONS: Readonly<Record<Image['reason'], string>> = {
  'same-digest': 'same digest',
  'same-repository': 'same repository',
  'shared-layers': 'has these layers',
  'showed-behaviour': 'showed it',
  'knows-behaviour': 'profile knows it',
};

const now = ({ podsNow }: { readonly podsNow: number }): string =>
  podsNow > 0 ? String(podsNow) : '-';
type Seen = Pick<Node, 'pods' | 'podsNow' | 'firstSeen' | 'lastSeen'>;
const seen: readonly Column<Seen>[] = [
  { title: 'pods', cell: ({ pods }) => String(pods) },
  { title: 'now', cell: now },
  { title: 'first seen', cell: ({ firstSeen }) => firstSeen },
  { title: 'last seen', cell: ({ lastSeen }) => lastSeen },
];

const imageColumns: readonly Column<Image>[] = [
  { title: 'image', cell: ({ repository, tag }) => `${repository || '-'}:${tag || '-'}` },
  { title: 'why', cell: ({ reason }) => REASONS[reason] },
  { title: 'layers', cell: ({ sharedLayers, layers }) =>
    layers === undefined ? '-' : `${sharedLayers ?? layers} of ${layers}` },
  { title: 'pods', cell: ({ pods }) => String(pods) },
  { title: 'runs now', cell: ({ runsNow }) => (runsNow ? 'yes' : '-') },
  { title: 'last seen', cell: ({ lastSeen }) => lastSeen ?? 'never' },
  { title: 'digest', cell: ({ digest }) => digest || '-' },
];

const workloadColumns: readonly Column<Workload>[] = [
  { title: 'workload', cell: ({ namespace, workload }) => `${namespace}/${workload || '-'}` },
  { title: 'cluster', cell: ({ cluster }) => cluster },
  ...seen,
  { title: 'nodes', cell: ({ nodes }) => String(nodes) },
  { title: 'images', cell: ({ images }) => images.join(' ') },
];

const nodeColumns: readonly Column<Node>[] = [
  { title: 'node', cell: ({ node }) => node },
  { title: 'cluster', cell: ({ cluster }) => cluster },
  ...seen,
];

const namespaceColumns: readonly Column<Namespace>[] = [
  { title: 'namespace', cell: ({ namespace }) => namespace || '-' },
  { title: 'cluster', cell: ({ cluster }) => cluster },
  { title: 'workloads', cell: ({ workloads }) => String(workloads) },
  ...seen,
];

type Options = GlobalOptions & Readonly<Partial<Record<
  'image' | 'behaviour' | 'alert' | 'layer' | 'base' | 'cluster', string>>> & {
    readonly days: number;
    readonly limit: number;
  };

const ASKED = ['image', 'behaviour', 'alert', 'layer', 'base'] as const;

export function addBlastRadiusCommands(program: Command, io: Io): void {
  program.command('blast-radius')
    .description('where an image, a layer or a behaviour runs now and ran in the last days')
    .option('--image <image>', 'repository, repository:tag, repository@sha256:… or sha256:…')
    .option('--base <image>', 'all images that are built on this one')
    .option('--layer <digest>', 'all images that have this layer (its diff id)')
    .option('--behaviour <channel:value>', 'all that showed it or know it, as alerts write it')
    .option('--alert <id>', 'the behaviours of this alert')
    .option('--days <count>', 'how far to look back', countOf, 30)
    .option('--cluster <name>', 'of this cluster')
    .option('--limit <count>', 'rows of each list, at most 500', countOf, 200)
    .addHelpText('after', `
Exactly one of --image, --base, --layer, --behaviour and --alert. What is not known stands below the
lists, after an exclamation mark: read it before you call something clean. Exit 0 whatever is found.

Examples:
  lannerctl blast-radius --image docker.io/shop/web:1.4.2
  lannerctl blast-radius --base registry.bank.example/base/debian:12 --days 90
  lannerctl blast-radius --behaviour 'exec:exec /usr/bin/xmrig as root ← sh' --json`)
    .action(async (_, self: Command) => {
      const options: Options = self.optsWithGlobals();
      if (ASKED.filter((one) => options[one] !== undefined).length !== 1) {
        throw new CliFailure(exitCodes.usage,
          `exactly one of ${ASKED.map((one) => `--${one}`).join(', ')} is wanted`);
      }
      const { image, base, layer, behaviour, alert, cluster, days, limit } = options;
      const answer = await clientOf(io, options).get('/api/v1/blast-radius', {
        image, base, layer, behaviour, alert, cluster, days: String(days), limit: String(limit),
      }) as BlastRadiusView;
      const language = options.lang === 'zh' ? 'zh' : 'en';
      io.write(options.json === true
        ? `${jsonText(answer)}\n`
        : answerText(answer, language, io.isTerminal ? io.columns : undefined));
    });
}

function answerText(
  answer: BlastRadiusView,
  language: 'en' | 'zh',
  width: number | undefined,
): string {
  const { totals, images, workloads, nodes, namespaces, evidence, limits, since, asOf } = answer;
  const head = `${totals.podsNow} pods run it now; since ${since} ${totals.pods} pods of ` +
    `${totals.workloads} workloads in ${totals.namespaces} namespaces on ${totals.nodes} nodes, ` +
    `${totals.images} images (as of ${asOf})`;
  const table = <Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string =>
    rows.length === 0 ? '' : `\n${formatTable(rows, columns, width)}`;
  const last = [
    ...evidence.alerts.length === 0 ? [] : [`alerts: ${evidence.alerts.join(' ')}`],
    ...answer.truncated ? ['! there is more than is shown here'] : [],
    ...limits.map(({ text, about }) => `! ${text[language]}${aboutText(about)}`),
  ];
  return [
    `${escapeText(head)}\n`,
    table(images, imageColumns),
    table(workloads, workloadColumns),
    table(namespaces, namespaceColumns),
    table(nodes, nodeColumns),
    last.length === 0 ? '' : '\n',
    ...last.map((line) => `${escapeText(line)}\n`),
  ].join('');
}

const ABOUT_SHOWN = 5;

function aboutText(about: readonly string[]): string {
  if (about.length === 0) return '';
  const more = about.length > ABOUT_SHOWN ? ', …' : '';
  return ` (${about.slice(0, ABOUT_SHOWN).join(', ')}${more})`;
}
