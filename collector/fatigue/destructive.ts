import type { Alert, AlertBehaviour } from '../../baseline/alert.ts';
import type { InnateName } from '../../baseline/judge/innate.ts';
import { escalatedResponseId } from '../respond/escalation.ts';

/**
 * What must stay loud. An agent names a behaviour of the never-learn list by the list's own word
 * before a colon (`dropped-exec: exec /tmp/x …`); all others begin with a verb and a space, so that
 * no path or argument can look like one, nor hide one.
 */
const NEVER_LEARNED: ReadonlySet<string> = new Set(Object.keys({
  'memfd-exec': true,
  'dropped-exec': true,
  'shell-on-socket': true,
  'autostart-write': true,
  'binary-write': true,
  'token-read': true,
  'credential-read': true,
  'process-memory': true,
  'metadata-service': true,
  'kernel-module': true,
  'namespace-escape': true,
  'process-injection': true,
  'history-removed': true,
  'kernel-setting-write': true,
} satisfies Record<InnateName, true>));

export function isNeverLearned({ value }: Pick<AlertBehaviour, 'value'>): boolean {
  const colon = value.indexOf(': ');
  return colon > 0 && NEVER_LEARNED.has(value.slice(0, colon));
}

/** An alert that left behaviours out may show anything. */
export const isOnNeverLearnList = (alert: Alert): boolean =>
  alert.behavioursDropped > 0 || alert.behaviours.some(isNeverLearned);

/**
 * That a response did not help, and that a peer spoke as who it is not, is told by us, whatever
 * people silenced. An agent that takes such an id for its own alerts makes them louder.
 */
export const isOwnAlert = ({ id, kind }: Pick<Alert, 'id' | 'kind'>): boolean =>
  escalatedResponseId(id) !== undefined || (kind === 'sensor' && id.startsWith('link-'));

/** What a maintenance window does not quieten. */
export function isDestructive(alert: Alert, techniques: readonly string[]): boolean {
  return isOnNeverLearnList(alert) ||
    alert.behaviours.some(({ channel }) => channel === 'priv') ||
    alert.techniques.some((id) => techniques.some((wanted) => isWithin(id, wanted)));
}

/** T1059.004 is within T1059. */
export const isWithin = (technique: string, wanted: string): boolean =>
  technique === wanted || technique.startsWith(`${wanted}.`);
