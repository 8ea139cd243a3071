import type { Command } from 'commander';

import type { GeneratedAnswer, GeneratedKind } from '../api/contract/generate.ts';
import { ciliumYaml } from '../generate/cilium.ts';
import { networkPolicies } from '../generate/network.ts';
import { networkYaml } from '../generate/network-text.ts';
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
The objects are a file of
  kubectl get pods,services,endpointslices,nodes,namespaces -A -o json
because Lanner's own role may not list them. Whoever made the file vouches for its pods.`;

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
  readonly objects: string;
  readonly cilium?: boolean;
  readonly incomplete?: boolean;
};

function addNetwork(policy: Command, io: Io): void {
  policy.command('network')
    .description('network policies of a namespace’s workloads, and its isolation')
    .requiredOption('--namespace <namespace>', 'whose pods they select')
    .requiredOption('--objects <file>', 'the cluster’s objects, as JSON')
    .option('--cilium', 'as CiliumNetworkPolicy')
    .option('--incomplete', 'also of profiles whose connections are still learned')
    .addHelpText('after', `${OBJECTS}
Example:
  lannerctl policy network --namespace shop --objects objects.json > shop.yaml
  kubectl apply --dry-run=server -f shop.yaml`)
    .action(async (_, command: Command) => {
      const options: NetworkOptions = command.optsWithGlobals();
      const { namespace } = options;
      const objects = objectsOf(options.objects);
      const profiles = await learnedProfiles(clientOf(io, options), objects);
      const isIncompleteTaken = options.incomplete === true;
      const result = networkPolicies(profiles, objects, { namespace, isIncompleteTaken });
      if (options.json === true) io.write(`${jsonText(result)}\n`);
      else writeLines(io, options.cilium === true
        ? ciliumYaml(result)
        : networkYaml(result, namespace));
      if (result.policies.length === 0) {
        throw new CliFailure(exitCodes.refused, 'no policy could be made: see what was left out');
      }
    });
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

type ReportOptions = GlobalOptions & { readonly objects: string; readonly namespace?: string };

export function addReportCommands(program: Command, io: Io): void {
  const report = program.command('report').description('reports on what was learned');
  report.command('plaintext')
    .description('learned connections by ports of unencrypted protocols')
    .requiredOption('--objects <file>', 'the cluster’s objects, as JSON')
    .option('--namespace <namespace>', 'of workloads in this namespace only')
    .addHelpText('after', `${OBJECTS}
${PLAINTEXT_LIMITS}`)
    .action(async (_, command: Command) => {
      const options: ReportOptions = command.optsWithGlobals();
      const objects = objectsOf(options.objects);
      const profiles = await learnedProfiles(clientOf(io, options), objects);
      const flows = plaintextFlows(profiles, objects).filter(({ namespace }) =>
        namespace === (options.namespace ?? namespace));
      if (options.json === true) for (const flow of flows) io.write(`${jsonText(flow)}\n`);
      else {
        if (flows.length > 0) io.write(formatTable(flows, columns, undefined));
        io.write(`${flows.length} kinds of connection of ${profiles.length} profiles. ` +
          `${PLAINTEXT_LIMITS}\n`);
      }
    });
}

/** Line by line, in case the collector is somebody else. */
function writeLines(io: Io, text: string): void {
  io.write(text.split('\n').map(escapeText).join('\n'));
}
