import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { makeFolder } from '../config/make-folder.ts';
import { LiveStream } from './api/live-stream.ts';
import { startApi } from './api/server.ts';
import { readOrMakeToken } from './api/token.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import { createFleet } from './fleet.ts';
import { Correlator } from './incident/correlator.ts';
import { connectKube } from './kube/client.ts';
import type { Kube } from './kube/kube.ts';
import { LinkServer } from './link/link-server.ts';
import { LogGate } from './log-gate.ts';
import { CollectorMetrics } from './metrics.ts';
import { ProfileBook } from './profiles/profile-book.ts';
import type { ProfileAlgebra } from './profiles/profile-book.ts';
import { Responder } from './respond/responder.ts';
import { scheduleRetention } from './retention-schedule.ts';
import type { Store } from './store/faces.ts';
import type { StoreCounts } from './store/faces.ts';
import { openStore } from './store/open-store.ts';

/**
 * The whole collector: opens the store, connects the rooms, starts what listens. When a part cannot
 * start, those before it are stopped again and the error says which part it was. `stop` leaves
 * nothing behind: no socket, no timer, no open file.
 */
export type CollectorOptions<P> = {
  readonly config: CollectorConfig;
  readonly version: string;
  readonly log: Logger;
  /** What profiles are and how they merge; the baseline knows. */
  readonly profiles: ProfileAlgebra<P>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Keep the store in memory: nothing is written but the access token. */
  readonly inMemory?: boolean;
};

export type RunningCollector = {
  readonly addresses: {
    /** `http://127.0.0.1:8470` */
    readonly api: string;
    /** `127.0.0.1:8471` */
    readonly link: string;
  };
  readonly token: string;
  readonly tokenFile: string;
  readonly metrics: CollectorMetrics;
  counts(): Promise<StoreCounts>;
  stop(): Promise<void>;
};

export async function startCollector<P>(options: CollectorOptions<P>): Promise<RunningCollector> {
  const stops: (() => Promise<void>)[] = [];
  // In reverse order of the starts, and each of them even when one before it fails.
  const stopAll = async (): Promise<void> => {
    const errors: unknown[] = [];
    for (const stop of stops.splice(0).toReversed()) {
      await stop().catch((error: unknown) => errors.push(error));
    }
    if (errors.length > 0) throw new AggregateError(errors, 'the collector did not stop cleanly');
  };
  try {
    return await start(options, stops, stopAll);
  } catch (error) {
    await stopAll().catch((stopError: unknown) => {
      options.log.error({ err: stopError }, 'after a failed start not everything was stopped');
    });
    throw error;
  }
}

