import type { PersonProposal } from '../respond/responder.ts';
import { behavioursOf, targetOf } from '../respond/target.ts';
import type { Store } from '../store/faces.ts';
import { ApiError, notFound } from './errors.ts';

/** Which pod a proposal means: that of an alert, or one that is named in full. */
type Subject = Pick<PersonProposal, 'target' | 'alertId' | 'incidentId' | 'behaviours'>;

type Named = {
  readonly namespace: string;
  readonly pod: string;
  readonly podUid: string;
  readonly cluster?: string;
  readonly node?: string;
};

export async function subjectOf(
  store: Store,
  body: { readonly alertId?: string; readonly target?: Named },
): Promise<Subject> {
  if ((body.alertId === undefined) === (body.target === undefined)) {
    throw new ApiError(400, 'invalid-request', 'either alertId or target names the pod');
  }
  if (body.target !== undefined) return named(store, body.target);
  const row = await store.readAlert(body.alertId ?? '');
  if (row === undefined) return notFound('alert');
  const { alert, incidentId } = row;
  const target = targetOf(alert);
  if (target === undefined) {
    throw new ApiError(422, 'no-pod', 'the alert names no Kubernetes pod');
  }
  return { target, alertId: alert.id, incidentId, behaviours: behavioursOf(alert) };
}

/** Agents are named by cluster and node; most collectors know one cluster. */
async function named(store: Store, target: Named): Promise<Subject> {
  const clusters = new Set((await store.listAgents()).map(({ cluster }) => cluster));
  const [only = ''] = clusters.size === 1 ? clusters : [];
  return {
    target: {
      node: '',
      ...target,
      cluster: target.cluster ?? only,
      containerId: '',
      workload: '',
      process: null,
    },
    alertId: '',
    incidentId: '',
    behaviours: [],
  };
}
