import type { ChannelCredentials } from '@grpc/grpc-js';
import pino from 'pino';

import type { Alert } from '../../baseline/alert.ts';
import type { AlertsFrame } from '../../proto/lanner/v1/frames.ts';
import type { LinkEnd } from '../link/agent-link.ts';
import { LinkServer } from '../link/link-server.ts';
import type { LinkServerOptions } from '../link/link-server.ts';
import type { Drop } from '../link/listener.ts';
import type { SecurityEvent } from '../link/security-event.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { ManualClock } from './clock.ts';
import { TestAgent } from './test-agent.ts';

/** A link server on a real socket with a store in memory, and all that it says. */
export class LinkRig {
  readonly clock = new ManualClock(Date.now());
  readonly refused: string[] = [];
  readonly events: SecurityEvent[] = [];
  readonly ends: LinkEnd[] = [];
  readonly dropped: Drop[] = [];
  readonly reloads: string[] = [];
  readonly #agents: TestAgent[] = [];
  store!: Store;
  server!: LinkServer;
  /** `localhost:port`, the name in the certificates. */
  address = '';

  async start(over: Partial<LinkServerOptions> = {}): Promise<void> {
    this.store = await openStore({ path: ':memory:', clock: this.clock });
    this.server = new LinkServer({
      address: '127.0.0.1:0',
      insecure: false,
      store: this.store,
      receiver: {
        onHello: async () => undefined,
        onWelcomed: async () => undefined,
        onEvidence: async () => undefined,
        onHeartbeat: async () => undefined,
        onBatch: () => undefined,
        onRefused: (reason) => this.refused.push(reason),
        onSecurityEvent: (event) => this.events.push(event),
      },
      clock: this.clock,
      log: pino({ level: 'silent' }),
      helloDeadlineMs: 10_000,
      windowBatches: 16,
      collectorVersion: '0.1.0',
      onEnded: (end) => this.ends.push(end),
      onDropped: (drop) => this.dropped.push(drop),
      onReload: (outcome) => this.reloads.push(outcome),
      ...over,
    });
    this.address = (await this.server.start()).replace('127.0.0.1', 'localhost');
  }

  get port(): number {
    return Number(this.address.split(':')[1]);
  }

  connect(credentials?: ChannelCredentials): TestAgent {
    const agent = new TestAgent(this.address, credentials);
    this.#agents.push(agent);
    return agent;
  }

  async alertCount(): Promise<number> {
    return (await this.store.counts()).alerts;
  }

  async stop(): Promise<void> {
    for (const agent of this.#agents) agent.cut();
    await this.server.stop();
    await this.store.close();
  }
}

export const batchOf = (sequence: number, ...alerts: readonly Alert[]): AlertsFrame => ({
  kind: 'alerts',
  epoch: 'e1',
  sequence,
  alerts,
  gaps: [],
});
