import Type from 'typebox';

import { severities } from '../../../baseline/alert.ts';
import type { Response } from '../../respond/response.ts';
import type { AlertView } from './alert.ts';
import type { IncidentView } from './incident.ts';
import { closed, name, oneOf } from './words.ts';

/**
 * The live stream (server-sent events). Every event but `reset` has an id; a reader that comes back
 * with it in `Last-Event-ID` (browsers do) or in `after` misses nothing and gets nothing twice.
 * A record that changed again is sent again, whole: keep the newest by its id.
 */
export const changeKinds = ['alert', 'incident', 'response', 'gap'] as const;
export type ChangeKind = (typeof changeKinds)[number];

const kinds = changeKinds.join('|');

export const streamQuery = Type.Object({
  /** Comma-separated; absent for all. */
  kinds: Type.Optional(Type.String({ pattern: `^(${kinds})(,(${kinds}))*$` })),
  /** Where to go on; absent for from now on, 0 for from the beginning. */
  after: Type.Optional(Type.String({ pattern: '^[0-9]{1,15}$' })),
  namespace: Type.Optional(name),
  /** At least this; of alerts and incidents. */
  severity: Type.Optional(oneOf(severities)),
}, closed);

export type GapEvent = {
  readonly cluster: string;
  readonly node: string;
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly eventsEstimate: number;
};

export type StreamEvent =
  | { readonly event: 'alert'; readonly id: string; readonly data: AlertView }
  | { readonly event: 'incident'; readonly id: string; readonly data: IncidentView }
  | { readonly event: 'response'; readonly id: string; readonly data: Response }
  | { readonly event: 'gap'; readonly id: string; readonly data: GapEvent }
  /** Nothing for this reader up to here: only where to go on. */
  | { readonly event: 'position'; readonly id: string; readonly data: Record<string, never> }
  /** The store is another one: what the reader holds is void, all of it follows anew. */
  | { readonly event: 'reset'; readonly data: Record<string, never> };
