import { yamlComment, yamlDocuments } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import { ciliumOf } from './cilium.ts';
import type { NetworkAnswer } from './network-question.ts';
import type { NetworkResult } from './network.ts';

/** What a person applies: the report as comments, the policies, the isolation as the last one. */
export const networkYaml = (result: NetworkResult, namespace: string): string =>
  policiesYaml(result, namespace, { isCilium: false, lines: [] });

export type TextOptions = {
  readonly isCilium: boolean;
  /** Further lines of the report. */
  readonly lines: readonly string[];
};

export function policiesYaml(
  result: NetworkResult,
  namespace: string,
  { isCilium, lines }: TextOptions,
): string {
  const { policies, isolation } = result;
  const documents = [...policies, ...isolation === null ? [] : [isolation]];
  const note = isolation === null
    ? 'The namespace is not isolated: see what was left out.'
    : 'The last document isolates the namespace: apply it when the others have proven themselves.';
  return [
    yamlComment([
      `NetworkPolicies for namespace ${namespace}, from what was learned. ${note}`,
      ...lines,
      ...reportLines(result),
    ]),
    yamlDocuments(isCilium
      ? documents.map(ciliumOf)
      : documents as unknown as readonly Value[]),
  ].join('');
}

export function reportLines({ coverage, left }: NetworkResult): readonly string[] {
  return [
    ...coverage.map(({ workload, profile, coverage: share, isComplete }) =>
      `coverage: ${workload}: ${profile}: ${(share * 100).toFixed(0)} %, net channel ` +
      (isComplete ? 'complete' : 'still learned')),
    ...left.map(({ workload, reason, value }) => `left out: ${workload}: ${reason}: ${value}`),
  ];
}

/** The whole list of denials is in the report; a file needs the numbers and the worst of them. */
const DENIED_LINES_MAX = 20;

export function ledgerLines(answer: NetworkAnswer): readonly string[] {
  const { replay, fromMs, toMs, isWhole } = answer;
  const { connections, allowed, denied, deniedAsAttack, unjudged, groups } = replay;
  const rest = [...unjudged].map(([reason, count]) => `${count} ${reason}`).join(', ');
  return [
    `replay: ${timeText(fromMs)} to ${timeText(toMs)}${isWhole ? '' : ' (there is more before)'}: ` +
      `of ${connections} connections ${allowed} allowed, ${denied} denied, of those ` +
      `${deniedAsAttack} with an alert behind them; nothing can be said about: ${rest || 'none'}`,
    ...groups.slice(0, DENIED_LINES_MAX).map((one) => `would have denied: ${one.connections} × ` +
      `${one.pod} ${one.process} ${one.direction} ${one.address}:${one.port}/${one.protocol}` +
      `${one.peer === '' ? '' : ` (${one.peer})`}, ${timeText(one.firstMs)}, ` +
      `${one.cause === 'none' ? 'no alert' : one.cause}, flow ${one.flows.join(' ')}`),
  ];
}

const timeText = (ms: number): string => new Date(ms).toISOString();
