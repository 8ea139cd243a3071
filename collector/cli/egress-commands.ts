import type { Command } from 'commander';

import type { DestinationView, FlowView, WhoAnswerView } from '../api/contract/egress.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { listAll } from './list-all.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';
import { choice, countOf } from './values.ts';

/** `lannerctl egress`: which pod stood behind an address, and who connected where. */
type CandidateView = WhoAnswerView['candidates'][number];

const podOf = ({ namespace, pod, node }: Pick<FlowView, 'namespace' | 'pod' | 'node'>): string =>
  pod === '' ? `(node ${node})` : `${namespace}/${pod}`;
const imageOf = ({ image: { repository, tag } }: Pick<FlowView, 'image'>): string =>
  repository === '' ? '-' : `${repository}:${tag}`;

const candidateColumns: readonly Column<CandidateView>[] = [
  { title: 'likelihood', cell: ({ likelihood }) => likelihood },
  { title: 'pod', cell: podOf },
  { title: 'process', cell: ({ process, exe }) => exe || process || '-' },
  { title: 'first', cell: ({ firstTime }) => firstTime },
  { title: 'last', cell: ({ lastTime }) => lastTime },
  { title: 'count', cell: ({ count }) => String(count) },
  { title: 'outcome', cell: ({ outcomes }) => outcomes.join(' ') },
  { title: 'known by', cell: ({ precision }) => precision },
  { title: 'source ports', cell: ({ sourcePorts, portsBeyond }) =>
    sourcePorts.join(' ') + (portsBeyond > 0 ? ` and ${portsBeyond} more` : '') },
  { title: 'workload', cell: ({ workload }) => workload || '-' },
  { title: 'node', cell: ({ node }) => node },
  { title: 'image', cell: imageOf },
];

const flowColumns: readonly Column<FlowView>[] = [
  { title: 'first', cell: ({ firstTime }) => firstTime },
  { title: 'pod', cell: podOf },
  { title: 'process', cell: ({ process }) => process || '-' },
  { title: 'way', cell: ({ direction }) => direction },
  { title: 'remote', cell: ({ remoteAddress, folded }) =>
    remoteAddress || (folded ? '(several)' : '-') },
  { title: 'port', cell: ({ port, protocol }) => `${port < 0 ? '-' : port}/${protocol || '-'}` },
  { title: 'outcome', cell: ({ outcome }) => outcome },
  { title: 'count', cell: ({ count }) => String(count) },
  { title: 'name', cell: ({ name }) => name || '-' },
];

const destinationColumns: readonly Column<DestinationView>[] = [
  { title: 'application', cell: ({ namespace, workload }) => `${namespace}/${workload || '-'}` },
  { title: 'address', cell: ({ address }) => address },
  { title: 'port', cell: ({ port, protocol }) => `${port}/${protocol}` },
  { title: 'last', cell: ({ lastTime }) => lastTime },
  { title: 'names', cell: ({ names }) => names.join(' ') || '-' },
];

const DOUBTS: Readonly<Record<WhoAnswerView['doubts'][number], string>> = {
  'address-unknown': 'no agent ever said that this is its node’s address',
  'address-shared': 'several nodes said that this is their address',
  'not-watched': 'for some of this time nobody watched, or it was not told',
  'too-recent': 'agents tell a minute some seconds after it is over: ask again in two minutes',
  gap: 'events or flows of this time were lost: see the gaps below',
  folded: 'somebody had more destinations than could be kept apart (likelihood: possible)',
  'hours-only': 'of this time only hours are left: between first and last it is not known when',
  'without-address': 'there were connections whose address Falco did not know',
  'too-many': 'there is more than is shown: narrow the window',
};

const VERDICTS: Readonly<Record<WhoAnswerView['verdict'], string>> = {
  one: 'one candidate',
  several: 'several candidates, the likeliest first',
  none: 'nobody connected there from this node in this time',
  unknown: 'nobody is known to have, but that cannot be said for certain',
};

