import { credentials } from '@grpc/grpc-js';
import type { Outbox } from '../outbox/outbox.ts';
import { systemClock } from '../source/clock.ts';
import { refuseCommand } from './command-desk.ts';
import { EvidenceBox } from './evidence-box.ts';
import { Link } from './link.ts';
import type { LinkOptions } from './options.ts';

/** A link for tests, in plaintext; `partly` says what matters to the test. */
export function linkOf(
  outbox: Outbox,
  address: string,
  partly: Partial<LinkOptions> = {},
): Link {
  return new Link({
    address,
    credentials: () => credentials.createInsecure(),
    outbox,
    evidence: new EvidenceBox(),
    clock: systemClock,
    random: () => 0,
    hello: () => ({
      cluster: 'lab',
      node: 'node-a',
      agentVersion: '0.1.0',
      falcoVersion: '0.40.0',
      capabilities: [],
    }),
    heartbeat: () => ({
      time: '2026-11-23T11:50:41.101903733Z',
      eventsReceived: 10,
      eventsJudged: 9,
      eventsDropped: 1,
      falcoVersion: '0.40.0',
      sensorState: 'streaming',
      sensorDetail: 'Falco 0.40.0',
      outboxPending: outbox.counts().pending,
      lagSeconds: 0.5,
      images: [],
    }),
    onProfile: () => undefined,
    onDecisions: () => undefined,
    onCommand: refuseCommand,
    onState: () => undefined,
    onOutboxFailure: (failure) => {
      throw failure;
    },
    heartbeatMs: 100,
    ...partly,
  });
}
