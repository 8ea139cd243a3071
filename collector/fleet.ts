import type { Logger } from 'pino';

import type { LinkReceiver } from './link/agent-link.ts';
import type { RunNotes } from './images/run-notes.ts';
import type { LogGate } from './log-gate.ts';
import type { CollectorMetrics } from './metrics.ts';
import type { ProfileBook } from './profiles/profile-book.ts';
import type { ProfileFeed } from './profiles/profile-feed.ts';
import type { RollCall } from './roll-call.ts';

/**
 * What the collector does with the frames of its agents: hellos and heartbeats are noted, evidence
 * is merged under the name that the link's credentials gave, and a merged profile goes to every
 * agent that runs that image — those that named its key in a heartbeat or in evidence of their own.
 */
/** Refusals that an honest agent meets, too. */
const ORDINARY: ReadonlySet<string> = new Set(['locked', 'outdated', 'full', 'conflict']);

export type FleetOptions = {
  readonly roll: Pick<RollCall, 'hello' | 'heartbeat'>;
  readonly book: Pick<ProfileBook, 'receive'>;
  readonly images: Pick<RunNotes, 'report' | 'alerts'>;
  readonly feed: Pick<ProfileFeed, 'welcome' | 'named' | 'brought' | 'changed'>;
  readonly metrics: CollectorMetrics;
  readonly log: Logger;
  readonly gate: LogGate;
  /** A high or critical alert is stored: whoever decides on it should not wait for others. */
  readonly onUrgent: () => void;
};

const URGENT: ReadonlySet<string> = new Set(['high', 'critical']);

export function createFleet(options: FleetOptions): LinkReceiver {
  const { roll, book, images, feed, metrics, log, gate, onUrgent } = options;
  return {
    onHello: async (hello) => roll.hello(hello),
    onWelcomed: (link) => feed.welcome(link),
    onImages: ({ hello }, frame) => {
      if (hello !== undefined) images.report(hello, frame);
    },
    onBatch: (outcome) => {
      metrics.batch(outcome);
      images.alerts(outcome.stored);
      if (outcome.stored.some(({ severity }) => URGENT.has(severity))) onUrgent();
    },
    onRefused: metrics.frameRefused,
    onHeartbeat: async (link, heartbeat) => {
      const { hello } = link;
      if (hello === undefined) return;
      roll.heartbeat(hello, heartbeat);
      await feed.named(link, heartbeat.images.map(({ profileKey }) => profileKey));
    },
    onEvidence: async (link, { profileKey, document }) => {
      const { hello } = link;
      if (hello === undefined) return;
      const received = await book.receive(hello, profileKey, document);
      if (!received.ok) {
        const { reason, detail } = received;
        metrics.evidence(reason);
        const suppressed = gate.open(`evidence ${reason}`);
        if (suppressed === undefined) return;
        const { cluster, node } = hello;
        const security = !ORDINARY.has(reason);
        log.warn({ security, cluster, node, profileKey, reason, detail, suppressed },
          'evidence refused');
        return;
      }
      const { profile, changed, senderLacks } = received;
      metrics.evidence(changed ? 'merged' : 'unchanged');
      feed.brought(link, profile, { lacks: senderLacks });
      if (changed) feed.changed(profile, { now: false });
    },
  };
}
