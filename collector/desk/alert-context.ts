import type { Alert } from '../../baseline/alert.ts';
import { LEARNED_CHANNELS } from '../../baseline/profile/image-profile.ts';
import type { Clock } from '../clock.ts';
import { subjectOf } from '../profiles/alert-subject.ts';
import type { StoredDocument } from '../profiles/profile-book.ts';
import { profileId } from '../profiles/profile-id.ts';
import { behavioursIn } from '../profiles/profile-view.ts';
import type { AgentStore, AlertRow } from '../store/faces.ts';
import type { DeskStore, Scope } from '../store/desk-face.ts';
import { normalFor } from './known-behaviours.ts';
import type { Known, Normal } from './known-behaviours.ts';
import { processTree } from './process-tree.ts';
import type { ProcessNode } from './process-tree.ts';

/**
 * What stands around an alert: who started whom, what would have been normal, who else did the
 * same, and what the pod did just before. Bounds: the profile is read once per revision
 * (`PROFILES_KEPT`), looking for others stops after `SCANS` stretches of the list (the answer says
 * so), and a person sees of it what is in their namespaces.
 */
const PROFILES_KEPT = 16;
const BEHAVIOURS_SHOWN = 16;
const SAME_BEHAVIOURS_MAX = 3;
const SCANS = 2;
const SAME_ALERTS_MAX = 200;
const SAME_PODS_MAX = 100;
const ALERTS_OF_POD = 100;
const BEFORE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What is longer is cut off where it is stored. */
const NEEDLE_CHARACTERS_MAX = 200;

export type AlertContext = {
  readonly process: readonly ProcessNode[];
  readonly normal: readonly Normal[];
  readonly profileId: string | null;
  readonly sameBehaviour: SameBehaviour;
  readonly minuteBefore: readonly AlertRow[];
};

type SameBehaviour = {
  readonly days: number;
  readonly pods: readonly PodThatDid[];
  readonly images: readonly string[];
  readonly alerts: number;
  readonly isPartial: boolean;
};

type PodThatDid = Pick<Alert, 'cluster' | 'namespace' | 'pod' | 'node' | 'lastTime'> & {
  readonly image: string;
  readonly alerts: number;
  readonly lastAlertId: string;
};

export type AlertContextsOptions = {
  readonly store: Pick<DeskStore, 'pageAlerts'> & Pick<AgentStore, 'listAgents'>;
  readonly profiles: { readDocument(key: string): Promise<StoredDocument | undefined> };
  readonly clock: Clock;
};

type KeptProfile = { readonly revision: number; readonly known: readonly Known[] };

export class AlertContexts {
  readonly #options: AlertContextsOptions;
  readonly #kept = new Map<string, KeptProfile>();

  constructor(options: AlertContextsOptions) {
    this.#options = options;
  }

  async of(row: AlertRow, scope: Scope, days: number): Promise<AlertContext> {
    const { alert } = row;
    const ofPod = await this.#ofPod(row, scope);
    const key = await this.#profileKey(alert);
    const known = key === undefined ? undefined : await this.#known(key);
    return {
      process: processTree([alert, ...ofPod.filter((one) => isSameContainer(one.alert, alert))
        .map((one) => one.alert)]),
      normal: known === undefined ? [] : alert.behaviours.slice(0, BEHAVIOURS_SHOWN)
        .map((behaviour) => normalFor(behaviour, known.filter((one) =>
          one.channel === behaviour.channel))),
      profileId: key === undefined || known === undefined ? null : profileId(key),
      sameBehaviour: await this.#same(alert, scope, days),
      minuteBefore: ofPod.filter((one) => isJustBefore(one.alert, alert)),
    };
  }

