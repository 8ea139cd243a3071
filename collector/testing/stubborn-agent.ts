import type { Alert } from '../../baseline/alert.ts';
import { TestAgent } from './test-agent.ts';

/** Sends its batches until each is acknowledged, to whichever collector is there: as agents do. */
const WINDOW = 4;
const RETRY_MS = 100;

export async function sendStubbornly(options: {
  readonly node: string;
  /** Batch n has the sequence n + 1. */
  readonly batches: readonly (readonly Alert[])[];
  /** Another address each time, when one does not answer. */
  readonly address: (attempt: number) => string;
  readonly onAcknowledged: (sequence: number) => void;
}): Promise<void> {
  const { node, batches, address, onAcknowledged } = options;
  let acknowledged = 0;
  for (let attempt = 0; acknowledged < batches.length; attempt += 1) {
    const to = address(attempt);
    if (to === '') {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      continue;
    }
    const agent = new TestAgent(to);
    try {
      agent.hello({ node });
      const { committedSequence } = await agent.frame('welcome');
      acknowledged = Math.max(acknowledged, committedSequence);
      let sent = acknowledged;
      for (let acks = 0; acknowledged < batches.length; acks += 1) {
        for (; sent < batches.length && sent < acknowledged + WINDOW; sent += 1) {
          const alerts = batches[sent] ?? [];
          agent.send({ kind: 'alerts', epoch: 'e1', sequence: sent + 1, alerts, gaps: [] });
        }
        acknowledged = (await agent.frame('ack', acks)).sequence;
        onAcknowledged(acknowledged);
      }
    } catch {
      // The link ended; what was not acknowledged is sent again.
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    } finally {
      agent.cut();
    }
  }
}
