import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import type { Alert } from '../../../baseline/alert.ts';
import { rfc3339 } from '../../../baseline/episode/time.ts';
import type { GapRecord } from '../../../proto/lanner/v1/frames.ts';
import { systemClock } from '../../source/clock.ts';
import type { OutboxFailure } from '../failure.ts';
import { Outbox } from '../outbox.ts';
import type { OutboxCounts, OutboxOptions } from '../outbox.ts';
import { alertWith } from '../sample-alerts.ts';

/** Outboxes in a folder of their own for each test; `replaced`: what they told of broken files. */
export class OutboxRig {
  dir = '';
  path = '';
  readonly replaced: OutboxFailure[] = [];
  readonly #opened: Outbox[] = [];
  #epochs = 0;

  constructor() {
    beforeEach(() => {
      this.dir = mkdtempSync(join(tmpdir(), 'lanner-outbox-'));
      this.path = join(this.dir, 'state', 'outbox.sqlite');
      this.replaced.length = 0;
    });
    afterEach(() => {
      for (const outbox of this.#opened.splice(0)) closed(outbox);
      rmSync(this.dir, { recursive: true, force: true });
    });
  }

  open(options: Partial<OutboxOptions> = {}): Outbox {
    const outbox = new Outbox({
      path: this.path,
      cluster: 'lab',
      node: 'node-a',
      newEpoch: () => `epoch-${(this.#epochs += 1)}`,
      nowNs: () => systemClock.nowNs(),
      redact: { flags: new Set() },
      onReplaced: (failure) => this.replaced.push(failure),
      ...options,
    });
    this.#opened.push(outbox);
    return outbox;
  }
}

function closed(outbox: Outbox): void {
  try {
    outbox.close();
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes('not open')) throw error;
  }
}

export const alert = (id: string, partly: Partial<Alert> = {}): Alert =>
  alertWith({ id, ...partly });

/** Half a second long, so many seconds after 1970. */
export const gapAt = (second: number, partly: Partial<GapRecord> = {}): GapRecord => ({
  from: rfc3339(BigInt(second) * 1_000_000_000n),
  to: rfc3339(BigInt(second) * 1_000_000_000n + 500_000_000n),
  cause: 'falco-drop',
  eventsEstimate: 3,
  ...partly,
});

/** What the counts of alerts owe to their identity: 0. */
export function balance(counts: OutboxCounts): number {
  const folded = Object.values(counts.folded).reduce((sum, count) => sum + count, 0);
  return counts.found + counts.accepted -
    (counts.acknowledged + counts.superseded + folded + counts.pending);
}

export const gapBalance = ({ gaps }: OutboxCounts): number =>
  gaps.found + gaps.accepted - (gaps.acknowledged + gaps.folded + gaps.pending);
