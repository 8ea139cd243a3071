import { alertKinds, severities } from '../../../../baseline/alert.ts';
import type { AlertKind, Severity } from '../../../../baseline/alert.ts';
import type { AlertView } from '../../../../collector/api/contract/alert.ts';
import type { Query } from '../../data/api.ts';

/** What the list shows. It stands in the page's address, so that it can be sent to a colleague. */
export const handlings = ['shown', 'all', 'suppressed', 'maintenance', 'cooled'] as const;

export type Filters = {
  readonly severity: Severity | '';
  readonly kind: AlertKind | '';
  readonly handling: (typeof handlings)[number];
  readonly namespace: string;
  readonly image: string;
  readonly technique: string;
  readonly q: string;
};

export const NO_FILTERS: Filters = {
  severity: '',
  kind: '',
  handling: 'shown',
  namespace: '',
  image: '',
  technique: '',
  q: '',
};

const TECHNIQUE = /^T\d{4}(\.\d{3})?$/;
const SEARCH_CHARACTERS_MIN = 2;

export function readFilters(search: string): Filters {
  const given = new URLSearchParams(search);
  const text = (name: keyof Filters): string => given.get(name) ?? '';
  return {
    severity: severities.find((one) => one === text('severity')) ?? '',
    kind: alertKinds.find((one) => one === text('kind')) ?? '',
    handling: handlings.find((one) => one === text('handling')) ?? 'shown',
    namespace: text('namespace'),
    image: text('image'),
    technique: text('technique'),
    q: text('q'),
  };
}

export function searchOf(filters: Filters): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(filters)) {
    if (value !== '' && value !== 'shown') search.set(key, value);
  }
  return search.toString();
}

/** The same as the API's query. What is half typed is left out, not refused. */
export function queryOf(filters: Filters): Query {
  const { severity, kind, handling, namespace, image, technique, q } = filters;
  return {
    severity: severity || undefined,
    kind: kind || undefined,
    handling: handling === 'shown' ? undefined : handling,
    namespace: namespace.trim() || undefined,
    image: image.trim() || undefined,
    technique: TECHNIQUE.test(technique.trim()) ? technique.trim() : undefined,
    q: q.trim().length >= SEARCH_CHARACTERS_MIN ? q.trim() : undefined,
  };
}

const rankOf = (severity: Severity): number => severities.indexOf(severity);

/** The same for what the stream brings; text is looked for in what a row shows and names. */
export function matcherOf(filters: Filters): (alert: AlertView) => boolean {
  const { severity, kind, handling, ...rest } = filters;
  const rank = severity === '' ? 0 : rankOf(severity);
  const namespace = rest.namespace.trim();
  const image = rest.image.trim();
  const technique = TECHNIQUE.test(rest.technique.trim()) ? rest.technique.trim() : '';
  const words = rest.q.trim().toLowerCase();
  const q = words.length >= SEARCH_CHARACTERS_MIN ? words : '';
  return (alert) =>
    rankOf(alert.severity) >= rank &&
    (kind === '' || alert.kind === kind) &&
    isHandled(alert, handling) &&
    (namespace === '' || alert.namespace === namespace) &&
    (image === '' || alert.image.repository === image) &&
    (technique === '' || alert.techniques.includes(technique)) &&
    (q === '' || textsOf(alert).some((text) => text.toLowerCase().includes(q)));
}

function isHandled(alert: AlertView, handling: Filters['handling']): boolean {
  switch (handling) {
    case 'all':
      return true;
    case 'shown':
      return alert.handling.kind !== 'suppressed';
    case 'suppressed':
    case 'maintenance':
    case 'cooled':
      return alert.handling.kind === handling;
  }
}

const textsOf = (alert: AlertView): readonly string[] => [
  alert.pod,
  alert.namespace,
  alert.node,
  alert.workload,
  alert.image.repository,
  alert.process.name,
  alert.process.exe,
  alert.process.commandLine,
  alert.reason.en,
  alert.reason.zh,
  ...alert.behaviours.map(({ value }) => value),
];

/** Which the page itself asks for, and the choice of the handling apart. */
export const isFiltered = (filters: Filters): boolean => searchOf(filters) !== '';
