import Type from 'typebox';

import { alertKinds, severities } from '../../baseline/alert.ts';
import { changeKinds } from '../store/faces.ts';

/** What requests may say; anything else is 400 with the place that is wrong. */
const oneOf = <T extends string>(values: readonly T[]) => Type.Unsafe<T>(Type.Enum([...values]));
const name = Type.String({ minLength: 1, maxLength: 1_024 });
const closed = { additionalProperties: false } as const;

export const page = {
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 100 }),
  cursor: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
};

export const alertsQuery = Type.Object({
  ...page,
  severity: Type.Optional(oneOf(severities)),
  namespace: Type.Optional(name),
  image: Type.Optional(name),
  kind: Type.Optional(oneOf(alertKinds)),
  technique: Type.Optional(Type.String({ pattern: '^T\\d{4}(\\.\\d{3})?$' })),
  node: Type.Optional(name),
  incident: Type.Optional(name),
}, closed);

export const incidentsQuery = Type.Object({
  ...page,
  state: Type.Optional(oneOf(['open', 'closed'] as const)),
  namespace: Type.Optional(name),
}, closed);

export const gapsQuery = Type.Object({ ...page, node: Type.Optional(name) }, closed);
export const pageQuery = Type.Object(page, closed);

export const idParams = Type.Object({ id: name }, closed);

export const streamQuery = Type.Object({
  /** Comma-separated; absent for all. */
  kinds: Type.Optional(Type.String({ pattern: `^(${changeKinds.join('|')})(,(${
    changeKinds.join('|')}))*$` })),
  after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
}, closed);
