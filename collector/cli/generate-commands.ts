import type { Command } from 'commander';

import type { GeneratedAnswer, GeneratedKind } from '../api/contract/generate.ts';
import type { NetworkPolicyAnswer, PlaintextAnswer } from '../api/contract/policies.ts';
import { networkPolicies } from '../generate/network.ts';
import { policiesYaml } from '../generate/network-text.ts';
import { PLAINTEXT_LIMITS, plaintextFlows } from '../generate/plaintext.ts';
import type { PlaintextFlow } from '../generate/plaintext.ts';
import { jsonText } from '../json-text.ts';
import { CliFailure, exitCodes } from './exit-codes.ts';
import { clientOf } from './io.ts';
import type { GlobalOptions, Io } from './io.ts';
import { learnedProfiles, objectsOf } from './learned-profiles.ts';
import { NAMES, findProfile } from './profile-name.ts';
import { formatTable } from './table.ts';
import type { Column } from './table.ts';
import { escapeText } from './terminal.ts';

/** What was learned, as policies of the cluster and of other products, and as reports. */
const OBJECTS = `
Who is behind an address the collector asks the Kubernetes API, where kube.listObjects is on. Where
it is not, --objects names a file of
  kubectl get pods,services,endpointslices,nodes,namespaces -A -o json
and whoever made the file vouches for its pods; nothing is then said about the past.`;
/** It reads up to half a million flows. */
const ANSWER_MS_MAX = 90_000;

const ARTEFACTS: readonly (readonly [GeneratedKind, string])[] = [
  ['falco', 'Falco rules that allow what the profile holds and alert on the rest'],
  ['seccomp', 'a seccomp profile: the engines’ default less the privileged calls never seen'],
  ['kubearmor', 'a KubeArmor policy of the profile’s programs, files and protocols'],
];

export function addGenerateCommands(policy: Command, io: Io): void {
  addNetwork(policy, io);
  for (const [kind, description] of ARTEFACTS) {
    policy.command(`${kind} <profile>`)
      .description(description)
      .addHelpText('after', NAMES)
      .action(async (name: string, _, command: Command) => {
        const options: GlobalOptions = command.optsWithGlobals();
        const client = clientOf(io, options);
        const { id } = await findProfile(client, name);
        const answer =
          await client.get(`/api/v1/profiles/${id}/policy`, { kind }) as GeneratedAnswer;
        if (options.json === true) io.write(`${jsonText(answer)}\n`);
        else writeLines(io, answer.text);
        const { incomplete } = answer;
        if (incomplete.length > 0) {
          io.writeError(`still learned: ${escapeText(incomplete.join(', '))}: what is normal and ` +
            'was not seen yet is not allowed\n');
        }
      });
  }
}

type NetworkOptions = GlobalOptions & {
  readonly namespace: string;
  readonly objects?: string;
  readonly days: string;
  readonly cilium?: boolean;
  readonly incomplete?: boolean;
};

const NONE_MADE = 'no policy could be made: see what was left out';

function addNetwork(policy: Command, io: Io): void {
  policy.command('network')
    .description('network policies of a namespace’s workloads, and what they would have denied')
    .requiredOption('--namespace <namespace>', 'whose pods they select')
    .option('--objects <file>', 'the cluster’s objects, as JSON, instead of the Kubernetes API')
    .option('--days <days>', 'how far back the flow ledger is replayed', '7')
    .option('--cilium', 'as CiliumNetworkPolicy')
    .option('--incomplete', 'also of profiles whose connections are still learned')
    .addHelpText('after', `${OBJECTS}
Examples:
  lannerctl policy network --namespace shop --days 14 > shop.yaml
  kubectl apply --dry-run=server -f shop.yaml
  lannerctl --json policy network --namespace shop | jq .report.denied`)
    .action(async (_, command: Command) => {
      const options: NetworkOptions = command.optsWithGlobals();
      if (options.objects === undefined) await askedNetwork(io, options);
      else await madeNetwork(io, options, options.objects);
    });
}

