import type { Response } from '../respond/response.ts';
import { formatTable } from './table.ts';
import { escapeText } from './terminal.ts';

export type ResponseView = Response & { readonly plan: readonly string[] };

export type EvidenceRow = {
  readonly name: string;
  readonly mediaType: string;
  readonly size: number;
  readonly takenTime: string;
};

export function evidenceTable(rows: readonly EvidenceRow[]): string {
  return formatTable(rows, [
    { title: 'name', cell: ({ name }) => name },
    { title: 'bytes', cell: ({ size }) => String(size) },
    { title: 'type', cell: ({ mediaType }) => mediaType },
    { title: 'taken', cell: ({ takenTime }) => takenTime },
  ], undefined);
}

/** Everything that somebody needs who has to approve it, or to explain it later. */
export function responsePage(response: ResponseView): string {
  const { id, action, target, state, reason, detail, plan, evidence, warnings } = response;
  const time = (ms: number): string => new Date(ms).toISOString();
  const row = (title: string, value: string): readonly string[] =>
    value === '' ? [] : [`${title.padEnd(10)} ${value}`];
  const lines = [
    `${id}: ${action} ${target.namespace}/${target.pod}, ${[state, reason].join(' ').trim()}`,
    ...row('pod uid', target.podUid),
    ...row('node', target.node),
    ...row('workload', target.workload),
    ...row('process', target.process === null
      ? ''
      : `${target.process.pid} ${target.process.name}, seen ${target.process.observedAt}`),
    ...row('detail', detail),
    ...row('why', response.why),
    ...row('proposed', `${time(response.proposedAtMs)} by ${response.proposedBy}`),
    ...row('approved', response.approvals.join(', ')),
    ...row('policy', [response.policyHash, response.rule].filter(Boolean).join(' rule ')),
    ...row('incident', response.incidentId),
    ...row('expires', state === 'proposed' ? time(response.expiresAtMs) : ''),
    ...row('reverses', response.reverses),
    ...warnings.flatMap((warning) => row('warning', warning)),
    ...plan.map((step, index) => `${index === 0 ? 'plan      ' : '          '} ${index + 1}. ${step}`),
    ...evidence.map(({ name, bytes, sha256, problem }, index) =>
      `${index === 0 ? 'evidence  ' : '          '} ${name}: ${problem === ''
        ? `${bytes} bytes, sha256 ${sha256}`
        : problem}`),
  ];
  return lines.map((line) => `${escapeText(line)}\n`).join('');
}
