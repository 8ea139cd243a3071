import type { FlowView } from '../../../../collector/api/contract/egress.ts';

/** How the ledger's rows are called; each comes from outside and goes through `Name`. */
export const applicationOf = (
  { namespace, workload, node }: Pick<FlowView, 'namespace' | 'workload' | 'node'>,
): string => {
  if (namespace === '') return `(${node})`;
  return workload === '' ? namespace : `${namespace}/${workload}`;
};

export const podOf = (
  { namespace, pod, node }: Pick<FlowView, 'namespace' | 'pod' | 'node'>,
): string => (pod === '' ? `(${node})` : `${namespace}/${pod}`);

export const imageNameOf = ({ repository, tag, digest }: FlowView['image']): string => {
  if (repository === '') return digest === '' ? '–' : digest;
  return tag === '' ? repository : `${repository}:${tag}`;
};

export const endTextOf = (address: string, port: number): string => {
  const shown = address.includes(':') ? `[${address}]` : address;
  return port < 0 ? shown : `${shown}:${port}`;
};
