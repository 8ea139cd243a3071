import { yamlComment, yamlDocuments } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import type { NetworkResult } from './network.ts';

/** What a person applies: the report as comments, the policies, the isolation as the last one. */
export function networkYaml(result: NetworkResult, namespace: string): string {
  const { policies, isolation } = result;
  const documents = [...policies, ...isolation === null ? [] : [isolation]];
  const note = isolation === null
    ? 'The namespace is not isolated: see what was left out.'
    : 'The last document isolates the namespace: apply it when the others have proven themselves.';
  return [
    yamlComment([`NetworkPolicies for namespace ${namespace}, from what was learned. ${note}`,
      ...reportLines(result)]),
    yamlDocuments(documents as unknown as readonly Value[]),
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
