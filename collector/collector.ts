import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { makeFolder } from '../config/make-folder.ts';
import { LiveStream } from './api/live-stream.ts';
import { signingIn } from './access/settings.ts';
import type { RouteNeed } from './access/route-needs.ts';
import { startApi } from './api/server.ts';
import { readOrMakeToken } from './access/token-file.ts';
import { awaitStore } from './await-store.ts';
import { systemClock } from './clock.ts';
import type { Clock } from './clock.ts';
import { ReplicaCommandBus } from './command-bus.ts';
import type { CollectorConfig } from './config.ts';
import { registerFleetLevels } from './fleet-levels.ts';
import { createFleetProfiles } from './fleet-profiles.ts';
import { createAlertFatigue } from './fatigue-wiring.ts';
import { createFleet } from './fleet.ts';
import { RunNotes } from './images/run-notes.ts';
import { connectKube } from './kube/client.ts';
import type { Kube } from './kube/kube.ts';
import { createLink } from './link-wiring.ts';
import type { Link } from './link-wiring.ts';
import { LogGate } from './log-gate.ts';
import { CollectorMetrics } from './metrics.ts';
import { createObjects } from './object-wiring.ts';
import { Outputs } from './outputs/outputs.ts';
import { OwnCluster } from './own-cluster.ts';
import { createResponding } from './response-wiring.ts';
import { RollCall } from './roll-call.ts';
import { SoleWork } from './sole-work.ts';
import type { StoreCounts } from './store/faces.ts';
import { openStore } from './store/open-store.ts';

/**
 * The whole collector: opens the store, connects the rooms, starts what listens. When a part cannot
 * start, those before it are stopped again and the error says which part it was. `stop` leaves
 * nothing behind: no socket, no timer, no open file.
 */
export type CollectorOptions = {
  readonly config: CollectorConfig;
  readonly version: string;
  readonly log: Logger;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly clock?: Clock;
  /** Keep the store in memory: nothing is written but the access token. */
  readonly inMemory?: boolean;
  /** Ends a start that waits for its database. */
  readonly signal?: AbortSignal;
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
  /** Made at this start: somebody should see it once. */
  readonly isTokenNew: boolean;
  /** Every route of the API, and what it needs. */
  readonly routes: readonly RouteNeed[];
  /** A link for the browser on this machine that signs in once, within five minutes. */
  signInLink(): Promise<string>;
  readonly metrics: CollectorMetrics;
  counts(): Promise<StoreCounts>;
  stop(): Promise<void>;
};