  async #ofPod({ alert }: AlertRow, scope: Scope): Promise<readonly AlertRow[]> {
    if (alert.pod === '') return [];
    const { pod, namespace } = alert;
    const search = { scope, pod, namespace, handling: 'all' } as const;
    const found = await this.#options.store
      .pageAlerts(search, { limit: ALERTS_OF_POD, scansMax: SCANS });
    return found.rows.filter((row) => row.alert.id !== alert.id &&
      row.alert.podUid === alert.podUid);
  }

  async #profileKey(alert: Alert): Promise<string | undefined> {
    if (alert.kind === 'sensor') return undefined;
    const agents = await this.#options.store.listAgents();
    const agent = agents.find(({ cluster, node }) =>
      cluster === alert.cluster && node === alert.node);
    const reported = (agent?.heartbeat?.images ?? []).map(({ profileKey }) => profileKey);
    return subjectOf(alert, reported).profileKey;
  }

  async #known(key: string): Promise<readonly Known[] | undefined> {
    const found = await this.#options.profiles.readDocument(key);
    if (found === undefined) return undefined;
    const kept = this.#kept.get(key);
    if (kept?.revision === found.profile.revision) return kept.known;
    const known = LEARNED_CHANNELS.flatMap((channel) =>
      behavioursIn(found.document, channel, { rulingOn: () => null })
        .map(({ value, pods, firstTime, lastTime }) =>
          ({ channel, value, pods, firstTime, lastTime })));
    this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= PROFILES_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(key, { revision: found.profile.revision, known });
    return known;
  }

  async #same(alert: Alert, scope: Scope, days: number): Promise<SameBehaviour> {
    const { store, clock } = this.#options;
    const worst = alert.behaviours.toSorted((a, b) => b.score - a.score)
      .slice(0, SAME_BEHAVIOURS_MAX);
    const found = new Map<string, AlertRow>();
    let isPartial = false;
    for (const { channel, value } of worst) {
      const search = {
        scope,
        q: value.slice(0, NEEDLE_CHARACTERS_MAX),
        fromMs: clock.now() - days * DAY_MS,
        handling: 'all',
      } as const;
      const page = { limit: SAME_ALERTS_MAX, scansMax: SCANS };
      const { rows, next } = await store.pageAlerts(search, page);
      isPartial ||= next !== undefined;
      const image = alert.image.repository;
      const ofImage = image === '' || next === undefined
        ? { rows: [] }
        : await store.pageAlerts({ ...search, image }, page);
      for (const row of [...rows, ...ofImage.rows]) {
        const did = row.alert.behaviours.some((one) =>
          one.channel === channel && one.value === value);
        if (did && row.alert.id !== alert.id) found.set(row.alert.id, row);
      }
    }
    return { days, isPartial, ...summary([...found.values()]) };
  }
}

function summary(
  rows: readonly AlertRow[],
): Pick<SameBehaviour, 'pods' | 'images' | 'alerts'> {
  const newestFirst = rows.toSorted((a, b) => b.number - a.number);
  const pods = new Map<string, PodThatDid>();
  for (const { alert } of newestFirst) {
    const { cluster, namespace, pod, node, lastTime } = alert;
    const key = JSON.stringify([cluster, namespace, pod, node]);
    const known = pods.get(key);
    pods.set(key, known === undefined
      ? { cluster, namespace, pod, node, lastTime, image: alert.image.repository, alerts: 1,
        lastAlertId: alert.id }
      : { ...known, alerts: known.alerts + 1 });
  }
  const images = new Set(newestFirst.map(({ alert }) => alert.image.repository));
  images.delete('');
  return {
    pods: [...pods.values()].slice(0, SAME_PODS_MAX),
    images: [...images],
    alerts: rows.length,
  };
}

const isSameContainer = (left: Alert, right: Alert): boolean =>
  left.containerId === right.containerId;

function isJustBefore(other: Alert, alert: Alert): boolean {
  const before = Date.parse(alert.firstTime) - Date.parse(other.lastTime);
  return before >= 0 && before <= BEFORE_MS;
}
