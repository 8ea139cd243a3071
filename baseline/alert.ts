/**
 * What leaves the node: findings of one pod that belong to one episode, folded into one alert.
 * The same alert is sent again with a higher `revision` while its episode grows; the store keeps
 * the highest revision of each id. All times are RFC 3339 in UTC with nine digits, so that nothing
 * is rounded and text order is time order.
 */

export const severities = ['informational', 'low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/**
 * - `anomaly`: outside the image's profile (or on the never-learn list)
 * - `rule`: one of Falco's own rules matched while the profile was still learning
 * - `session`: an operator's session (`kubectl exec`), told once
 * - `upgrade`: what the pods of a new image version share and its predecessor never did
 * - `sensor`: Falco or the agent lost events, died or fell silent
 */
export const alertKinds = ['anomaly', 'rule', 'session', 'upgrade', 'sensor'] as const;
export type AlertKind = (typeof alertKinds)[number];

export const channels = [
  'exec',
  'net',
  'priv',
  'file-write',
  'file-read',
  'file-change',
  'rate',
  'rule',
] as const;
export type Channel = (typeof channels)[number];

export type Words = { readonly en: string; readonly zh: string };

export type AlertProcess = {
  readonly pid: number;
  readonly name: string;
  readonly exe: string;
  /** Redacted: no password, token or connection string leaves the node. */
  readonly commandLine: string;
  readonly uid: number;
  /** Parent first, then further up. */
  readonly ancestry: readonly string[];
};

export type AlertBehaviour = {
  readonly channel: Channel;
  /** In general terms, e.g. `exec /usr/bin/bash ← gunicorn`. */
  readonly value: string;
  readonly time: string;
  readonly count: number;
  readonly score: number;
  readonly techniques: readonly string[];
  readonly reason: Words;
  readonly process: AlertProcess;
  /** Falco's fields of the first event of this behaviour, redacted and bounded. */
  readonly fields: Readonly<Record<string, string>>;
};

export const profileStates = ['learning', 'complete', 'never-complete'] as const;
export type ProfileState = (typeof profileStates)[number];

export type AlertProfile = {
  readonly state: ProfileState;
  /** Share of the image's normal behaviour that is known, 0 to 1. */
  readonly coverage: number;
  readonly observations: number;
  readonly pods: number;
};

export type ScorePart = { readonly name: string; readonly value: number };

export type Alert = {
  readonly id: string;
  readonly revision: number;
  readonly kind: AlertKind;
  readonly severity: Severity;
  readonly cluster: string;
  readonly node: string;
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly workload: string;
  readonly containerId: string;
  readonly containerName: string;
  readonly image: { readonly repository: string; readonly tag: string; readonly digest: string };
  readonly process: AlertProcess;
  /** In order of first appearance, at most `ALERT_BEHAVIOURS_MAX`. */
  readonly behaviours: readonly AlertBehaviour[];
  readonly behavioursDropped: number;
  readonly profile: AlertProfile;
  /** 0 to 100; what it is made of is in `scoreParts`. */
  readonly score: number;
  readonly scoreParts: readonly ScorePart[];
  /** MITRE ATT&CK ids, sorted. */
  readonly techniques: readonly string[];
  readonly firstTime: string;
  readonly lastTime: string;
  readonly count: number;
  readonly reason: Words;
};

export const ALERT_BEHAVIOURS_MAX = 32;
