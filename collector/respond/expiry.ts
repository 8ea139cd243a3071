import type { Logger } from 'pino';

import type { Clock } from '../clock.ts';
import { actions } from './actions/all.ts';
import { COLLECTOR_ACTOR } from './four-eyes.ts';
import type { Proposals } from './proposals.ts';
import type { Response } from './response.ts';
import type { ResponseStore } from './response-store.ts';
import { REVERSAL_TERMS } from './terms.ts';

/**
 * What time ends: proposals that nobody approved, and containments whose time to live is over, for
 * which the way back is proposed and approved by the collector. One that fails (an agent that is
 * away) is begun again every `REVERSAL_RETRY_MS`, until it works or there is nothing to take back.
 */
const CHECK_MS = 10_000;
const PER_CHECK = 200;
const REVERSAL_RETRY_MS = 600_000;

export type ExpiryOptions = {
  readonly store: ResponseStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly proposals: Proposals;
  /** Something was approved. */
  readonly onApproved: () => void;
  /** False while another replica does this. */
  readonly mayExecute?: () => boolean;
};

export class Expiry {
  readonly #options: ExpiryOptions;
  #cancel: () => void = () => undefined;
  #checking: Promise<void> = Promise.resolve();
  #isStopped = false;

  constructor(options: ExpiryOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock, log } = this.#options;
    this.#cancel = clock.after(CHECK_MS, () => {
      this.#checking = this.#check()
        .catch((error: unknown) => {
          log.error({ err: error }, 'responses could not be expired, trying again');
        })
        .finally(() => {
          if (!this.#isStopped) this.start();
        });
    });
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#checking;
  }

  async #check(): Promise<void> {
    const { store, clock, proposals, mayExecute } = this.#options;
    if (mayExecute?.() === false) return;
    for (const response of await store.responsesInState('proposed', PER_CHECK)) {
      if (clock.now() < response.expiresAtMs) continue;
      await proposals.change(response.id, { kind: 'expire' }, COLLECTOR_ACTOR);
    }
    for (const response of await store.reversalsDue(clock.now(), PER_CHECK)) {
      await this.#reverse(response);
    }
  }

  async #reverse(response: Response): Promise<void> {
    const { clock, proposals, onApproved } = this.#options;
    const { reversal } = actions[response.action];
    if (reversal === null) return;
    const turn = Math.floor((clock.now() - response.reverseAtMs) / REVERSAL_RETRY_MS);
    const id = `${response.id}-ttl-${turn}`;
    const proposed = await proposals.insert({
      ...reversalOf(response),
      action: reversal,
      by: COLLECTOR_ACTOR,
      why: `its time to live of ${response.terms.ttlSeconds} s is over`,
    }, id);
    // Also when it exists: a crash may have come between the proposal and its approval, or a person
    // may have proposed the same and waits for somebody to approve it.
    const found = proposed.ok ? proposed.response.id : 'id' in proposed ? proposed.id : '';
    if ((await this.#options.store.readResponse(found))?.state !== 'proposed') return;
    const event = { kind: 'approve', by: COLLECTOR_ACTOR } as const;
    if ((await proposals.change(found, event, COLLECTOR_ACTOR)).ok) onApproved();
  }
}

/** The proposal that takes a response back, but for who wants it and why. */
export const reversalOf = (response: Response) => ({
  target: response.target,
  terms: REVERSAL_TERMS,
  incidentId: response.incidentId,
  alertId: response.alertId,
  behaviours: [],
  rule: '',
  reverses: response.id,
  undo: response.undo,
});
