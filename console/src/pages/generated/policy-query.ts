import type { GeneratedKind } from '../../../../collector/api/contract/generate.ts';
import type { NetworkFormat } from '../../../../collector/api/contract/policies.ts';

/** Two of the kinds are made for a namespace and tried on its flows, three for one image. */
export const networkKinds: readonly NetworkFormat[] = ['kubernetes', 'cilium'];
export const imageKinds: readonly GeneratedKind[] = ['falco', 'seccomp', 'kubearmor'];
export type PolicyKind = NetworkFormat | GeneratedKind;
export const policyKinds: readonly PolicyKind[] = [...networkKinds, ...imageKinds];

export const dayChoices = ['1', '7', '30', '90'] as const;
export const USUAL_DAYS = '7';

export type PolicyForm = {
  readonly kind: PolicyKind;
  readonly namespace: string;
  readonly days: string;
  readonly incomplete: boolean;
  /** Id of a profile. */
  readonly profile: string;
};

export type PolicyQuestion =
  | {
    readonly of: 'namespace';
    readonly namespace: string;
    readonly format: NetworkFormat;
    readonly days: number;
    readonly incomplete: boolean;
  }
  | { readonly of: 'image'; readonly profile: string; readonly kind: GeneratedKind };

export const policyFormOf = (search: URLSearchParams): PolicyForm => ({
  kind: policyKinds.find((kind) => kind === search.get('kind')) ?? 'kubernetes',
  namespace: search.get('namespace') ?? '',
  days: dayChoices.find((days) => days === search.get('days')) ?? USUAL_DAYS,
  incomplete: search.get('incomplete') === '1',
  profile: search.get('profile') ?? '',
});

/** Null while something is missing. */
export function policyQuestionOf(form: PolicyForm): PolicyQuestion | null {
  const { days, incomplete, profile } = form;
  const namespace = form.namespace.trim();
  const format = networkKinds.find((kind) => kind === form.kind);
  const kind = imageKinds.find((one) => one === form.kind);
  if (format !== undefined) {
    return /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(namespace)
      ? { of: 'namespace', namespace, format, days: Number(days), incomplete }
      : null;
  }
  return kind !== undefined && profile !== '' ? { of: 'image', profile, kind } : null;
}

/** For the address of the page: what is usual is left out. */
export const valuesOf = (
  { kind, namespace, days, incomplete, profile }: PolicyForm,
): Readonly<Record<string, string>> => {
  const isNetwork = networkKinds.some((one) => one === kind);
  return {
    kind: kind === 'kubernetes' ? '' : kind,
    namespace: isNetwork ? namespace.trim() : '',
    days: isNetwork && days !== USUAL_DAYS ? days : '',
    incomplete: isNetwork && incomplete ? '1' : '',
    profile: isNetwork ? '' : profile,
  };
};

export function fileNameOf(subject: string, kind: PolicyKind): string {
  const name = subject.replaceAll(/[^\w.-]+/g, '-').slice(0, 100);
  return `${name}-${kind}.${kind === 'seccomp' ? 'json' : 'yaml'}`;
}
