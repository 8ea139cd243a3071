import type { Alert } from '../../baseline/alert.ts';
import { mayIn, scopeOf } from '../access/roles.ts';
import type { Clock } from '../clock.ts';
import { ciliumOf } from '../generate/cilium.ts';
import { LearnedBook } from '../generate/learned-book.ts';
import { askNetwork } from '../generate/network-question.ts';
import type { NetworkAnswer, NetworkSources } from '../generate/network-question.ts';
import type { DeniedFlows } from '../generate/ledger-replay.ts';
import type { NetworkPolicy } from '../generate/network-policy.ts';
import { ledgerLines, policiesYaml } from '../generate/network-text.ts';
import { PLAINTEXT_LIMITS, plaintextFlows } from '../generate/plaintext.ts';
import { yamlDocuments } from '../generate/artefact-text.ts';
import type { Value } from '../generate/artefact-text.ts';
import type { ObjectBook } from '../kube/object-book.ts';
import type { Store } from '../store/faces.ts';
import {
  imagePoliciesAnswer,
  imagePoliciesParams,
  imagePoliciesQuery,
  networkPolicyAnswer,
  networkPolicyQuery,
  plaintextAnswer,
  plaintextQuery,
} from './contract/policies.ts';
import type { DeniedFlowsView, NetworkFormat, NetworkPolicyAnswer } from './contract/policies.ts';
import { ApiError, Hidden } from './errors.ts';
import { imagePolicies } from './image-policies.ts';
import { replies } from './routes.ts';
import type { Api } from './routes.ts';
import { timeText } from './views.ts';

/**
 * Policies of a namespace from what was learned of its images, with what the ledger says about them.
 * They name workloads of other namespaces as far as those are called or call. One answer at a time
 * is made: it reads up to half a million flows.
 */
export type PolicyRouteOptions = {
  readonly store: Store;
  readonly objects: Pick<ObjectBook, 'read'>;
  readonly ownCluster: ClusterName;
  readonly clock: Clock;
};

/** Which cluster the objects are of, and whether there are others. */
export type ClusterName = {
  name(): Promise<string | undefined>;
  isAlone(): Promise<boolean>;
};

const narrowed = { needs: 'analyst', scope: 'any' } as const;
/** Beyond, the newest of the time count: they are looked at newest first. */
const ALERTS_MAX = 10_000;
const ALERTS_PER_PAGE = 500;
export const DENIED_SHOWN_MAX = 500;
/** Further ones are asked to come again. */
const WAITING_MAX = 4;
const OBJECTS_AGE_MS = 30_000;

export function addPolicyRoutes(api: Api, options: PolicyRouteOptions): void {
  const { store, objects, ownCluster, clock } = options;
  const book = new LearnedBook(store);
  const line = oneByOne();
  const sources: NetworkSources = {
    flows: store,
    objects,
    pastAddresses: (fromMs) => store.pastAddresses(fromMs),
    learned: (listed) => book.of(listed),
    alerts: (scope, times) => alertsWithin(store, scope, times),
    cluster: () => ownCluster.name(),
    reachedHere: async (cluster, namespaces) =>
      (await ownCluster.isAlone() ? null : reachedIn(store, cluster, namespaces)),
    nowMs: () => clock.now(),
  };

  api.get('/api/v1/policies/network', {
    config: narrowed,
    schema: {
      summary: 'Network policies from what was learned, and what they would have denied',
      querystring: networkPolicyQuery,
      ...replies(networkPolicyAnswer),
    },
  }, async ({ query, principal }) => {
    const { namespace, format, days, incomplete } = query;
    if (!mayIn(principal, 'analyst', namespace)) throw new Hidden('namespace');
    const scope = scopeOf(principal, 'analyst');
    const asked = await line(() =>
      askNetwork({ namespace, days, isIncompleteTaken: incomplete, scope }, sources));
    if (asked.ok) return { namespace, format, days, ...answerView(asked.answer, namespace, format) };
    if (asked.reason === 'no-such-namespace') throw new Hidden('namespace');
    throw new ApiError(409, asked.reason, asked.detail);
  });

  api.get('/api/v1/policies/plaintext', {
    config: narrowed,
    schema: {
      summary: 'Learned connections by ports of unencrypted protocols',
      querystring: plaintextQuery,
      ...replies(plaintextAnswer),
    },
  }, async ({ query, principal }) => {
    const scope = scopeOf(principal, 'analyst');
    const read = await objects.read(OBJECTS_AGE_MS);
    if (!read.ok) throw new ApiError(409, 'no-objects', read.message);
    const learned = await line(() => book.of(read.objects));
    const items = plaintextFlows(learned, read.objects).filter(({ namespace }) =>
      namespace === (query.namespace ?? namespace) &&
      (scope === 'all' || scope.includes(namespace)));
    return { items, profiles: learned.length, limits: PLAINTEXT_LIMITS };
  });

  api.get('/api/v1/policies/:kind', {
    config: narrowed,
    schema: {
      summary: 'Falco rules, seccomp profiles or KubeArmor policies of the images of a namespace',
      params: imagePoliciesParams,
      querystring: imagePoliciesQuery,
      ...replies(imagePoliciesAnswer),
    },
  }, async ({ params: { kind }, query: { namespace }, principal }) => {
    if (!mayIn(principal, 'analyst', namespace)) throw new Hidden('namespace');
    const read = await objects.read(OBJECTS_AGE_MS);
    if (!read.ok) throw new ApiError(409, 'no-objects', read.message);
    if (!read.objects.namespaces.has(namespace)) throw new Hidden('namespace');
    const made = await line(async () =>
      imagePolicies(await book.of(read.objects), read.objects, { namespace, kind }));
    return { namespace, kind, ...made };
  });
}

