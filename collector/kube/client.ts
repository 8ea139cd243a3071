import type * as Client from '@kubernetes/client-node';

import { Connection } from './connection.ts';
import type { KubeOptions } from './connection.ts';
import type { ControllerRef, ControllerView, Kube, KubeOutcome, PatchOperation } from './kube.ts';
import { listObjects } from './object-lists.ts';
import { ask, mapOutcome } from './outcome.ts';
import type { Asking } from './outcome.ts';
import {
  controllerView,
  eventView,
  nodeView,
  podView,
  policyBody,
  policyView,
  serviceView,
  tokenReviewView,
} from './views.ts';

/**
 * `Kube` through @kubernetes/client-node, which is loaded when a cluster is configured: it would
 * cost a collector without one 60 MB. No other room knows the library.
 *
 * There is no watch: Lanner asks about single pods, and where network policies are wanted it lists
 * them now and then (`object-lists.ts`), because watches have gone silent and lists have not.
 */
const FIELD_MANAGER = 'lanner';
const PAGE_ITEMS = 500;
export const ITEMS_MAX = 5_000;
export const EVENTS_MAX = 200;

export async function connectKube(options: KubeOptions): Promise<Kube> {
  const client = await import('@kubernetes/client-node');
  const connection = new Connection(client, options);
  const asking: Asking = { client, connection };
  return {
    ...podCalls(asking),
    ...clusterCalls(asking),
    ...policyCalls(asking),
    readController: readController(asking),
    listObjects: () => listObjects(asking),
    close: () => connection.close(),
  };
}

type PodCalls = Pick<
  Kube,
  'readPod' | 'readPodManifest' | 'deletePod' | 'patchPod' | 'readPodLog' | 'listPodEvents'
>;

function podCalls(asking: Asking): PodCalls {
  const { client, connection } = asking;
  const core = new client.CoreV1Api(connection.configuration);
  const call = <T>(request: () => Promise<T>): Promise<KubeOutcome<T>> => ask(asking, request);
  return {
    readPod: async (ref) =>
      mapOutcome(await call(() => core.readNamespacedPod(ref)), podView),
    readPodManifest: (ref) =>
      call(async () => {
        // As it came: the library drops the fields that are newer than itself.
        const { body } = await core.readNamespacedPodWithHttpInfo(ref);
        return withoutManagedFields(await body.text());
      }),
    deletePod: async (ref, { uid, graceSeconds, dryRun }) =>
      mapOutcome(
        await call(() => core.deleteNamespacedPod({
          ...ref,
          body: {
            gracePeriodSeconds: graceSeconds,
            preconditions: { uid },
            // In the body: of a delete with a body the API server ignores the query, and a dry run
            // that is asked for there kills the pod.
            ...dryRun ? { dryRun: ['All'] } : {},
          },
        })),
        () => null,
      ),
    patchPod: async (ref, patch, { dryRun }) =>
      mapOutcome(
        await call(() => core.patchNamespacedPod(
          { ...ref, ...patchParameters(patch, dryRun) },
          jsonPatch(client),
        )),
        podView,
      ),
    readPodLog: async (ref, { container, previous, tailLines, bytesMax }) =>
      mapOutcome(
        await call(() => core.readNamespacedPodLog({
          ...ref,
          container,
          previous,
          tailLines,
          limitBytes: bytesMax,
          timestamps: true,
        })),
        (text) => ({ text: text.toWellFormed(), isFull: Buffer.byteLength(text) >= bytesMax }),
      ),
    listPodEvents: async ({ namespace, uid }) =>
      mapOutcome(
        await call(() => core.listNamespacedEvent({
          namespace,
          fieldSelector: `involvedObject.uid=${uid}`,
          limit: EVENTS_MAX,
        })),
        ({ items }) => items.map(eventView),
      ),
  };
}

type ClusterCalls = Pick<
  Kube,
  'listServices' | 'readNode' | 'patchNode' | 'setReplicas' | 'reviewToken'
>;

function clusterCalls(asking: Asking): ClusterCalls {
  const { client, connection } = asking;
  const core = new client.CoreV1Api(connection.configuration);
  const apps = new client.AppsV1Api(connection.configuration);
  const authentication = new client.AuthenticationV1Api(connection.configuration);
  const call = <T>(request: () => Promise<T>): Promise<KubeOutcome<T>> => ask(asking, request);
  return {
    listServices: (namespace) =>
      listAll(asking, (page) => core.listNamespacedService({ namespace, ...page }), serviceView),
    readNode: async (name) => mapOutcome(await call(() => core.readNode({ name })), nodeView),
    patchNode: async (name, patch, { dryRun }) =>
      mapOutcome(
        await call(() => core.patchNode(
          { name, ...patchParameters(patch, dryRun) },
          jsonPatch(client),
        )),
        nodeView,
      ),
    setReplicas: async ({ kind, namespace, name }, { uid, from, to, dryRun }) => {
      const body = patchParameters([
        { op: 'test', path: '/metadata/uid', value: uid },
        // The API server leaves out a zero, and a test of what is not there does not hold.
        ...from === 0 ? [] : [{ op: 'test', path: '/spec/replicas', value: from } as const],
        { op: 'add', path: '/spec/replicas', value: to },
      ], dryRun);
      const ref = { namespace, name, ...body };
      const scale = kind === 'Deployment'
        ? () => apps.patchNamespacedDeploymentScale(ref, jsonPatch(client))
        : () => apps.patchNamespacedStatefulSetScale(ref, jsonPatch(client));
      return mapOutcome(await call<unknown>(scale), () => null);
    },
    reviewToken: async (token, audiences) =>
      mapOutcome(
        await call(() => authentication.createTokenReview({
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token, audiences: [...audiences] },
          },
        })),
        tokenReviewView,
      ),
  };
}

