import type { Alert } from '../../baseline/alert.ts';
import type { Response } from './response.ts';

/**
 * What a person must hear of a response, told as an alert of the same pod: so it is in the incident,
 * on the live stream and in whatever listens there. Its id is made of what it says, so telling it
 * twice is telling it once, and the policy knows it as its own and does not decide on it again.
 */
export const escalations = ['not-effective', 'kill-loop'] as const;
export type Escalation = (typeof escalations)[number];

export type EscalationAlerts = {
  readAlert(id: string): Promise<{ readonly alert: Alert } | undefined>;
  /** Stores it; again with the same id changes nothing. */
  raise(alert: Alert): Promise<void>;
};

const PREFIX = 'alert-of-';
const DETAIL_CHARACTERS_MAX = 1_000;

const idOf = (response: Response, kind: Escalation): string => `${PREFIX}${response.id}.${kind}`;

/** The response that an alert would be about, were it one of ours; whoever asks looks it up. */
export function escalatedResponseId(alertId: string): string | undefined {
  if (!alertId.startsWith(PREFIX)) return undefined;
  const kind = escalations.find((one) => alertId.endsWith(`.${one}`));
  return kind === undefined ? undefined : alertId.slice(PREFIX.length, -kind.length - 1);
}

export function escalationAlert(
  response: Response,
  about: { readonly kind: Escalation; readonly detail: string; readonly nowMs: number },
  original: Alert | undefined,
): Alert {
  const { kind, nowMs } = about;
  const { target } = response;
  const detail = about.detail.slice(0, DETAIL_CHARACTERS_MAX).toWellFormed();
  const time = new Date(nowMs).toISOString().replace('Z', '000000Z');
  const process = original?.process ??
    { pid: 0, name: '', exe: '', commandLine: '', uid: 0, ancestry: [] };
  const reason = wordsOf(response, kind, detail);
  return {
    id: idOf(response, kind),
    revision: 1,
    kind: 'rule',
    severity: 'critical',
    cluster: target.cluster,
    node: target.node,
    namespace: target.namespace,
    pod: target.pod,
    podUid: target.podUid,
    workload: target.workload,
    containerId: target.containerId,
    containerName: original?.containerName ?? '',
    image: original?.image ?? { repository: '', tag: '', digest: '' },
    process,
    behaviours: [{
      channel: 'rule',
      value: `response ${response.action} ${kind}`,
      time,
      count: 1,
      score: 100,
      techniques: original?.techniques ?? [],
      reason,
      process,
      fields: {},
    }],
    behavioursDropped: 0,
    profile: original?.profile ??
      { state: 'never-complete', coverage: 0, observations: 0, pods: 0 },
    score: 100,
    scoreParts: [{ name: `response ${kind}`, value: 100 }],
    techniques: original?.techniques ?? [],
    firstTime: time,
    lastTime: time,
    count: 1,
    reason,
  };
}

function wordsOf({ action, id }: Response, kind: Escalation, detail: string): Alert['reason'] {
  switch (kind) {
    case 'not-effective':
      return {
        en: `${action} had no effect (${id}): the pod still did ${detail}`,
        zh: `${action} 未生效（${id}）：该 Pod 之后仍有活动 ${detail}`,
      };
    case 'kill-loop':
      return {
        en: `killing does not help (${id}): ${detail}`,
        zh: `反复终止无效（${id}）：${detail}`,
      };
  }
}
