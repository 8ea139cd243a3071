import { Counter, Gauge, Histogram, Registry } from 'prom-client';

import { alertKinds, severities } from '../baseline/alert.ts';
import type { DecisionKind } from '../baseline/profile/decisions.ts';
import { gapCauses } from '../proto/lanner/v1/frames.ts';
import { refusalReasons } from './access/refusals.ts';
import { AlertMetrics } from './alert-metrics.ts';
import type { RefusalReason } from './access/refusals.ts';
import type { FlowsKept } from './flows/flow-store.ts';
import type { IncidentEffect, NotifyReason } from './incident/correlate.ts';
import { handlingKinds } from './incident/handling.ts';
import type { Tally } from './incident/handling.ts';
import type { NoteRefusal } from './images/run-notes.ts';
import type { LinkEnd, LinkRefusal } from './link/agent-link.ts';
import type { Drop } from './link/listener.ts';
import { securityEventKinds } from './link/security-event.ts';
import type { SecurityEventKind } from './link/security-event.ts';
import type { NothingReason } from './policy/decide.ts';
import type { PolicyChange } from './policy/policy-file.ts';
import type { EvidenceRefusal } from './profiles/profile-book.ts';
import { escalations } from './respond/escalation.ts';
import type { Escalation } from './respond/escalation.ts';
import { finals } from './respond/execution.ts';
import { containments, responseReasons, reversals } from './respond/response.ts';
import type { Response } from './respond/response.ts';
import type { BatchOutcome } from './store/faces.ts';

/** What the collector tells Prometheus. All labels are closed sets: no pod, node or image names. */
export type Levels = {
  readonly links: () => number;
  readonly linkCertificateNotAfter: () => number;
  readonly incidentsOpen: () => number;
  readonly streamClients: () => number;
  readonly suppressionRules: () => number;
  readonly maintenanceWindows: () => number;
  /** 1 where this replica correlates and responds. */
  readonly isOurs: () => number;
};

export type ApiRefusal =
  | RefusalReason
  | 'invalid-request'
  | 'too-many-streams';

