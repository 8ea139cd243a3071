import { channels } from '../../../../baseline/alert.ts';
import type { SuppressionMatchBody } from '../../../../collector/api/contract/suppression.ts';

/** What the form says, as the API takes it. The address can fill it: from an alert, say. */
export type SuppressionForm = {
  readonly namespace: string;
  readonly workload: string;
  readonly image: string;
  /** One a line. */
  readonly behaviours: string;
  /** Empty for any. */
  readonly channel: string;
  readonly techniques: string;
  readonly includesDestructive: boolean;
};

export const EMPTY_FORM: SuppressionForm = {
  namespace: '',
  workload: '',
  image: '',
  behaviours: '',
  channel: '',
  techniques: '',
  includesDestructive: false,
};

export type ReadMatch =
  | { readonly ok: true; readonly match: SuppressionMatchBody }
  | { readonly ok: false; readonly wrong: 'empty' | 'technique' };

const TECHNIQUE = /^T\d{4}(\.\d{3})?$/;

export function readMatch(form: SuppressionForm): ReadMatch {
  const { namespace, workload, image } = form;
  const behaviours = form.behaviours.split('\n').map((line) => line.trim()).filter(Boolean);
  const techniques = form.techniques.split(/[\s,]+/).filter(Boolean).map((id) => id.toUpperCase());
  if (!techniques.every((id) => TECHNIQUE.test(id))) return { ok: false, wrong: 'technique' };
  const channel = channels.find((one) => one === form.channel);
  const named = (key: 'namespace' | 'workload' | 'image', value: string) =>
    (value.trim() === '' ? {} : { [key]: value.trim() });
  const match: SuppressionMatchBody = {
    ...named('namespace', namespace),
    ...named('workload', workload),
    ...named('image', image),
    ...channel === undefined ? {} : { channels: [channel] },
    ...behaviours.length === 0 ? {} : {
      behaviours: behaviours.map((value) =>
        ({ kind: value.includes('*') ? 'glob' as const : 'exact' as const, value })),
    },
    ...techniques.length === 0 ? {} : { techniques },
  };
  // A channel alone is half of everything: the collector refuses it, too.
  const { channels: _, ...narrow } = match;
  return Object.keys(narrow).length === 0 ? { ok: false, wrong: 'empty' } : { ok: true, match };
}

export function formOf(search: URLSearchParams): SuppressionForm {
  return {
    ...EMPTY_FORM,
    namespace: search.get('namespace') ?? '',
    workload: search.get('workload') ?? '',
    image: search.get('image') ?? '',
    behaviours: search.getAll('behaviour').join('\n'),
  };
}

type Suppressible = {
  readonly namespace: string;
  readonly workload: string;
  readonly image: { readonly repository: string };
  readonly behaviours: readonly { readonly value: string }[];
};

/** A rule for alerts like this one: its place, and each of its behaviours by its name. */
export function formLike({ namespace, workload, image, behaviours }: Suppressible):
SuppressionForm {
  return {
    ...EMPTY_FORM,
    namespace,
    workload,
    image: image.repository,
    behaviours: [...new Set(behaviours.map(({ value }) => value))].join('\n'),
  };
}

/** A rule in a line: what it names, widest first. */
export function matchText(match: SuppressionMatchBody): string {
  const { cluster, namespace, workload, image, kinds, techniques } = match;
  return [
    cluster, namespace, workload, image,
    kinds?.join('/'), match.channels?.join('/'), techniques?.join('/'),
    match.behaviours?.map(({ value }) => value).join(' | '),
  ].filter((part) => part !== undefined && part !== '').join(' · ');
}
