import type { LabelSelector } from '../kube/kube.ts';

export const ISOLATED_LABEL = 'lanner.dev/isolated';
export const SUSPECT_LABEL = 'lanner.dev/suspect';
export const SUSPECT_VALUE = 'true';
/** On a pod: the labels that isolation took off, as JSON, for the way back. */
export const DETACHED_ANNOTATION = 'lanner.dev/detached-labels';
/** On a pod or node: the response that marked it. */
export const RESPONSE_ANNOTATION = 'lanner.dev/response';

/** As JSON pointer: `/` in a key is written `~1`. */
const escaped = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');
export const labelPath = (label: string): string => `/metadata/labels/${escaped(label)}`;
export const annotationPath = (key: string): string => `/metadata/annotations/${escaped(key)}`;

export type Labels = Readonly<Record<string, string>>;

export function selects(selector: LabelSelector, labels: Labels): boolean {
  const has = (key: string): boolean => Object.hasOwn(labels, key);
  return Object.entries(selector.matchLabels)
    .every(([key, value]) => has(key) && labels[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const isIn = has(key) && values.includes(labels[key] ?? '');
      if (operator === 'In') return isIn;
      if (operator === 'NotIn') return !isIn;
      if (operator === 'Exists') return has(key);
      // An operator that is newer than this code: a warning too many is the safe side.
      return operator === 'DoesNotExist' ? !has(key) : true;
    });
}

/** The keys without which the selector would not select: those it asks to be there. */
export function keysOf(selector: LabelSelector): readonly string[] {
  return [
    ...Object.keys(selector.matchLabels),
    ...selector.matchExpressions
      .filter(({ operator }) => operator === 'In' || operator === 'Exists')
      .map(({ key }) => key),
  ];
}