async function start<P>(
  options: CollectorOptions<P>,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<RunningCollector> {
  const { config, version, log } = options;
  const clock = options.clock ?? systemClock;
  const gate = new LogGate(clock);
  makeFolder(config.dataDir, 0o700);
  const access = openAccess(config, log);

  const levels = {
    links: () => server.openCount,
    incidentsOpen: () => correlator.openCount,
    streamClients: () => stream.readerCount,
  };
  const metrics = new CollectorMetrics(version, levels);
  const store = await openStore({
    path: options.inMemory === true ? ':memory:' : join(config.dataDir, 'collector.db'),
    clock,
    observeCommit: metrics.commitSeconds,
  });
  stops.push(() => store.close());
  const stream = new LiveStream(store, clock);

  const kube = await openKube(config, options.env ?? process.env, clock, log);
  if (kube !== undefined) stops.push(() => kube.close());
  const responder = createResponder({ config, store, kube, metrics, clock, log });
  const correlator = createCorrelator({ config, store, responder, metrics, clock, log });
  const server = createServer({ options, store, metrics, clock, gate });

  responder.start();
  stops.push(() => responder.stop());
  await correlator.start();
  stops.push(() => correlator.stop());
  const stopWaking = store.onChange(() => correlator.wake());
  stops.push(async () => stopWaking());
  stops.push(scheduleRetention({ store, clock, log, config, onDeleted: metrics.retained }));
  const link = await server.start();
  stops.push(() => server.stop());
  const api = await startApi({
    ...apiConfig(config),
    token: access.token,
    store,
    responder,
    links: server,
    stream,
    metrics,
    clock,
    log,
    gate,
  });
  stops.push(() => api.stop());
  log.info({ api: api.address, link, cluster: kube !== undefined }, 'collector started');
  return {
    addresses: { api: api.address, link },
    token: access.token,
    tokenFile: access.tokenFile,
    metrics,
    counts: () => store.counts(),
    stop,
  };
}

function openAccess(config: CollectorConfig, log: Logger) {
  const tokenFile = config.api.tokenFile || join(config.dataDir, 'api-token');
  const { token, isNew } = readOrMakeToken(tokenFile);
  // The file's name, not the token: logs are read by many.
  if (isNew) log.info({ tokenFile }, 'a new access token was made');
  return { token, tokenFile };
}

async function openKube(
  config: CollectorConfig,
  env: Readonly<Record<string, string | undefined>>,
  clock: Clock,
  log: Logger,
): Promise<Kube | undefined> {
  const { mode, kubeconfig } = config.kube;
  const isInside = env['KUBERNETES_SERVICE_HOST'] !== undefined;
  if (mode === 'off' || (mode === 'auto' && !isInside)) {
    log.info('no cluster: responses are recorded and not executed');
    return undefined;
  }
  if (mode === 'in-cluster' && !isInside) {
    throw new Error('kube.mode is in-cluster, but this is no pod of a cluster');
  }
  return connectKube({
    ...(mode === 'kubeconfig' ? { kubeconfig } : {}),
    now: () => clock.now(),
  });
}

type Parts = {
  readonly config: CollectorConfig;
  readonly store: Store;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
};

function createResponder(parts: Parts & { readonly kube: Kube | undefined }): Responder {
  const { config, store, kube, metrics, clock, log } = parts;
  const own = config.kube.ownNamespace;
  return new Responder({
    store,
    clock,
    log,
    kube,
    policy: {
      ...config.policy,
      protectedNamespaces: [
        ...config.policy.protectedNamespaces,
        // Without them the cluster cannot heal, and without us nobody sees it.
        'kube-system',
        ...(own === '' ? [] : [own]),
      ],
    },
    newId: randomUUID,
    onFinished: metrics.responseFinished,
    onDecided: metrics.decided,
  });
}

function createCorrelator(parts: Parts & { readonly responder: Responder }): Correlator {
  const { config, store, responder, metrics, clock, log } = parts;
  const { windowSeconds, behaviourPods, coolDownSeconds } = config.incidents;
  return new Correlator({
    store,
    clock,
    log,
    settings: {
      windowMs: windowSeconds * 1_000,
      behaviourPods,
      coolDownMs: coolDownSeconds * 1_000,
    },
    onGrown: (incident, alert) => responder.consider(incident, alert),
    onEffects: metrics.incidentEffects,
  });
}

function createServer<P>(parts: {
  readonly options: CollectorOptions<P>;
  readonly store: Store;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly gate: LogGate;
}): LinkServer {
  const { options: { config, log, profiles, version }, store, metrics, clock, gate } = parts;
  const { address, insecure, helloSeconds, windowBatches, tls } = config.link;
  const book = new ProfileBook({ store, algebra: profiles, clock });
  const server: LinkServer = new LinkServer({
    address,
    insecure,
    ...(tls.certFile === '' ? {} : {
      tls: {
        certFile: tls.certFile,
        keyFile: tls.keyFile,
        ...(tls.caFile === '' ? {} : { caFile: tls.caFile }),
      },
    }),
    store,
    receiver: createFleet({ store, book, links: () => server, metrics, clock, log, gate }),
    clock,
    log,
    helloDeadlineMs: helloSeconds * 1_000,
    windowBatches,
    collectorVersion: version,
    onEnded: metrics.linkEnded,
  });
  return server;
}

function apiConfig(config: CollectorConfig) {
  const { address, insecure, hosts, metricsOpen, tls } = config.api;
  const { certFile, keyFile } = tls;
  return {
    address,
    insecure,
    hosts,
    metricsOpen,
    ...(certFile === '' ? {} : { tls: { certFile, keyFile } }),
  };
}