export class CollectorMetrics {
  readonly registry = new Registry();
  readonly #alerts = this.#counter('alerts_total', 'Alerts stored, new or grown', [
    'severity',
    'kind',
  ]);
  readonly #batches = this.#counter('batches_total', 'Batches of agents', ['outcome']);
  readonly #linksEnded = this.#counter('links_ended_total', 'Links that ended, by reason', [
    'reason',
  ]);
  readonly #refused = this.#counter('frames_refused_total', 'Frames refused, by reason', [
    'reason',
  ]);
  readonly #dropped = this.#counter(
    'connections_dropped_total',
    'Connections to the link that came to no stream',
    ['reason'],
  );
  readonly #security = this.#counter(
    'security_events_total',
    'Peers that spoke as who they are not',
    ['kind'],
  );
  readonly #reloads = this.#counter(
    'link_certificate_reloads_total',
    'Changes of the link’s certificate files',
    ['outcome'],
  );
  readonly #evidence = this.#counter('evidence_total', 'Profile documents received', ['outcome']);
  readonly #pushes = this.#counter('profile_pushes_total', 'Documents pushed to agents', [
    'document',
    'outcome',
  ]);
  readonly #profileDecisions = this.#counter(
    'profile_decisions_total',
    'What people decided about profiles',
    ['kind'],
  );
  readonly #gaps = this.#counter('gaps_total', 'Gaps in what the agents saw', ['cause']);
  readonly #notifications = this.#counter('incident_notifications_total', 'Incidents told', [
    'reason',
  ]);
  readonly #handled = this.#counter(
    'alerts_handled_total',
    'Alerts by how they were dealt with: raised (none), or told to nobody',
    ['handling'],
  );
  readonly #expired = this.#counter(
    'silences_expired_total',
    'Suppression rules and maintenance windows whose time was over',
    ['kind'],
  );
  readonly #incidentsClosed = this.#counter('incidents_closed_total', 'Incidents closed', [
    'reason',
  ]);
  readonly #origins = new AlertMetrics(this.registry);
  readonly #responses = this.#counter('responses_total', 'Responses that were carried out or not', [
    'action',
    'outcome',
  ]);
  readonly #responseReasons = this.#counter(
    'response_reasons_total',
    'Why responses were not begun (guardrails among them) or did not succeed',
    ['reason'],
  );
  readonly #responseSeconds = new Histogram({
    name: 'lanner_collector_response_seconds',
    help: 'From the begin of an execution to its verified effect',
    labelNames: ['action'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [this.registry],
  });
  readonly #decisions = this.#counter('policy_decisions_total', 'What the policy said', [
    'decision',
  ]);
  readonly #policyChanges = this.#counter('policy_changes_total', 'Policy files read', [
    'outcome',
  ]);
  readonly #policyValid = this.#gauge(
    'policy_valid',
    '0 while the policy file is invalid and the policy before it holds',
    [],
  );
  readonly #escalations = this.#counter(
    'response_escalations_total',
    'Responses that did not help, told as alerts',
    ['kind'],
  );
  readonly #anchors = this.#counter('audit_anchors_total', 'Heads of the audit written outside', [
    'outcome',
  ]);
  readonly #apiRefused = this.#counter('api_refused_total', 'API requests refused', ['reason']);
  readonly #agentsDropped = this.#counter(
    'agent_records_dropped_total',
    'Hellos and heartbeats that the store did not take',
    [],
  );
  readonly #imagesDropped = this.#counter(
    'image_reports_dropped_total',
    'What agents told of their images and is not recorded, by reason',
    ['reason'],
  );
  readonly #retained = this.#counter('retention_rows_total', 'Rows deleted by retention', []);
  readonly #flowsDeleted = this.#counter(
    'flows_deleted_total',
    'Flows deleted: old as wished (age), before that (bound), or unreadable (damaged)',
    ['reason'],
  );
  readonly #flowsJoined = this.#counter(
    'flows_joined_total',
    'Flows of minutes that were joined into hours',
    [],
  );
  readonly #acknowledged = new Histogram({
    name: 'lanner_collector_incident_acknowledge_seconds',
    help: 'From an incident’s opening to the first person who took note',
    buckets: [10, 30, 60, 300, 900, 1_800, 3_600, 14_400, 86_400],
    registers: [this.registry],
  });
  readonly #commit = new Histogram({
    name: 'lanner_collector_store_commit_seconds',
    help: 'Time of one store transaction with agents’ batches',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers: [this.registry],
  });

  constructor(version: string, levels: Levels) {
    for (const severity of severities) {
      for (const kind of alertKinds) this.#alerts.inc({ severity, kind }, 0);
    }
    this.#batches.inc({ outcome: 'committed' }, 0);
    this.#batches.inc({ outcome: 'duplicate' }, 0);
    for (const cause of gapCauses) this.#gaps.inc({ cause }, 0);
    for (const kind of escalations) this.#escalations.inc({ kind }, 0);
    this.#countFromZero();
    for (const reason of refusalReasons) this.#apiRefused.inc({ reason }, 0);
    this.#gauge('build_info', 'Version of this collector', ['version']).set({ version }, 1);
    for (const kind of securityEventKinds) this.#security.inc({ kind }, 0);
    this.#level('links', 'Open links', levels.links);
    this.#level(
      'link_certificate_not_after_seconds',
      'When the link’s certificate ends, in seconds since 1970; 0 without one',
      levels.linkCertificateNotAfter,
    );
    this.#level('incidents_open', 'Open incidents', levels.incidentsOpen);
    this.#level('leader', '1 where this replica correlates and responds', levels.isOurs);
    this.#level('suppression_rules', 'Suppression rules in force', levels.suppressionRules);
    this.#level(
      'maintenance_windows_active',
      'Maintenance windows that hold now',
      levels.maintenanceWindows,
    );
    for (const handling of handlingKinds) this.#handled.inc({ handling }, 0);
    for (const kind of ['suppression', 'maintenance']) this.#expired.inc({ kind }, 0);
    this.#level('stream_clients', 'Readers of the live stream', levels.streamClients);
  }

  /** A series that begins with its first event is one that `increase()` never sees. */
  #countFromZero(): void {
    for (const action of [...containments, ...reversals]) {
      for (const outcome of finals) this.#responses.inc({ action, outcome }, 0);
    }
    for (const reason of responseReasons) {
      if (reason !== '') this.#responseReasons.inc({ reason }, 0);
    }
    const end: LinkEnd = 'store';
    this.#linksEnded.inc({ reason: end }, 0);
    for (const outcome of ['loaded', 'refused'] as const) this.#policyChanges.inc({ outcome }, 0);
    for (const outcome of ['written', 'failed']) this.#anchors.inc({ outcome }, 0);
    for (const reason of ['age', 'bound', 'damaged']) this.#flowsDeleted.inc({ reason }, 0);
  }

  readonly batch = ({ duplicate, stored, gaps }: BatchOutcome): void => {
    this.#batches.inc({ outcome: duplicate ? 'duplicate' : 'committed' });
    for (const alert of stored) {
      this.#alerts.inc({ severity: alert.severity, kind: alert.kind });
      this.#origins.count(alert);
    }
    for (const { cause } of gaps) this.#gaps.inc({ cause });
  };

  readonly commitSeconds = (seconds: number): void => this.#commit.observe(seconds);
  readonly linkEnded = (reason: LinkEnd): void => this.#linksEnded.inc({ reason });
  readonly connectionDropped = (reason: Drop): void => this.#dropped.inc({ reason });
  readonly securityEvent = (kind: SecurityEventKind): void => this.#security.inc({ kind });
  readonly certificateReload = (outcome: 'used' | 'unusable'): void =>
    this.#reloads.inc({ outcome });
  readonly frameRefused = (reason: LinkRefusal): void => this.#refused.inc({ reason });
  readonly evidence = (outcome: EvidenceRefusal | 'merged' | 'unchanged' | 'unreadable'): void =>
    this.#evidence.inc({ outcome });
  readonly push = (document: 'profile' | 'decisions', isSent: boolean): void =>
    this.#pushes.inc({ document, outcome: isSent ? 'sent' : 'skipped' });
  readonly profileDecided = (kind: DecisionKind | 'undo'): void =>
    this.#profileDecisions.inc({ kind });
  readonly decided = (decision: NothingReason | 'propose' | 'act' | 'other-cluster'): void =>
    this.#decisions.inc({ decision });
  readonly policyChanged = (outcome: PolicyChange['kind']): void => {
    this.#policyChanges.inc({ outcome });
    this.#policyValid.set(outcome === 'loaded' ? 1 : 0);
  };
  readonly escalated = (kind: Escalation): void => this.#escalations.inc({ kind });
  readonly anchored = (isWritten: boolean): void =>
    this.#anchors.inc({ outcome: isWritten ? 'written' : 'failed' });
  readonly apiRefused = (reason: ApiRefusal): void => this.#apiRefused.inc({ reason });
  readonly acknowledged = (seconds: number): void => this.#acknowledged.observe(seconds);
  readonly agentsDropped = (agents: number): void => this.#agentsDropped.inc(agents);
  readonly imagesDropped = (reason: NoteRefusal, count: number): void =>
    this.#imagesDropped.inc({ reason }, count);
  readonly retained = (rows: number): void => this.#retained.inc(rows);
  readonly flowsKept = ({ deletedByAge, deletedByBound, damaged, joined }: FlowsKept): void => {
    this.#flowsDeleted.inc({ reason: 'age' }, deletedByAge);
    this.#flowsDeleted.inc({ reason: 'bound' }, deletedByBound);
    this.#flowsDeleted.inc({ reason: 'damaged' }, damaged);
    this.#flowsJoined.inc(joined);
  };

  readonly responseFinished = (response: Response): void => {
    const { action, state, reason, executedAtMs, updatedAtMs } = response;
    this.#responses.inc({ action, outcome: state });
    if (reason !== '') this.#responseReasons.inc({ reason });
    if (state !== 'verified' || executedAtMs === 0) return;
    this.#responseSeconds.observe({ action }, Math.max(0, updatedAtMs - executedAtMs) / 1_000);
  };

  /** An alert that a later revision deals with in another way counts for both. */
  readonly alertsHandled = (tallies: readonly Tally[]): void => {
    for (const { handling, change } of tallies) {
      if (change > 0) this.#handled.inc({ handling }, change);
    }
  };
  readonly silenceExpired = (kind: 'suppression' | 'maintenance', count: number): void =>
    this.#expired.inc({ kind }, count);

  readonly incidentEffects = (effects: readonly IncidentEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'notify') this.#notified(effect.reason);
      if (effect.kind === 'closed') this.#incidentsClosed.inc({ reason: effect.because });
    }
  };

  #notified(reason: NotifyReason): void {
    this.#notifications.inc({ reason });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter {
    return new Counter({
      name: `lanner_collector_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }

  #gauge(name: string, help: string, labelNames: readonly string[]): Gauge {
    return new Gauge({
      name: `lanner_collector_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [this.registry],
    });
  }

  #level(name: string, help: string, read: () => number): void {
    new Gauge({
      name: `lanner_collector_${name}`,
      help,
      registers: [this.registry],
      collect() {
        this.set(read());
      },
    });
  }
}