/** One after the other, and few of them wait. */
function oneByOne(): <T>(work: () => Promise<T>) => Promise<T> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (work) => {
    if (waiting >= WAITING_MAX) {
      throw new ApiError(429, 'busy', 'policies are being made for others: ask again in a minute');
    }
    waiting += 1;
    const done = last.then(work);
    last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      waiting -= 1;
    }
  };
}

/** Of a namespace with more than one answer holds the rest is left out, and is then not resolved. */
async function reachedIn(
  store: Store,
  cluster: string,
  namespaces: readonly string[],
): Promise<ReadonlySet<string>> {
  const reached = new Set<string>();
  for (const namespace of namespaces) {
    const { items } = await store.listDestinations({ scope: 'all', cluster, namespace });
    for (const { address, port } of items) reached.add(`${address}:${port}`);
  }
  return reached;
}

async function alertsWithin(
  store: Store,
  scope: readonly string[] | 'all',
  times: { readonly fromMs: number; readonly toMs: number },
): Promise<readonly Alert[]> {
  const alerts: Alert[] = [];
  let before: number | undefined;
  while (alerts.length < ALERTS_MAX) {
    const page = { limit: ALERTS_PER_PAGE, ...before === undefined ? {} : { before } };
    const { rows, next } = await store.pageAlerts({ scope, handling: 'all', ...times }, page);
    alerts.push(...rows.map(({ alert }) => alert));
    if (next === undefined) break;
    before = next;
  }
  return alerts;
}

function answerView(answer: NetworkAnswer, namespace: string, format: NetworkFormat) {
  const { result, fromMs, toMs, isWhole, objects, listedMs, historySinceMs } = answer;
  const { policies, isolation, coverage, left } = result;
  const made: readonly NetworkPolicy[] = isolation === null ? policies : [...policies, isolation];
  const valueOf = (policy: NetworkPolicy): Value =>
    (format === 'cilium' ? ciliumOf(policy) : policy as unknown as Value);
  const { flows, connections, allowed, denied, deniedAsAttack, unjudged, groups } = answer.replay;
  return {
    yaml: policiesYaml(result, namespace, { isCilium: format === 'cilium',
      lines: ledgerLines(answer) }),
    documents: made.map((policy) => ({
      name: policy.metadata.name,
      isIsolation: policy === isolation,
      yaml: yamlDocuments([valueOf(policy)]),
    })),
    report: {
      coverage,
      left,
      replay: {
        from: timeText(fromMs),
        to: timeText(toMs),
        isWhole,
        flows,
        connections,
        allowed,
        denied,
        deniedAsAttack,
        unjudged: [...unjudged].map(([reason, connections]) => ({ reason, connections })),
      },
      denied: groups.slice(0, DENIED_SHOWN_MAX).map(deniedView),
      deniedBeyond: answer.replay.deniedBeyond +
        groups.slice(DENIED_SHOWN_MAX).reduce((sum, one) => sum + one.connections, 0),
      objects: {
        pods: objects.pods.length,
        services: objects.services.length,
        namespaces: objects.namespaces.size,
        nodes: objects.nodes.size,
        listedTime: timeText(listedMs),
        historySince: historySinceMs === null ? null : timeText(historySinceMs),
      },
    },
  } satisfies Pick<NetworkPolicyAnswer, 'yaml' | 'documents' | 'report'>;
}

const deniedView = ({ firstMs, lastMs, flows, alerts, ...same }: DeniedFlows): DeniedFlowsView => ({
  ...same,
  firstTime: timeText(firstMs),
  lastTime: timeText(lastMs),
  flows: flows.map(String),
  alerts: [...alerts.values()],
});
