import Type from 'typebox';

import { severities } from '../../../baseline/alert.ts';
import { handlingKinds } from '../../incident/handling.ts';
import { ended, glob, owner, reason } from './suppression.ts';
import { allOf, closed, count, oneOf, text, time, timeOrNone, words } from './words.ts';

/** Maintenance windows: what is raised there is at most informational, but for the destructive. */
const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
const WEEKLY_MINUTES_MAX = 6 * 24 * 60;

export const scope = Type.Object({
  cluster: Type.Optional(glob),
  namespace: Type.Optional(glob),
  workload: Type.Optional(glob),
  image: Type.Optional(glob),
  node: Type.Optional(glob),
}, closed);

const weekly = Type.Union([
  Type.Object({
    timeZone: Type.String({ minLength: 1, maxLength: 64, description: 'IANA: Asia/Shanghai.' }),
    weekday: oneOf(weekdays),
    start: Type.String({ pattern: '^([01]\\d|2[0-3]):[0-5]\\d$' }),
    minutes: Type.Integer({ minimum: 1, maximum: WEEKLY_MINUTES_MAX }),
  }, closed),
  Type.Null(),
]);

const fields = {
  label: Type.String({ pattern: '^[\\w][\\w.:/ -]{0,99}$' }),
  scope,
  fromTime: time,
  toTime: time,
  owner,
  reason,
};

export const windowBody = Type.Object({
  ...fields,
  weekly: Type.Optional(weekly),
}, closed);
export type WindowBody = Type.Static<typeof windowBody>;

export const maintenanceWindow = Type.Object({
  id: text,
  ...fields,
  weekly,
  createdBy: text,
  createdTime: time,
  /** `active`: it holds now. `waiting`: it will, or will again. */
  state: oneOf(['waiting', 'active', 'ended']),
  /** When the time that holds now is over; null while none does. */
  activeUntilTime: timeOrNone,
  ended,
}, closed);
export type MaintenanceWindowView = Type.Static<typeof maintenanceWindow>;

export const windowsQuery = Type.Object({ all: Type.Boolean({ default: false }) }, closed);
export const windowsAnswer = allOf(maintenanceWindow);

export const windowReport = Type.Object({
  window: maintenanceWindow,
  quietened: count,
  /** Raised all the same: destructive. */
  raised: count,
  suppressed: count,
  bySeverity: Type.Record(text, count),
  behaviours: Type.Array(Type.Object({ value: text, alerts: count }, closed)),
  /** So many of the newest alerts are counted above. */
  looked: count,
  alerts: Type.Array(Type.Object({
    id: text,
    time: text,
    /** As the agent judged it. */
    severity: oneOf(severities),
    handling: oneOf(handlingKinds),
    namespace: text,
    pod: text,
    image: text,
    reason: words,
  }, closed)),
}, closed);
export type WindowReportAnswer = Type.Static<typeof windowReport>;