type PolicyCalls = Pick<Kube, 'getNetworkPolicy' | 'createNetworkPolicy' | 'listNetworkPolicies'>;

function policyCalls(asking: Asking): PolicyCalls {
  const { client, connection } = asking;
  const networking = new client.NetworkingV1Api(connection.configuration);
  return {
    getNetworkPolicy: async (ref) =>
      mapOutcome(
        await ask(asking, () => networking.readNamespacedNetworkPolicy(ref)),
        policyView,
      ),
    createNetworkPolicy: async (policy, { dryRun }) =>
      mapOutcome(
        await ask(asking, () => networking.createNamespacedNetworkPolicy({
          namespace: policy.namespace,
          ...dryRunParameter(dryRun),
          fieldManager: FIELD_MANAGER,
          body: policyBody(policy),
        })),
        policyView,
      ),
    listNetworkPolicies: (namespace) =>
      listAll(
        asking,
        (page) => networking.listNamespacedNetworkPolicy({ namespace, ...page }),
        policyView,
      ),
  };
}

function readController(asking: Asking) {
  const { client, connection } = asking;
  const apps = new client.AppsV1Api(connection.configuration);
  const batch = new client.BatchV1Api(connection.configuration);
  const call = <T>(request: () => Promise<T>): Promise<KubeOutcome<T>> => ask(asking, request);
  return async ({ kind, namespace, name }: ControllerRef): Promise<KubeOutcome<ControllerView>> => {
    const ref = { namespace, name };
    switch (kind) {
      case 'ReplicaSet':
        return mapOutcome(
          await call(() => apps.readNamespacedReplicaSet(ref)),
          (object) => controllerView({ kind, object }),
        );
      case 'Deployment':
        return mapOutcome(
          await call(() => apps.readNamespacedDeployment(ref)),
          (object) => controllerView({ kind, object }),
        );
      case 'StatefulSet':
        return mapOutcome(
          await call(() => apps.readNamespacedStatefulSet(ref)),
          (object) => controllerView({ kind, object }),
        );
      case 'DaemonSet':
        return mapOutcome(
          await call(() => apps.readNamespacedDaemonSet(ref)),
          (object) => controllerView({ kind, object }),
        );
      case 'Job':
        return mapOutcome(
          await call(() => batch.readNamespacedJob(ref)),
          (object) => controllerView({ kind, object }),
        );
    }
  };
}

type Page = { readonly limit: number; readonly _continue?: string };
type List<T> = { readonly items: readonly T[]; readonly metadata?: Client.V1ListMeta };

/** A list whose rest has expired on the way (410) is begun once more. */
async function listAll<T, V>(
  asking: Asking,
  readPage: (page: Page) => Promise<List<T>>,
  view: (item: T) => V,
): Promise<KubeOutcome<readonly V[]>> {
  let items: V[] = [];
  let mayBeginAgain = true;
  let next = '';
  for (;;) {
    const page = await ask(asking, async () => {
      try {
        return await readPage({ limit: PAGE_ITEMS, ...next === '' ? {} : { _continue: next } });
      } catch (error) {
        const isExpired = error instanceof asking.client.ApiException && error.code === 410;
        if (!isExpired || !mayBeginAgain) throw error;
        return 'expired';
      }
    });
    if (page.ok && page.value === 'expired') {
      mayBeginAgain = false;
      items = [];
      next = '';
      continue;
    }
    const read = mapOutcome(page as KubeOutcome<List<T>>, (list) => ({
      views: list.items.map(view),
      rest: list.metadata?._continue ?? '',
    }));
    if (!read.ok) return read;
    items.push(...read.value.views);
    next = read.value.rest;
    if (next === '') return { ok: true, value: items };
    if (items.length >= ITEMS_MAX) {
      const message = `the list is above ${ITEMS_MAX} items`;
      return { ok: false, reason: 'too-large', retryAfterMs: 0, message };
    }
  }
}

const dryRunParameter = (dryRun: boolean) => (dryRun ? { dryRun: 'All' } : {});

const patchParameters = (patch: readonly PatchOperation[], dryRun: boolean) => ({
  ...dryRunParameter(dryRun),
  fieldManager: FIELD_MANAGER,
  body: patch as PatchOperation[],
});

const jsonPatch = (client: typeof Client) =>
  client.setHeaderOptions('Content-Type', client.PatchStrategy.JsonPatch);

function withoutManagedFields(json: string): string {
  const pod = JSON.parse(json) as { metadata?: Record<string, unknown> };
  delete pod.metadata?.['managedFields'];
  return JSON.stringify(pod);
}
