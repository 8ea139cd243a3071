import Type from 'typebox';

import { severities } from '../../../baseline/alert.ts';
import { closed, oneOf, searchText, text, words } from './words.ts';

/** One box for everything; of each kind a handful, the newest first. */
export const searchQuery = Type.Object({
  q: searchText,
  /** Of each kind. */
  limit: Type.Integer({ minimum: 1, maximum: 20, default: 8 }),
}, closed);

export const searchAnswer = Type.Object({
  alerts: Type.Array(Type.Object({
    id: text,
    severity: oneOf(severities),
    namespace: text,
    pod: text,
    image: text,
    lastTime: text,
    reason: words,
    incidentId: text,
  }, closed)),
  incidents: Type.Array(Type.Object({
    id: text,
    severity: oneOf(severities),
    namespace: text,
    isOpen: Type.Boolean(),
    lastTime: text,
    title: words,
  }, closed)),
  images: Type.Array(Type.Object({
    profileId: text,
    profileKey: text,
    repository: text,
    tag: text,
  }, closed)),
  pods: Type.Array(Type.Object({ namespace: text, pod: text, node: text, image: text }, closed)),
  nodes: Type.Array(Type.Object({ cluster: text, node: text }, closed)),
  responses: Type.Array(Type.Object({
    id: text,
    action: text,
    state: text,
    namespace: text,
    pod: text,
  }, closed)),
  /** Looking back stopped at a bound: there may be more. */
  isPartial: Type.Boolean(),
}, closed);
export type SearchAnswer = Type.Static<typeof searchAnswer>;