/** By the collector, with the ledger's proof. */
async function askedNetwork(io: Io, options: NetworkOptions): Promise<void> {
  const { namespace, days, cilium, incomplete } = options;
  const answer = await clientOf(io, options).get('/api/v1/policies/network', {
    namespace,
    days,
    format: cilium === true ? 'cilium' : 'kubernetes',
    incomplete: String(incomplete === true),
  }, ANSWER_MS_MAX) as NetworkPolicyAnswer;
  if (options.json === true) io.write(`${jsonText(answer)}\n`);
  else writeLines(io, answer.yaml);
  const { replay: { from, connections, denied, deniedAsAttack, isWhole } } = answer.report;
  io.writeError(`of ${connections} connections since ${from}${isWhole ? '' : ' (there are more)'} ` +
    `${denied} would have been denied, ${deniedAsAttack} of them with an alert behind them\n`);
  if (answer.documents.length === 0) throw new CliFailure(exitCodes.refused, NONE_MADE);
}

async function madeNetwork(io: Io, options: NetworkOptions, file: string): Promise<void> {
  const { namespace } = options;
  const objects = objectsOf(file);
  const profiles = await learnedProfiles(clientOf(io, options), objects);
  const isIncompleteTaken = options.incomplete === true;
  const result = networkPolicies(profiles, objects, { namespace, isIncompleteTaken });
  if (options.json === true) io.write(`${jsonText(result)}\n`);
  else {
    writeLines(io, policiesYaml(result, namespace,
      { isCilium: options.cilium === true, lines: [] }));
  }
  if (result.policies.length === 0) throw new CliFailure(exitCodes.refused, NONE_MADE);
}

const columns: readonly Column<PlaintextFlow>[] = [
  { title: 'from', cell: ({ namespace, workload }) => `${namespace}/${workload}` },
  { title: 'process', cell: ({ process }) => process },
  { title: 'to', cell: ({ to }) => to },
  { title: 'port', cell: ({ port, protocol }) => `${port}/${protocol}` },
  { title: 'assigned to', cell: ({ service }) => service },
  { title: 'crosses', cell: ({ isOverNamespaces, isOverNodes, isOutside }) => [
    ...isOverNamespaces ? ['namespaces'] : [],
    ...isOverNodes ? ['nodes'] : [],
    ...isOutside ? ['the cluster’s border'] : [],
  ].join(', ') },
];

type ReportOptions = GlobalOptions & { readonly objects?: string; readonly namespace?: string };

export function addReportCommands(program: Command, io: Io): void {
  const report = program.command('report').description('reports on what was learned');
  report.command('plaintext')
    .description('learned connections by ports of unencrypted protocols')
    .option('--objects <file>', 'the cluster’s objects, as JSON, instead of the Kubernetes API')
    .option('--namespace <namespace>', 'of workloads in this namespace only')
    .addHelpText('after', `${OBJECTS}
${PLAINTEXT_LIMITS}`)
    .action(async (_, command: Command) => {
      const options: ReportOptions = command.optsWithGlobals();
      const { items, profiles } = await plaintextOf(io, options);
      if (options.json === true) for (const flow of items) io.write(`${jsonText(flow)}\n`);
      else {
        if (items.length > 0) io.write(formatTable(items, columns, undefined));
        io.write(`${items.length} kinds of connection of ${profiles} profiles. ` +
          `${PLAINTEXT_LIMITS}\n`);
      }
    });
}

async function plaintextOf(
  io: Io,
  options: ReportOptions,
): Promise<Pick<PlaintextAnswer, 'items' | 'profiles'>> {
  const { namespace } = options;
  const client = clientOf(io, options);
  if (options.objects === undefined) {
    return await client.get('/api/v1/policies/plaintext', { namespace }, ANSWER_MS_MAX) as
      PlaintextAnswer;
  }
  const objects = objectsOf(options.objects);
  const profiles = await learnedProfiles(client, objects);
  const items = plaintextFlows(profiles, objects).filter((flow) =>
    flow.namespace === (namespace ?? flow.namespace));
  return { items, profiles: profiles.length };
}

/** Line by line, in case the collector is somebody else. */
function writeLines(io: Io, text: string): void {
  io.write(text.split('\n').map(escapeText).join('\n'));
}