export async function startCollector(options: CollectorOptions): Promise<RunningCollector> {
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

async function start(
  options: CollectorOptions,
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
    linkCertificateNotAfter: () => (server.certificateNotAfterMs ?? 0) / 1_000,
    incidentsOpen: () => work.incidentsOpen,
    isOurs: () => (work.isOurs() ? 1 : 0),
    streamClients: () => stream.readerCount,
    suppressionRules: () => alertFatigue.fatigue.levels(clock.now()).rules,
    maintenanceWindows: () => alertFatigue.fatigue.levels(clock.now()).windows,
  };
  const metrics = new CollectorMetrics(version, levels);
  const store = await awaitStore({
    open: () =>
      openStore({
        path: storePath(options),
        clock,
        observeCommit: metrics.commitSeconds,
        onTrouble: (message, error) => {
          const suppressed = gate.open(message);
          if (suppressed !== undefined) log.warn({ err: error, suppressed }, message);
        },
      }),
    clock,
    log,
    waitMs: config.storeWaitSeconds * 1_000,
    signal: options.signal ?? new AbortController().signal,
  });
  stops.push(() => store.close());
  const { falseAlarmsPerDay } = config.incidents;
  registerFleetLevels({ registry: metrics.registry, store, falseAlarmsPerDay, clock });
  const stream = new LiveStream(store, clock);

  const kube = await openKube(config, options.env ?? process.env, clock, log);
  if (kube !== undefined) stops.push(() => kube.close());
  const clusterName = config.kube.cluster || config.link.cluster;
  const ownCluster = new OwnCluster({ name: clusterName, store, clock });
  const objects =
    createObjects({ config, store, kube, isOurs: () => work.isOurs(), metrics, clock, log });
  const responding = await createResponding({
    config,
    store,
    kube,
    isOwnCluster: (cluster) => ownCluster.isOwn(cluster),
    agents: { send: (agent, frame, deadlineMs) => bus.send(agent, frame, deadlineMs) },
    isOurs: () => work.isOurs(),
    metrics,
    clock,
    log,
  });
  stops.push(() => responding.stop());
  const { responder } = responding;
  const outputs = new Outputs({
    outputs: config.outputs,
    store,
    version,
    env: options.env ?? process.env,
    clock,
    random: Math.random,
    log,
    gate,
    registry: metrics.registry,
  });
  const alertFatigue =
    createAlertFatigue({ store, config, policy: responding.policy, metrics, clock, log });
  const work: SoleWork = new SoleWork({
    store,
    fatigue: alertFatigue,
    onHandled: metrics.alertsHandled,
    config,
    replica: randomUUID(),
    clock,
    log,
    onGrown: (incident, alert) => responder.consider(incident, alert),
    onEffects: metrics.incidentEffects,
    onDeleted: metrics.retained,
    onFlowsKept: metrics.flowsKept,
    outputs,
    onOurs: () => responder.wake(),
  });
  const profiles = createFleetProfiles({
    store,
    metrics,
    clock,
    log,
    gate,
    links: () => server.open(),
  });
  const roll = new RollCall({
    store,
    clock,
    onDropped: (agents, error) => {
      metrics.agentsDropped(agents);
      const suppressed = gate.open('agents not noted');
      if (suppressed === undefined) return;
      log.warn({ err: error, agents, suppressed }, 'what agents say of themselves was not stored');
    },
  });
  const images = new RunNotes({
    store,
    clock,
    onDropped: (reason, count, error) => {
      metrics.imagesDropped(reason, count);
      const suppressed = gate.open(`images ${reason}`);
      if (suppressed === undefined) return;
      log.warn({ err: error, reason, count, suppressed },
        'what agents tell of their images was not recorded');
    },
  });
  const { server, security }: Link = createLink({
    config,
    version,
    store,
    receiver: createFleet({
      roll,
      images,
      ...profiles,
      metrics,
      log,
      gate,
      onUrgent: () => work.wakeUrgently(),
    }),
    kube,
    metrics,
    clock,
    log,
    gate,
  });

  const bus: ReplicaCommandBus = new ReplicaCommandBus({
    links: server,
    queue: store.commands,
    clock,
    newId: randomUUID,
    onFailed: (error) => log.warn({ err: error }, 'commands of other replicas were not read'),
  });

  bus.start();
  stops.push(() => bus.stop());
  responding.start();
  await work.start();
  stops.push(() => work.stop());
  objects.start();
  stops.push(() => objects.stop());
  profiles.feed.start();
  stops.push(() => profiles.feed.stop());
  stops.push(() => security.stop());
  stops.push(() => roll.stop());
  stops.push(() => images.stop());
  const stopFeeding = store.onChange(() => profiles.feed.notice());
  stops.push(async () => stopFeeding());
  const link = await server.start();
  stops.push(() => server.stop());
  const api = await startApi({
    ...apiConfig(config),
    bootstrap: {
      token: access.token,
      // A file that is mounted, or a store of one's own: whatever was before it, is over.
      supersedes: config.api.tokenFile !== '' || config.store === '',
    },
    store,
    responder,
    policy: responding.policy,
    alertFatigue,
    outputs,
    imageDays: config.retention.imageDays,
    links: server,
    curation: profiles.curation,
    objects: objects.book,
    ownCluster,
    stream,
    metrics,
    clock,
    log,
    gate,
  });
  stops.push(() => api.stop());
  log.info(
    { api: api.address, link, cluster: kube !== undefined, leader: work.isOurs() },
    'collector started',
  );
  return {
    addresses: { api: api.address, link },
    token: access.token,
    tokenFile: access.tokenFile,
    isTokenNew: access.isNew,
    routes: api.routes,
    signInLink: () => api.signInLink(),
    metrics,
    counts: () => store.counts(),
    stop,
  };
}

/** A server for several collectors, or a file of this one's own. */
function storePath({ config, inMemory }: CollectorOptions): string {
  if (config.store !== '') return config.store;
  return inMemory === true ? ':memory:' : join(config.dataDir, 'collector.db');
}

function openAccess(config: CollectorConfig, log: Logger) {
  const tokenFile = config.api.tokenFile || join(config.dataDir, 'api-token');
  const { token, isNew } = readOrMakeToken(tokenFile);
  // The file's name, not the token: logs are read by many.
  if (isNew) log.info({ tokenFile }, 'a new access token was made');
  return { token, tokenFile, isNew };
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

function apiConfig(config: CollectorConfig) {
  const { address, insecure, hosts, metricsOpen, tls, publicUrl, trustedProxies } = config.api;
  const { certFile, keyFile } = tls;
  return {
    address,
    insecure,
    hosts,
    metricsOpen,
    publicUrl,
    trustedProxies,
    ...signingIn(config),
    ...(certFile === '' ? {} : { tls: { certFile, keyFile } }),
  };
}
