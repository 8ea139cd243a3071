import { severities } from '../../baseline/alert.ts';
import type { Severity } from '../../baseline/alert.ts';
import type { Scope } from '../store/desk-face.ts';
import { isInScope, touches } from '../incident/visibility.ts';
import type { Change } from '../store/faces.ts';
import type { ChangeKind } from './contract/stream.ts';
import { alertView, incidentView } from './views.ts';

/** What of the stream one reader gets. */
export type StreamFilter = {
  readonly kinds?: readonly ChangeKind[];
  readonly namespace?: string;
  /** Of alerts and incidents. */
  readonly severityMin?: Severity;
};

/**
 * The document as this reader sees it, or undefined. Gaps belong to a node and name nothing else:
 * that nobody watched is for everyone to know.
 */
export function documentFor(change: Change, scope: Scope, filter: StreamFilter): unknown {
  const { kinds, namespace } = filter;
  if (kinds?.includes(change.kind) === false) return undefined;
  const within = namespace === undefined
    ? scope
    : isInScope(scope, namespace) ? [namespace] : [];
  switch (change.kind) {
    case 'alert': {
      const alert = alertView(change.row);
      return isInScope(within, alert.namespace) && isGrave(alert.severity, filter)
        ? alert
        : undefined;
    }
    case 'incident': {
      const { document: incident, work } = change;
      return touches(within, incident) && isGrave(incident.severity, filter)
        ? incidentView({ incident, work }, scope)
        : undefined;
    }
    case 'response':
      return isInScope(within, change.document.target.namespace) ? change.document : undefined;
    case 'gap':
      return change.document;
  }
}

const isGrave = (severity: Severity, { severityMin }: StreamFilter): boolean =>
  severityMin === undefined || severities.indexOf(severity) >= severities.indexOf(severityMin);
