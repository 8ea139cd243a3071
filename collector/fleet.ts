import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { AgentLink, LinkReceiver } from './link/agent-link.ts';
import type { AgentLinks } from './link/link-server.ts';
import type { LogGate } from './log-gate.ts';
import type { CollectorMetrics } from './metrics.ts';
import type { ProfileBook } from './profiles/profile-book.ts';
import type { AgentStore, StoredProfile } from './store/faces.ts';

/**
 * What the collector does with the frames of its agents: hellos, heartbeats and gaps are stored,
 * evidence is merged, and a merged profile goes to every agent that runs that image — those that
 * named its key in a heartbeat or in evidence of their own. An agent that names a key for the
 * first time gets what the fleet knows at once.
 */
const KEYS_PER_AGENT_MAX = 2_048;

export type FleetOptions = {
  readonly store: AgentStore;
  readonly book: Pick<ProfileBook<never>, 'receive' | 'read'>;
  /** Late, because the server is made with this receiver. */
  readonly links: () => AgentLinks;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
};

export function createFleet(options: FleetOptions): LinkReceiver {
  const { store, book, links, metrics, clock, log, gate } = options;

  const push = (link: AgentLink, { key, revision, document }: StoredProfile): void =>
    metrics.push(link.pushProfile(key, revision, document));

  const remember = (link: AgentLink, key: string): boolean => {
    if (link.profileKeys.has(key) || link.profileKeys.size >= KEYS_PER_AGENT_MAX) return false;
    link.profileKeys.add(key);
    return true;
  };

  return {
    onHello: (hello) => store.saveHello(hello, clock.now()),
    onBatch: metrics.batch,
    onRefused: metrics.frameRefused,
    onGap: async (agent, gap) => {
      if (await store.saveGap(agent, gap, clock.now())) metrics.gap(gap.cause);
    },
    onHeartbeat: async (link, heartbeat) => {
      const { hello } = link;
      if (hello === undefined) return;
      await store.saveHeartbeat(hello, heartbeat, clock.now());
      for (const { profileKey } of heartbeat.images) {
        if (!remember(link, profileKey)) continue;
        const known = await book.read(profileKey);
        if (known !== undefined) push(link, known);
      }
    },
    onEvidence: async (link, { profileKey, document }) => {
      const received = await book.receive(profileKey, document);
      if (!received.ok) {
        metrics.evidence(received.reason);
        const suppressed = gate.open(`evidence ${received.reason}`);
        if (suppressed !== undefined) {
          const { reason, detail } = received;
          const node = link.hello?.node;
          log.warn({ security: true, node, profileKey, reason, detail, suppressed },
            'evidence refused');
        }
        return;
      }
      metrics.evidence(received.changed ? 'merged' : 'unchanged');
      remember(link, profileKey);
      if (received.senderLacks) push(link, received.profile);
      if (!received.changed) return;
      for (const other of links().open()) {
        if (other !== link && other.profileKeys.has(profileKey)) push(other, received.profile);
      }
    },
  };
}
