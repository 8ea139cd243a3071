import { randomUUID } from 'node:crypto';

import type { Logger } from 'pino';

import type { Clock } from './clock.ts';
import type { LogGate } from './log-gate.ts';
import type { CollectorMetrics } from './metrics.ts';
import { Curation } from './profiles/curation.ts';
import { DecisionBook } from './profiles/decision-book.ts';
import { ProfileBook } from './profiles/profile-book.ts';
import { ProfileFeed } from './profiles/profile-feed.ts';
import type { FeedLink } from './profiles/profile-feed.ts';
import type { Store } from './store/faces.ts';

/** Wires what belongs to profiles: the book, people's decisions, who is told, what people do. */
export type FleetProfiles = {
  readonly book: ProfileBook;
  readonly feed: ProfileFeed;
  readonly curation: Curation;
};

export function createFleetProfiles(parts: {
  readonly store: Store;
  readonly metrics: CollectorMetrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gate: LogGate;
  readonly links: () => readonly FeedLink[];
}): FleetProfiles {
  const { store, metrics, clock, log, gate, links } = parts;
  const complain = (message: Complaint, data: object): void => {
    const suppressed = gate.open(message);
    if (suppressed !== undefined) log.error({ ...data, suppressed }, message);
  };
  const decisions = new DecisionBook({
    store,
    clock,
    newId: () => `decision-${randomUUID()}`,
    onDecided: metrics.profileDecided,
  });
  const book = new ProfileBook({
    store,
    clock,
    decisions,
    onUnreadable: (key, detail) => {
      metrics.evidence('unreadable');
      complain('a stored profile cannot be read', { key, detail });
    },
  });
  const feed = new ProfileFeed({
    store,
    decisions,
    links,
    clock,
    onPush: metrics.push,
    onFailed: (error) => complain('profiles could not be pushed', { err: error }),
  });
  return { book, feed, curation: new Curation({ store, book, decisions, feed }) };
}

type Complaint = 'a stored profile cannot be read' | 'profiles could not be pushed';