type WhoOptions = GlobalOptions & {
  readonly nodeIp: string;
  readonly dst: string;
  readonly at: string;
  readonly window: string;
  readonly srcPort?: string;
  readonly protocol?: string;
  readonly cluster?: string;
};

export function addEgressCommands(program: Command, io: Io): void {
  const egress = program.command('egress').description('which pod stood behind a connection');
  addWho(egress, io);
  addFlows(egress, io);
  addDestinations(egress, io);
}

function addWho(egress: Command, io: Io): void {
  egress.command('who')
    .description('who can have been behind traffic that has a node’s address')
    .requiredOption('--node-ip <address>', 'source address at the firewall')
    .requiredOption('--dst <address:port>', 'where it went: 203.0.113.9:443, [2001:db8::9]:443')
    .requiredOption('--at <time>', 'when, e.g. 2026-11-23T10:15:00Z')
    .option('--window <duration>', 'to both sides of it, as 90s or 2m, at most 60m', '2m')
    .option('--src-port <port>', 'source port at the firewall, if it is known')
    .option('--protocol <name>', 'tcp or udp')
    .option('--cluster <name>', 'of this cluster')
    .addHelpText('after', `
What is kept is when a connection began. For one that had lasted long, ask with the time at which
the firewall saw it begin. Exit 0 whatever the answer is: read what it says.

Example:
  lannerctl egress who --node-ip 10.0.3.7 --dst 203.0.113.9:443 --at 2026-11-23T10:15:00Z`)
    .action(async (_, self: Command) => {
      const options: WhoOptions = self.optsWithGlobals();
      const { address, port } = endOf(options.dst);
      const answer = await clientOf(io, options).get('/api/v1/egress/who', {
        nodeIp: options.nodeIp,
        dst: address,
        dstPort: port,
        at: options.at,
        windowSeconds: secondsOf(options.window),
        srcPort: options.srcPort,
        protocol: options.protocol,
        cluster: options.cluster,
      }) as WhoAnswerView;
      if (options.json === true) io.write(`${jsonText(answer)}\n`);
      else io.write(answerText(answer, io.isTerminal ? io.columns : undefined));
    });
}

function answerText(answer: WhoAnswerView, width: number | undefined): string {
  const { candidates, doubts, gaps, nodes } = answer;
  const lines = [
    `${VERDICTS[answer.verdict]}${nodes.length === 0 ? '' : `, on ${nodes.map(({ node }) =>
      node).join(', ')}`}, ${answer.from} to ${answer.to}`,
    ...doubts.map((doubt) => `! ${DOUBTS[doubt]}`),
    ...gaps.map(({ node, from, to, cause }) => `  gap on ${node}: ${from} to ${to} (${cause})`),
  ];
  const said = lines.map((line) => `${escapeText(line)}\n`).join('');
  return candidates.length === 0 ? said : said + formatTable(candidates, candidateColumns, width);
}

type FlowOptions = GlobalOptions & Readonly<Record<
  'cluster' | 'node' | 'namespace' | 'workload' | 'pod' | 'direction' | 'dst' | 'dstPort' | 'since' |
  'until', string | undefined>> & { readonly limit: number };

function addFlows(egress: Command, io: Io): void {
  egress.command('flows')
    .description('list who connected where, by the minute, newest first')
    .option('--cluster <name>', 'of this cluster')
    .option('--node <name>', 'of this node')
    .option('--namespace <name>', 'of this namespace')
    .option('--workload <name>', 'of this workload')
    .option('--pod <name>', 'of this pod')
    .option('--direction <way>', 'out or in', choice(['out', 'in']))
    .option('--dst <address>', 'with this remote address')
    .option('--dst-port <port>', 'with this port')
    .option('--since <time>', 'not before this time')
    .option('--until <time>', 'not after this time')
    .option('--limit <count>', 'how many', countOf, 50)
    .action(async (_, self: Command) => {
      const options: FlowOptions = self.optsWithGlobals();
      const { cluster, node, namespace, workload, pod, direction, dst, dstPort, limit } = options;
      const rows = await listAll(clientOf(io, options), '/api/v1/egress/flows', {
        cluster, node, namespace, workload, pod, direction, dst, dstPort,
        from: options.since, to: options.until,
      }, limit) as readonly FlowView[];
      if (options.json === true) for (const row of rows) io.write(`${jsonText(row)}\n`);
      else io.write(formatTable(rows, flowColumns, io.isTerminal ? io.columns : undefined));
    });
}

