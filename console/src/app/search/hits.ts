import type { SearchAnswer } from '../../../../collector/api/contract/search.ts';
import { addressOf } from '../../data/api.ts';
import type { Language } from '../../words/language.ts';

/** What was found, each with where it leads; pages that are called so come first. */
export const hitGroups = ['pages', 'incidents', 'alerts', 'images', 'pods', 'nodes', 'responses'] as
  const;
export type HitGroup = (typeof hitGroups)[number];

export type Hit = {
  readonly group: HitGroup;
  readonly key: string;
  readonly href: string;
  readonly text: string;
  /** Where it is. */
  readonly detail: string;
};

export type NamedPage = { readonly path: string; readonly name: string };

/** As the API looks for text: as it is written, without regard to the case of its letters. */
export const pagesFor = (pages: readonly NamedPage[], text: string): readonly Hit[] =>
  pages
    .filter(({ name }) => name.toLowerCase().includes(text.trim().toLowerCase()))
    .map(({ path, name }) =>
      ({ group: 'pages', key: path, href: path, text: name, detail: '' }));

export function hitsOf(answer: SearchAnswer, language: Language): readonly Hit[] {
  const { incidents, alerts, images, pods, nodes, responses } = answer;
  const id = encodeURIComponent;
  return [
    ...incidents.map((one): Hit => ({
      group: 'incidents', key: one.id, href: `/incidents/${id(one.id)}`, text: one.title[language],
      detail: one.namespace,
    })),
    ...alerts.map((one): Hit => ({
      group: 'alerts',
      key: one.id,
      href: one.incidentId === '' ? `/alerts/${id(one.id)}`
        : addressOf(`/incidents/${id(one.incidentId)}`, { alert: one.id }),
      text: one.reason[language],
      detail: placeOf(one),
    })),
    ...images.map((one): Hit => ({
      group: 'images', key: one.profileKey, href: `/images/${id(one.profileId)}`,
      text: one.tag === '' ? one.repository : `${one.repository}:${one.tag}`, detail: '',
    })),
    ...pods.map((one): Hit => ({
      group: 'pods', key: `${one.namespace}/${one.pod}/${one.node}`,
      href: addressOf('/live', { namespace: one.namespace, q: one.pod, handling: 'all' }),
      text: placeOf(one), detail: one.node,
    })),
    ...nodes.map((one): Hit => ({
      group: 'nodes', key: `${one.cluster}/${one.node}`, href: addressOf('/fleet', { q: one.node }),
      text: one.node, detail: one.cluster,
    })),
    ...responses.map((one): Hit => ({
      group: 'responses', key: one.id, href: `/responses/${id(one.id)}`,
      text: `${one.action} ${placeOf(one)}`, detail: one.state,
    })),
  ];
}

const placeOf = (
  { namespace, pod }: { readonly namespace: string; readonly pod: string },
): string => (namespace === '' ? pod : `${namespace}/${pod}`);

/** Where an arrow leads from here; -1 is nothing chosen yet. Past an end is the other end. */
export function moved(from: number, key: string, count: number): number | null {
  if (count === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return (from + 1) % count;
    case 'ArrowUp':
      return from <= 0 ? count - 1 : from - 1;
    case 'PageDown':
      return count - 1;
    case 'PageUp':
      return 0;
    default:
      return null;
  }
}
