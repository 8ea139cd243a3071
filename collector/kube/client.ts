import type * as Client from '@kubernetes/client-node';

import type {
  Kube,
  KubeFailureReason,
  KubeOutcome,
  NetworkPolicyView,
  PatchOperation,
  PodRef,
  PodView,
} from './kube.ts';

/**
 * The one file that knows @kubernetes/client-node. It is loaded when a cluster is configured: it
 * would cost a collector without one 60 MB.
 *
 * The library makes a new connection pool for every request and forgets it with its sockets open.
 * Here one pool serves all requests until `POOL_AGE_MAX_MS`, after which the next request's own
 * pool (with newly read certificates) takes its place and the old one is closed.
 */
const CALL_DEADLINE_MS = 5_000;
const POOL_AGE_MAX_MS = 600_000;
const MESSAGE_CHARACTERS_MAX = 300;
const RETRY_AFTER_MAX_MS = 60_000;
const FIELD_MANAGER = 'lanner';

export type KubeOptions = {
  /** A kubeconfig file; without one the pod's own service account. */
  readonly kubeconfig?: string;
  readonly deadlineMs?: number;
  readonly now: () => number;
};

type Pool = NonNullable<ReturnType<Client.RequestContext['getDispatcher']>>;

export async function connectKube(options: KubeOptions): Promise<Kube> {
  const client = await import('@kubernetes/client-node');
  const config = new client.KubeConfig();
  if (options.kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(options.kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no current cluster');
  const pools = new PoolKeeper(options.now);
  const deadlineMs = options.deadlineMs ?? CALL_DEADLINE_MS;
  const configuration = client.createConfiguration({
    baseServer: new client.ServerConfiguration(cluster.server, {}),
    authMethods: { default: config },
    promiseMiddleware: [{
      pre: async (context) => {
        context.setSignal(AbortSignal.timeout(deadlineMs));
        const own = context.getDispatcher();
        if (own !== undefined) context.setDispatcher(pools.choose(own));
        return context;
      },
      post: async (context) => context,
    }],
  });
  const core = new client.CoreV1Api(configuration);
  const networking = new client.NetworkingV1Api(configuration);
  return createKube({ client, core, networking, pools });
}

type Parts = {
  readonly client: typeof Client;
  readonly core: Client.CoreV1Api;
  readonly networking: Client.NetworkingV1Api;
  readonly pools: PoolKeeper;
};

function createKube({ client, core, networking, pools }: Parts): Kube {
  const call = <T>(request: Promise<T>): Promise<KubeOutcome<T>> => outcomeOf(client, request);
  return {
    readPod: async (ref) => view(await call(core.readNamespacedPod(ref)), podView),
    deletePod: async (ref, { uid, graceSeconds, dryRun }) =>
      view(
        await call(core.deleteNamespacedPod({
          ...ref,
          ...dryRunParameter(dryRun),
          body: { gracePeriodSeconds: graceSeconds, preconditions: { uid } },
        })),
        () => null,
      ),
    patchPod: async (ref, patch, { dryRun }) => {
      const outcome = await call(core.patchNamespacedPod(
        {
          ...ref,
          ...dryRunParameter(dryRun),
          fieldManager: FIELD_MANAGER,
          body: patch as PatchOperation[],
        },
        client.setHeaderOptions('Content-Type', client.PatchStrategy.JsonPatch),
      ));
      // A `test` that does not hold is 422 here, as is a patch that makes no valid pod.
      if (!outcome.ok && outcome.reason === 'invalid') return { ...outcome, reason: 'conflict' };
      return view(outcome, podView);
    },
    getNetworkPolicy: async (ref) =>
      view(await call(networking.readNamespacedNetworkPolicy(ref)), policyView),
    createNetworkPolicy: async ({ namespace, name, labels, matchLabels }, { dryRun }) =>
      view(
        await call(networking.createNamespacedNetworkPolicy({
          namespace,
          ...dryRunParameter(dryRun),
          fieldManager: FIELD_MANAGER,
          body: {
            apiVersion: 'networking.k8s.io/v1',
            kind: 'NetworkPolicy',
            metadata: { name, namespace, labels: { ...labels } },
            spec: {
              podSelector: { matchLabels: { ...matchLabels } },
              policyTypes: ['Ingress', 'Egress'],
            },
          },
        })),
        policyView,
      ),
    listNetworkPolicies: async (namespace) =>
      view(
        await call(networking.listNamespacedNetworkPolicy({ namespace, limit: POLICIES_MAX })),
        ({ items }) => items.map(policyView),
      ),
    close: () => pools.close(),
  };
}

const POLICIES_MAX = 500;

const dryRunParameter = (dryRun: boolean) => (dryRun ? { dryRun: 'All' } : {});

class PoolKeeper {
  readonly #now: () => number;
  #pool: Pool | undefined;
  #sinceMs = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  choose(own: Pool): Pool {
    const isOld = this.#now() - this.#sinceMs > POOL_AGE_MAX_MS;
    if (this.#pool !== undefined && !isOld) return this.#pool;
    // `close` lets the requests under way finish.
    void this.#pool?.close();
    this.#pool = own;
    this.#sinceMs = this.#now();
    return own;
  }

  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = undefined;
  }
}

async function outcomeOf<T>(client: typeof Client, request: Promise<T>): Promise<KubeOutcome<T>> {
  try {
    return { ok: true, value: await request };
  } catch (error) {
    if (!(error instanceof client.ApiException)) {
      return {
        ok: false,
        reason: 'unavailable',
        retryAfterMs: 0,
        message: cut(reasonOf(error)),
      };
    }
    const seconds = Number(error.headers['retry-after'] ?? 0);
    return {
      ok: false,
      reason: failureReason(error.code),
      retryAfterMs: Number.isFinite(seconds)
        ? Math.min(Math.max(0, seconds * 1_000), RETRY_AFTER_MAX_MS)
        : 0,
      message: cut(statusMessage(error.body) ?? `HTTP ${error.code}`),
    };
  }
}

function failureReason(code: number): KubeFailureReason {
  if (code === 404) return 'not-found';
  if (code === 409) return 'conflict';
  if (code === 401 || code === 403) return 'forbidden';
  if (code === 429) return 'too-many-requests';
  return code >= 500 ? 'unavailable' : 'invalid';
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no answer before the deadline';
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** The API server explains itself in a Status object. */
function statusMessage(body: unknown): string | undefined {
  let status = body;
  if (typeof body === 'string') {
    try {
      status = JSON.parse(body);
    } catch {
      return body;
    }
  }
  const message = (status as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : undefined;
}

const cut = (text: string): string => text.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed();

function view<T, V>(outcome: KubeOutcome<T>, make: (value: T) => V): KubeOutcome<V> {
  return outcome.ok ? { ok: true, value: make(outcome.value) } : outcome;
}

const refOf = (metadata: Client.V1ObjectMeta | undefined): PodRef => ({
  namespace: metadata?.namespace ?? '',
  name: metadata?.name ?? '',
});

function podView(pod: Client.V1Pod): PodView {
  return {
    ...refOf(pod.metadata),
    uid: pod.metadata?.uid ?? '',
    resourceVersion: pod.metadata?.resourceVersion ?? '',
    labels: pod.metadata?.labels ?? null,
    isDeleting: pod.metadata?.deletionTimestamp !== undefined,
    isHostNetwork: pod.spec?.hostNetwork === true,
  };
}

function policyView(policy: Client.V1NetworkPolicy): NetworkPolicyView {
  const selector = policy.spec?.podSelector;
  return {
    ...refOf(policy.metadata),
    uid: policy.metadata?.uid ?? '',
    labels: policy.metadata?.labels ?? {},
    selector: {
      matchLabels: selector?.matchLabels ?? {},
      matchExpressions: (selector?.matchExpressions ?? []).map(({ key, operator, values }) => ({
        key,
        operator,
        values: values ?? [],
      })),
    },
    policyTypes: policy.spec?.policyTypes ?? [],
    ingressRules: policy.spec?.ingress?.length ?? 0,
    egressRules: policy.spec?.egress?.length ?? 0,
  };
}