type DestinationOptions = GlobalOptions & {
  readonly cluster?: string;
  readonly namespace?: string;
  readonly workload?: string;
  readonly exclude?: readonly string[];
  readonly csv?: boolean;
  readonly newSince?: string;
  readonly times: boolean;
};

function addDestinations(egress: Command, io: Io): void {
  egress.command('destinations')
    .description('what applications reached, as a list for a firewall')
    .option('--cluster <name>', 'of this cluster')
    .option('--namespace <name>', 'of this namespace')
    .option('--workload <name>', 'of this workload')
    .option('--exclude <network...>', 'without what is in it: networks of pods and services')
    .option('--new-since <time>', 'only what was first reached then or later')
    .option('--no-times', 'without first and last, to compare it with an older list')
    .option('--csv', 'as CSV')
    .addHelpText('after', `
Example:
  lannerctl egress destinations --namespace shop --exclude 10.244.0.0/16 --csv --no-times`)
    .action(async (_, self: Command) => {
      const options: DestinationOptions = self.optsWithGlobals();
      const { cluster, namespace, workload, exclude, newSince, times } = options;
      const query = { cluster, namespace, workload, newSince, exclude: exclude?.join(',') };
      const client = clientOf(io, options);
      if (options.csv === true) {
        const wanted = Object.entries({ ...query, format: 'csv', times: String(times) })
          .flatMap(([key, value]) => value === undefined ? [] : [[key, value]]);
        const search = new URLSearchParams(wanted).toString();
        const csv = await client.getText(`/api/v1/egress/destinations?${search}`);
        // To a file as it is; a terminal would obey what somebody wrote into a name.
        io.write(io.isTerminal
          ? csv.split('\r\n').map((line) => escapeText(line)).join('\n')
          : csv);
        return;
      }
      const { items, isPartial } = await client.get('/api/v1/egress/destinations', query) as
        { readonly items: readonly DestinationView[]; readonly isPartial: boolean };
      const columns = destinationColumns.filter(({ title }) => times || title !== 'last');
      if (options.json === true) for (const row of items) io.write(`${lineOf(row, times)}\n`);
      else io.write(formatTable(items, columns, io.isTerminal ? io.columns : undefined));
      if (isPartial) io.writeError('lannerctl: there are more: ask for one namespace or workload\n');
    });
}

function lineOf({ firstTime, lastTime, ...row }: DestinationView, hasTimes: boolean): string {
  return jsonText(hasTimes ? { ...row, firstTime, lastTime } : row);
}

function endOf(text: string): { readonly address: string; readonly port: string } {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):([0-9]{1,5})$/.exec(text);
  const address = match?.[1] ?? match?.[2];
  const port = match?.[3];
  if (address !== undefined && port !== undefined) return { address, port };
  throw new CliFailure(exitCodes.usage, '--dst is an address and a port: 203.0.113.9:443');
}

const SECONDS = { s: 1, m: 60, h: 3_600 } as const;

function secondsOf(text: string): string {
  const match = /^([1-9][0-9]{0,4})([smh])$/.exec(text);
  if (match === null) throw new CliFailure(exitCodes.usage, '--window is like 90s or 2m');
  return String(Number(match[1]) * SECONDS[match[2] as keyof typeof SECONDS]);
}
