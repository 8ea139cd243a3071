import type * as Client from '@kubernetes/client-node';
import Type from 'typebox';
import { Value } from 'typebox/value';

import { OBJECTS_MAX, ObjectReading, objectKinds } from './cluster-objects.ts';
import type { ClusterObjects, ObjectKind } from './cluster-objects.ts';
import type { KubeFailure, KubeOutcome } from './kube.ts';
import { ask } from './outcome.ts';
import type { Asking } from './outcome.ts';

/**
 * All pods, services, endpoint slices, nodes and namespaces of the cluster, page by page. Of each
 * object only what policies need is kept, page by page, so that what is held at once is one page
 * and the small rest. Bounds: `OBJECTS_MAX` objects; a page whose answer is too large is asked for
 * in halves. Half a list is none: the next pod's address would look like nobody's.
 */
export const LIST_PAGE_ITEMS = 250;

const PATHS: Readonly<Record<ObjectKind, string>> = {
  Pod: '/api/v1/pods',
  Service: '/api/v1/services',
  EndpointSlice: '/apis/discovery.k8s.io/v1/endpointslices',
  Node: '/api/v1/nodes',
  Namespace: '/api/v1/namespaces',
};

const listSchema = Type.Object({
  metadata: Type.Object({ continue: Type.Optional(Type.String()) }),
  items: Type.Union([Type.Array(Type.Unknown()), Type.Null()]),
});

export async function listObjects(asking: Asking): Promise<KubeOutcome<ClusterObjects>> {
  const reading = new ObjectReading();
  for (const kind of objectKinds) {
    const failure = await listKind(asking, kind, reading);
    if (failure !== undefined) return failure;
  }
  return { ok: true, value: reading };
}

async function listKind(
  asking: Asking,
  kind: ObjectKind,
  reading: ObjectReading,
): Promise<KubeFailure | undefined> {
  let limit = LIST_PAGE_ITEMS;
  let mayBeginAgain = true;
  let next = '';
  for (;;) {
    const from = next === '' ? {} : { continue: next };
    const query = new URLSearchParams({ limit: String(limit), ...from });
    const page = await ask(asking, async () => {
      try {
        return await asking.connection.getText(`${PATHS[kind]}?${query.toString()}`);
      } catch (error) {
        if (!isExpired(asking.client, error) || !mayBeginAgain) throw error;
        return 'expired';
      }
    });
    if (!page.ok) {
      if (page.reason !== 'too-large' || limit === 1) return page;
      limit = Math.ceil(limit / 2);
      continue;
    }
    if (page.value === 'expired') {
      mayBeginAgain = false;
      reading.forget(kind);
      next = '';
      continue;
    }
    const taken = takePage(page.value, kind, reading);
    if (!taken.ok) return taken.failure;
    next = taken.next;
    if (next === '') return undefined;
  }
}

/** What a list began with is no longer kept: it is begun once more. */
const isExpired = (client: typeof Client, error: unknown): boolean =>
  error instanceof client.ApiException && error.code === 410;

type Taken =
  | { readonly ok: true; readonly next: string }
  | { readonly ok: false; readonly failure: KubeFailure };

const failing = (reason: KubeFailure['reason'], message: string): Taken =>
  ({ ok: false, failure: { ok: false, reason, retryAfterMs: 0, message } });

function takePage(text: string, kind: ObjectKind, reading: ObjectReading): Taken {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return failing('unavailable', 'the answer is not the list that was asked for');
  }
  if (!Value.Check(listSchema, list)) {
    return failing('unavailable', 'the answer is not the list that was asked for');
  }
  for (const item of list.items ?? []) {
    const problem = reading.add(kind, item);
    if (problem !== undefined) return failing('unavailable', `${kind}${problem}`);
  }
  if (reading.count > OBJECTS_MAX) {
    return failing('too-large', `the cluster has more than ${OBJECTS_MAX} objects`);
  }
  return { ok: true, next: list.metadata.continue ?? '' };
}
