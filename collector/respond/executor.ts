import type { Logger } from 'pino';

import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Kube } from '../kube/kube.ts';
import { isProtected } from '../policy/decide.ts';
import type { Policy } from '../policy/policy.ts';
import type { ResponseStore } from './response-store.ts';
import { runAction } from './actions.ts';
import { auditOf } from './audit-entry.ts';
import { transition } from './machine.ts';
import type { ResponseEvent } from './machine.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response } from './response.ts';

/**
 * Executes approved responses. The store is the queue: what is approved or was executing when a
 * collector died is found there. Bounds: `EXECUTIONS_MAX` at a time, `ATTEMPTS_MAX` for each, and
 * the policy's budget per namespace. When the store fails, nothing is begun; it is tried again.
 */
const EXECUTIONS_MAX = 8;
const ATTEMPTS_MAX = 5;
const POLL_MS = 500;
/** Beyond the grace time: kubelet, garbage collection and a slow API server. */
const VERIFY_MS = 60_000;
const STORE_RETRY_MS = 1_000;

export type ExecutorOptions = {
  readonly store: ResponseStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly policy: Policy;
  /** Undefined without a cluster. */
  readonly kube: Kube | undefined;
  readonly onFinished: (response: Response) => void;
};

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #running = new Map<string, Promise<void>>();
  /** Ids that wait for another attempt, with what cancels the waiting. */
  readonly #waiting = new Map<string, () => void>();
  readonly #stopping = new AbortController();
  #beginning: Promise<unknown> = Promise.resolve();
  #pumping: Promise<void> | undefined;
  #isWanted = false;
  #cancelRetry: () => void = () => undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  /** There may be something approved. */
  wake(): void {
    this.#isWanted = true;
    if (this.#stopping.signal.aborted || this.#pumping !== undefined) return;
    this.#pumping = this.#pump().finally(() => {
      this.#pumping = undefined;
      // Woken between the last look and this line.
      if (this.#isWanted) this.wake();
    });
  }

  /** What is under way is left in the store as `executing`, for the next start. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelRetry();
    for (const cancel of this.#waiting.values()) cancel();
    await this.#pumping;
    await Promise.all(this.#running.values());
  }

  async #pump(): Promise<void> {
    const { store, clock, log } = this.#options;
    try {
      while (this.#isWanted) {
        this.#isWanted = false;
        const limit = EXECUTIONS_MAX + this.#running.size + this.#waiting.size;
        const ready = [
          ...await store.responsesInState('executing', limit),
          ...await store.responsesInState('approved', limit),
        ].filter(({ id }) => !this.#running.has(id) && !this.#waiting.has(id));
        for (const response of ready) {
          if (this.#running.size >= EXECUTIONS_MAX || this.#stopping.signal.aborted) return;
          this.#start(response);
        }
      }
    } catch (error) {
      log.error({ err: error }, 'approved responses could not be read, trying again');
      this.#cancelRetry = clock.after(STORE_RETRY_MS, () => this.wake());
    }
  }

  #start(response: Response): void {
    const run = this.#execute(response)
      .catch((error: unknown) => {
        this.#options.log.error(
          { err: error, responseId: response.id },
          'a response could not be carried on, trying again',
        );
        this.#wait(response.id, STORE_RETRY_MS);
      })
      .finally(() => {
        this.#running.delete(response.id);
        this.wake();
      });
    this.#running.set(response.id, run);
  }

  #wait(id: string, ms: number): void {
    if (this.#stopping.signal.aborted) return;
    this.#waiting.set(id, this.#options.clock.after(ms, () => {
      this.#waiting.delete(id);
      this.wake();
    }));
  }

  async #execute(response: Response): Promise<void> {
    // One after the other: two that begin at once would both find room for one in the budget.
    const begun = this.#beginning.then(() => this.#begin(response));
    this.#beginning = begun.catch(() => undefined);
    const executing = await begun;
    const { kube } = this.#options;
    if (executing === undefined || kube === undefined) return;
    const outcome = await this.#carryOut(executing, kube);
    if (outcome !== undefined) await this.#finish(executing, outcome);
  }

  /** Undefined when it must not be executed, or somebody else was faster. */
  async #begin(response: Response): Promise<Response | undefined> {
    const { store, clock, policy, kube } = this.#options;
    const { namespace } = response.target;
    const skip = (event: Extract<ResponseEvent, { kind: 'skip' }>): Promise<undefined> =>
      this.#step(response, event).then(() => undefined);
    if (kube === undefined) {
      return skip({ kind: 'skip', reason: 'no-cluster', detail: 'not executed: no cluster' });
    }
    if (response.action !== 'release') {
      if (isProtected(policy, namespace)) {
        return skip({
          kind: 'skip',
          reason: 'protected-namespace',
          detail: `namespace ${namespace} is protected by the policy`,
        });
      }
      const { actionsMax, windowSeconds } = policy.budget;
      const sinceMs = clock.now() - windowSeconds * 1_000;
      const isCounted = response.executedAtMs > 0;
      if (!isCounted && await store.countExecuted(namespace, sinceMs) >= actionsMax) {
        return skip({
          kind: 'skip',
          reason: 'budget',
          detail: `${actionsMax} actions in ${windowSeconds} s in this namespace are the limit`,
        });
      }
    }
    return this.#step(response, { kind: 'begin' });
  }

  /** Undefined when the collector stops in the middle. */
  async #carryOut(response: Response, kube: Kube): Promise<ActionOutcome | undefined> {
    const { clock } = this.#options;
    const deadlineMs = clock.now() + response.graceSeconds * 1_000 + VERIFY_MS;
    let isAgain = response.attempts > 1;
    for (;;) {
      const outcome = await runAction(response, { kube, dryRun: false, isAgain });
      if (outcome.kind !== 'pending') return outcome;
      if (clock.now() >= deadlineMs) {
        return { kind: 'failed', reason: 'not-verified', detail: outcome.detail };
      }
      isAgain = true;
      await sleep(clock, POLL_MS, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return undefined;
    }
  }

  async #finish(response: Response, outcome: ActionOutcome): Promise<void> {
    switch (outcome.kind) {
      case 'done': {
        const { detail, warnings } = outcome;
        const verified = await this.#step(response, { kind: 'succeed', detail, warnings });
        if (verified?.action === 'release') await this.#undoOthers(verified);
        return;
      }
      case 'skipped': {
        const { reason, detail } = outcome;
        await this.#step(response, { kind: 'skip', reason, detail });
        return;
      }
      case 'failed': {
        const { reason, detail, retryAfterMs } = outcome;
        const isLast = retryAfterMs === undefined || response.attempts >= ATTEMPTS_MAX;
        if (!isLast) this.#wait(response.id, retryAfterMs);
        await this.#step(response, { kind: isLast ? 'fail' : 'retry', reason, detail });
        return;
      }
      case 'pending':
        throw new Error('an action that is under way has not finished');
    }
  }

  /** What the release took back is no longer in effect. */
  async #undoOthers(release: Response): Promise<void> {
    for (const other of await this.#options.store.liveResponses(release.target.podUid)) {
      if (other.state !== 'verified' || other.action === 'release') continue;
      if (other.action !== 'kill') await this.#step(other, { kind: 'undo', by: release.id });
    }
  }

  async #step(response: Response, event: ResponseEvent): Promise<Response | undefined> {
    const { store, clock, onFinished } = this.#options;
    const nowMs = clock.now();
    const next = transition(response, event, nowMs);
    if (!next.ok) return undefined;
    const isWritten = await store.updateResponse(
      next.response,
      auditOf(next.response, event, { actor: 'collector', atMs: nowMs }),
    );
    if (!isWritten) return undefined;
    if (['verified', 'failed', 'not-executed'].includes(next.response.state)) {
      onFinished(next.response);
    }
    return next.response;
  }
}
