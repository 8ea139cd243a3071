import { randomUUID } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Logger } from 'pino';

import { readOrMakeAnchorKey } from './anchor-key.ts';
import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import type { Kube } from './kube/kube.ts';
import type { CollectorMetrics } from './metrics.ts';
import type { LoadedPolicy } from './policy/load-policy.ts';
import { PolicyFile } from './policy/policy-file.ts';
import type { PolicyChange } from './policy/policy-file.ts';
import type { AgentCommands } from './respond/agent-commands.ts';
import { AuditAnchor } from './respond/audit-anchor.ts';
import { COLLECTOR_ACTOR } from './respond/four-eyes.ts';
import { Responder } from './respond/responder.ts';
import type { Store } from './store/faces.ts';

/** The policy in force, the responder under it, and the audit's anchor, as the settings want them. */
export type ResponseParts = {
  readonly config: CollectorConfig;
  readonly store: Store;
  readonly kube: Kube | undefined;
  readonly agents: AgentCommands;
  readonly isOwnCluster: (cluster: string) => Promise<boolean>;
  /** Only one replica executes. */
  readonly isOurs: () => boolean;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
};

export type Responding = {
  readonly responder: Responder;
  readonly policy: () => LoadedPolicy;
  start(): void;
  stop(): Promise<void>;
};

/**
 * What another replica approved is heard of by the change, and most changes are alerts: so many of
 * them are one look. What is approved here does not wait for it.
 */
const HEAR_MS = 250;

export async function createResponding(parts: ResponseParts): Promise<Responding> {
  const { config, store, kube, agents, isOwnCluster, isOurs, metrics, clock, log } = parts;
  const file = await openPolicy(parts);
  const policy = (): LoadedPolicy => withOwn(file.current(), config.kube.ownNamespace);
  const responder = new Responder({
    store,
    clock,
    log,
    kube,
    agents,
    isOwnCluster,
    policy,
    alerts: {
      readAlert: (id) => store.readAlert(id),
      raise: async (alert) => {
        // A batch of its own, under its own epoch: committed once however often it is told.
        const epoch = alert.id;
        const { cluster, node } = alert;
        await store.commitBatches([
          { cluster, node, epoch, sequence: 1, alerts: [alert], gaps: [] },
        ]);
      },
    },
    newId: randomUUID,
    onFinished: (response) => {
      metrics.responseFinished(response);
      const { id: responseId, action, state, reason, target: { podUid, node } } = response;
      const told = { security: true, responseId, action, state, reason, podUid, node };
      log.info(told, 'a response has ended');
    },
    onDecided: metrics.decided,
    onEscalated: metrics.escalated,
    mayExecute: isOurs,
  });
  const anchor = createAnchor(parts);
  let stopHearing: () => void = () => undefined;
  let cancelWake: (() => void) | undefined;
  const hear = (): void => {
    cancelWake ??= clock.after(HEAR_MS, () => {
      cancelWake = undefined;
      responder.wake();
    });
  };
  return {
    responder,
    policy,
    start: () => {
      responder.start();
      stopHearing = store.onChange(hear);
      anchor?.start();
    },
    stop: async () => {
      stopHearing();
      cancelWake?.();
      await file.stop();
      await responder.stop();
      await anchor?.stop();
    },
  };
}

/** Without kube-system the cluster cannot heal, and without us nobody sees it. */
const withOwn = ({ policy, hash }: LoadedPolicy, ownNamespace: string): LoadedPolicy => ({
  hash,
  policy: {
    ...policy,
    protectedNamespaces: [
      ...policy.protectedNamespaces,
      'kube-system',
      ...ownNamespace === '' ? [] : [ownNamespace],
    ],
  },
});

function openPolicy({ config, store, metrics, clock, log }: ResponseParts): Promise<PolicyFile> {
  const { file } = config.policy;
  return PolicyFile.open({
    file,
    readFile: (path) => readFile(path, 'utf8'),
    clock,
    onChange: async (change) => {
      await store.appendAudit({
        atMs: clock.now(),
        actor: COLLECTOR_ACTOR,
        action: `policy.${change.kind}`,
        subject: file || 'shipped policy',
        detail: { ...change },
      });
      metrics.policyChanged(change.kind);
      tellPolicy(log, file, change);
    },
    onError: (error) => log.error({ err: error }, 'the policy could not be looked at, trying again'),
  });
}

function tellPolicy(log: Logger, file: string, change: PolicyChange): void {
  switch (change.kind) {
    case 'loaded':
      log.info({ security: true, file, policyHash: change.hash }, 'policy in force');
      return;
    case 'refused':
      log.error(
        { security: true, file, policyHash: change.stays, errors: change.errors },
        'the changed policy is invalid, the one before stays in force',
      );
  }
}

function createAnchor(parts: ResponseParts): AuditAnchor | undefined {
  const { config: { audit, dataDir }, store, metrics, clock, log } = parts;
  if (audit.anchorFile === '') return undefined;
  const keyFile = audit.anchorKeyFile || join(dataDir, 'audit-anchor.key');
  const { pem, isNew } = readOrMakeAnchorKey(keyFile);
  if (isNew) log.info({ keyFile: `${keyFile}.pub` }, 'a new key for the audit’s anchors was made');
  return new AuditAnchor({
    store,
    append: (line) => appendLine(audit.anchorFile, line),
    privateKeyPem: pem,
    everyMs: audit.anchorSeconds * 1_000,
    clock,
    log,
    onAnchored: metrics.anchored,
  });
}

async function appendLine(file: string, line: string): Promise<void> {
  const handle = await open(file, 'a', 0o640);
  try {
    await handle.appendFile(line);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}
