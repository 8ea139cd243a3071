import type { AlertKind, Severity, Words } from '../../baseline/alert.ts';

/** Alerts that belong together, as stored and shown. Times are RFC 3339 as in the alerts. */
export type Incident = {
  readonly id: string;
  /** Grows with every change, so that the store never goes back. */
  readonly revision: number;
  readonly state: 'open' | 'closed';
  readonly closedBecause: '' | 'quiet' | 'merged' | 'capacity';
  /** Id of the incident that took this one's alerts over; empty unless merged. */
  readonly mergedInto: string;
  /** `pod`: one pod. `behaviour`: one behaviour on several pods of a workload or an image. */
  readonly scope: 'pod' | 'behaviour';
  /** The behaviour most pods share, e.g. `exec /bin/sh ← nginx`; empty for scope `pod`. */
  readonly sharedBehaviour: string;
  /** How many pods share it; absent in what earlier versions stored. */
  readonly sharedPods?: number;
  /** The same again within the cool-down: counted, and told to nobody. */
  readonly again?: Again;
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly imageRepository: string;
  readonly severity: Severity;
  readonly score: number;
  readonly title: Words;
  readonly firstTime: string;
  readonly lastTime: string;
  /** Of the collector's clock, in milliseconds: agents' clocks can be wrong. */
  readonly openedAtMs: number;
  readonly updatedAtMs: number;
  readonly notifiedAtMs: number;
  /** Distinct alerts, also those no longer in `alerts`. */
  readonly alertCount: number;
  /** Sum of the alerts' own counts. */
  readonly eventCount: number;
  readonly pods: readonly IncidentPod[];
  readonly podsDropped: number;
  readonly techniques: readonly string[];
  readonly alerts: readonly IncidentAlert[];
  readonly alertsDropped: number;
};

export type Again = {
  readonly alerts: number;
  /** Keys of the pods, at most `AGAIN_PODS_MAX`. */
  readonly pods: readonly string[];
  readonly lastTime: string;
};

export type IncidentPod = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly node: string;
};

/** What an incident keeps of an alert, enough to fold a later revision of it in. */
export type IncidentAlert = {
  readonly id: string;
  readonly revision: number;
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly score: number;
  readonly count: number;
  /** Names the pod, or the container where there is no pod. */
  readonly podKey: string;
  readonly firstTime: string;
  readonly lastTime: string;
  readonly reason: Words;
  readonly techniques: readonly string[];
  readonly imageRepository: string;
  /** Absent in what earlier versions stored. */
  readonly namespace?: string;
  readonly workload?: string;
  /** It repeats what was raised before; `alertCount` leaves it out, `again` counts it. */
  readonly isAgain?: boolean;
  /** `channel: value` of each behaviour, bounded. */
  readonly behaviours: readonly string[];
};
