import { randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { CollectorConfig } from './config.ts';
import { linkIdentity } from './config.ts';
import type { Kube } from './kube/kube.ts';
import { TokenReviews } from './kube/token-review.ts';
import type { LinkReceiver } from './link/agent-link.ts';
import { identifyByCertificate } from './link/certificate-identity.ts';
import type { Identify } from './link/identity.ts';
import { LinkServer } from './link/link-server.ts';
import { identifyByToken } from './link/token-identity.ts';
import type { LogGate } from './log-gate.ts';
import type { CollectorMetrics } from './metrics.ts';
import { SecurityEvents } from './security-events.ts';
import type { Store } from './store/faces.ts';

/** The link server as the settings want it, and who may speak there. */
export type LinkParts = {
  readonly config: CollectorConfig;
  readonly version: string;
  readonly store: Store;
  readonly receiver: LinkReceiver;
  readonly kube: Kube | undefined;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
};

export type Link = { readonly server: LinkServer; readonly security: SecurityEvents };

export function createLink(parts: LinkParts): Link {
  const { config, version, store, receiver, metrics, clock, log } = parts;
  const { address, insecure, cluster, helloSeconds, windowBatches, tls, rates } = config.link;
  const identify = createIdentify(parts);
  const security = new SecurityEvents({ store, clock, log, newId: randomUUID });
  const server = new LinkServer({
    address,
    insecure,
    ...(tls.certFile === '' ? {} : {
      tls: {
        certFile: tls.certFile,
        keyFile: tls.keyFile,
        ...(tls.caFile === '' ? {} : { caFile: tls.caFile }),
      },
    }),
    ...(identify === undefined ? {} : { identify }),
    cluster,
    rates,
    store,
    receiver: {
      ...receiver,
      onSecurityEvent: (event) => {
        metrics.securityEvent(event.kind);
        security.report(event);
      },
    },
    clock,
    log,
    helloDeadlineMs: helloSeconds * 1_000,
    windowBatches,
    collectorVersion: version,
    onEnded: metrics.linkEnded,
    onDropped: metrics.connectionDropped,
    onReload: metrics.certificateReload,
  });
  return { server, security };
}

function createIdentify(
  { config, kube, clock, log, gate }: LinkParts,
): Identify | undefined {
  const { trustDomain, token: { audience, serviceAccount } } = config.link;
  const kind = linkIdentity(config.link);
  switch (kind) {
    case 'certificate':
      return identifyByCertificate({ trustDomain, clock });
    case 'token': {
      if (kube === undefined) {
        throw new Error('link.identity is token, but there is no cluster to ask: see kube.mode');
      }
      const reviews = new TokenReviews({
        kube,
        audience,
        serviceAccount,
        clock,
        onUnavailable: ({ reason, message }) => {
          const suppressed = gate.open(`token review ${reason}`);
          if (suppressed === undefined) return;
          log.error({ reason, message, suppressed }, 'tokens of agents cannot be reviewed');
        },
      });
      return identifyByToken(reviews);
    }
    case 'none':
      log.warn({ security: true }, 'link.identity is none: any peer may speak for any node');
      return undefined;
  }
}
