import type { Logger } from 'pino';

import { sleep } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Kube, PodView } from '../kube/kube.ts';
import type { LoadedPolicy } from '../policy/load-policy.ts';
import type { ActionContext } from './action.ts';
import { actions } from './actions/all.ts';
import type { AgentCommands } from './agent-commands.ts';
import { auditOf } from './audit-entry.ts';
import { collectEvidence } from './evidence.ts';
import type { Evidence } from './evidence.ts';
import type { FollowUp } from './follow-up.ts';
import { COLLECTOR_ACTOR } from './four-eyes.ts';
import { guard, ofOtherCluster } from './guardrails.ts';
import { transition } from './machine.ts';
import type { ResponseEvent } from './machine.ts';
import { failed, skipped } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import type { PauseSwitch } from './pause.ts';
import { isReversal } from './response.ts';
import type { Response, UndoRecord } from './response.ts';
import type { EvidenceFileStore, ResponseStore } from './response-store.ts';
import { watchPod } from './watch.ts';

/**
 * Takes one response from approved to its end: guardrails, evidence, the action, the watch. Each
 * step is stored before what it names is done. Bounds: `ATTEMPTS_MAX` for the action, `VERIFY_MS`
 * for its effect, `BEGIN_WITHIN_MS` for its beginning: what could not begin in time is given up,
 * because the cluster it was approved for is no longer the one of now.
 */
const ATTEMPTS_MAX = 5;
const POLL_MS = 500;
/** Beyond the grace time: kubelet, garbage collection and a slow API server. */
const VERIFY_MS = 60_000;
export const BEGIN_WITHIN_MS = 600_000;

export type ExecutionOptions = {
  readonly store: ResponseStore & EvidenceFileStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly policy: () => LoadedPolicy;
  /** Undefined without a cluster. */
  readonly kube: Kube | undefined;
  /** Whether `kube` speaks to the cluster of that name. */
  readonly isOwnCluster: (cluster: string) => Promise<boolean>;
  readonly agents: AgentCommands;
  readonly pause: PauseSwitch;
  readonly followUp: FollowUp;
  readonly onFinished: (response: Response) => void;
};

/** Milliseconds until another attempt; undefined when there is nothing to wait for. */
export type Wait = number | undefined;

type Begun =
  | { readonly kind: 'begun'; readonly response: Response; readonly seen?: PodView }
  /** Its evidence comes first. */
  | { readonly kind: 'collect'; readonly response: Response }
  | { readonly kind: 'over'; readonly waitMs: Wait };

export class Execution {
  readonly #options: ExecutionOptions;
  readonly #stopping: AbortSignal;
  #beginning: Promise<unknown> = Promise.resolve();

  constructor(options: ExecutionOptions, stopping: AbortSignal) {
    this.#options = options;
    this.#stopping = stopping;
  }

  /** From `approved`, `collecting-evidence` or `executing` as far as it goes now. */
  async advance(response: Response): Promise<Wait> {
    const { kube } = this.#options;
    if (kube === undefined) {
      await this.#step(response, {
        kind: 'skip',
        reason: 'no-cluster',
        detail: 'not executed: the collector is connected to no cluster',
      });
      return undefined;
    }
    // Proposed before the settings said which cluster is ours, or while there was one alone.
    if (!await this.#options.isOwnCluster(response.target.cluster)) {
      return this.#finish(response, ofOtherCluster(response.target.cluster));
    }
    let begun = await this.#begin(response, kube);
    if (begun.kind === 'collect') {
      const evidence = await collectEvidence(begun.response, { ...this.#options, kube });
      if (this.#stopping.aborted) return undefined;
      begun = await this.#begin(begun.response, kube, evidence);
    }
    if (begun.kind !== 'begun') return begun.kind === 'over' ? begun.waitMs : undefined;
    const outcome = await this.#carryOut(begun, kube);
    return outcome === undefined ? undefined : this.#finish(begun.response, outcome);
  }

  /** From `verifying` to its end. */
  async watch(response: Response): Promise<void> {
    const aborted = new Promise<undefined>((resolve) => {
      if (this.#stopping.aborted) resolve(undefined);
      this.#stopping.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const watched = await Promise.race([watchPod(response, this.#options), aborted]);
    if (watched === undefined) return;
    const { store, followUp } = this.#options;
    // Released in the meantime: then what the pod does is no failure of the isolation.
    if ((await store.readResponse(response.id))?.state !== 'verifying') return;
    const { detail } = response;
    switch (watched.kind) {
      case 'quiet':
        await this.#step(response, { kind: 'succeed', detail, warnings: watched.problems });
        return;
      case 'unwatched': {
        const warning = `the agent did not watch whether it was effective: ${watched.detail}`;
        await this.#step(response, { kind: 'succeed', detail, warnings: [warning] });
        return;
      }
      case 'active':
        await followUp.notEffective(response, watched.detail);
        await this.#step(response, { kind: 'observe', detail: watched.detail });
    }
  }

  #contextOf(kube: Kube, response: Response): ActionContext {
    const { agents, clock, policy } = this.#options;
    const { forensicsNamespace } = policy().policy;
    const isAgain = response.attempts > 1;
    return { kube, agents, clock, forensicsNamespace, dryRun: false, isAgain };
  }

  #begin(response: Response, kube: Kube, evidence?: Evidence): Promise<Begun> {
    // One after the other: two that begin at once would both find room for one.
    const begun = this.#beginning.then(() => this.#tryBegin(response, kube, evidence));
    this.#beginning = begun.catch(() => undefined);
    return begun;
  }

  async #tryBegin(response: Response, kube: Kube, evidence?: Evidence): Promise<Begun> {
    const { pause, clock } = this.#options;
    if (isReversal(response.action)) return this.#storeBegin(response, {});
    if ((await pause.read()).isPaused) return this.#paused(response, kube);
    // What has begun before is beyond the guardrails: its pod may be gone by our own doing.
    if (response.attempts > 0) return this.#storeBegin(response, {});
    if (clock.now() - response.updatedAtMs > BEGIN_WITHIN_MS) {
      return this.#over(response, skipped('unavailable', 'it could not begin within 10 minutes'));
    }
    const nowMs = clock.now();
    const { policy } = this.#options.policy();
    const guarded = await guard(response, { ...this.#options, kube, policy, nowMs });
    if (!guarded.ok) return this.#refused(response, guarded.outcome);
    const { workload, node, pod } = guarded;
    if (evidence === undefined && needsEvidence(response)) {
      const collecting = response.state === 'collecting-evidence'
        ? response
        : await this.#step(response, { kind: 'collect' });
      return collecting === undefined
        ? { kind: 'over', waitMs: undefined }
        : { kind: 'collect', response: { ...collecting, target: { ...collecting.target, node } } };
    }
    if (evidence?.isComplete === false && response.terms.evidence === 'required') {
      return this.#over(response, skipped('evidence', evidence.warnings.join('; ')));
    }
    const undo = await actions[response.action].undo?.(response, this.#contextOf(kube, response));
    if (undo?.ok === false) return this.#refused(response, undo.outcome);
    const stored = await this.#storeBegin(response, {
      place: { workload, node },
      ...(evidence === undefined ? {} : { collected: evidence }),
      ...(undo === undefined ? {} : { undo: undo.undo }),
    });
    return stored.kind === 'begun' ? { ...stored, seen: pod } : stored;
  }

  async #storeBegin(response: Response, more: Omit<BeginEvent, 'kind'>): Promise<Begun> {
    const executing = await this.#step(response, { kind: 'begin', ...more });
    return executing === undefined
      ? { kind: 'over', waitMs: undefined }
      : { kind: 'begun', response: executing };
  }

  /** The stop button was pressed: nothing begins, and what had begun is only looked at. */
  async #paused(response: Response, kube: Kube): Promise<Begun> {
    const action = actions[response.action];
    if (response.attempts === 0) {
      return this.#over(response, skipped('paused', 'responses were paused before it began'));
    }
    if (action.look === undefined) {
      const detail = 'paused while it was under way: only the agent knows how far it came';
      return this.#over(response, failed('paused', detail));
    }
    const seen = await action.look(response, this.#contextOf(kube, response));
    if (seen.kind === 'skipped' && seen.reason === 'paused') {
      const detail = `responses were paused while it was under way: ${seen.detail}`;
      return this.#over(response, skipped('paused', detail));
    }
    // Between two attempts it stands in `approved`, which knows no effect.
    const begun = response.state === 'approved'
      ? await this.#step(response, { kind: 'begin' })
      : response;
    return begun === undefined ? { kind: 'over', waitMs: undefined } : this.#over(begun, seen);
  }

  async #refused(response: Response, outcome: ActionOutcome): Promise<Begun> {
    if (outcome.kind === 'skipped' && outcome.reason === 'kill-loop') {
      await this.#options.followUp.killLoop(response, outcome.detail);
    }
    // The cluster could not be asked: asked again, for as long as the approval is fresh.
    if (outcome.kind === 'failed' && outcome.retryAfterMs !== undefined) {
      return { kind: 'over', waitMs: outcome.retryAfterMs };
    }
    return this.#over(response, outcome);
  }

  async #over(response: Response, outcome: ActionOutcome): Promise<Begun> {
    return { kind: 'over', waitMs: await this.#finish(response, outcome) };
  }

  /** Undefined when the collector stops in the middle. */
  async #carryOut(
    { response, seen }: Extract<Begun, { kind: 'begun' }>,
    kube: Kube,
  ): Promise<ActionOutcome | undefined> {
    const { clock } = this.#options;
    const deadlineMs = clock.now() + response.terms.graceSeconds * 1_000 + VERIFY_MS;
    let context: ActionContext = { ...this.#contextOf(kube, response), seen };
    for (;;) {
      const outcome = await actions[response.action].run(response, context);
      if (outcome.kind !== 'pending') return outcome;
      if (clock.now() >= deadlineMs) return failed('not-verified', outcome.detail);
      context = { ...context, isAgain: true, seen: undefined };
      await sleep(clock, POLL_MS, this.#stopping);
      if (this.#stopping.aborted) return undefined;
    }
  }

  async #finish(response: Response, outcome: ActionOutcome): Promise<Wait> {
    switch (outcome.kind) {
      case 'done': {
        const { detail, warnings } = outcome;
        const isWatched = actions[response.action].isWatched && response.terms.watchSeconds > 0;
        const kind = isWatched ? 'watch' : 'succeed';
        // Before its own end: dying between the two, it comes here again and ends them both.
        await this.#undoOthers(response);
        await this.#step(response, { kind, detail, warnings });
        return undefined;
      }
      case 'skipped': {
        const { reason, detail } = outcome;
        // Nothing is left to take back: what was done is over as well.
        if (isMoot(reason)) await this.#undoOthers(response);
        await this.#step(response, { kind: 'skip', reason, detail });
        return undefined;
      }
      case 'failed': {
        const { reason, detail, retryAfterMs } = outcome;
        const isLast = retryAfterMs === undefined || response.attempts >= ATTEMPTS_MAX ||
          response.state !== 'executing';
        await this.#step(response, { kind: isLast ? 'fail' : 'retry', reason, detail });
        return isLast ? undefined : retryAfterMs;
      }
      case 'pending':
        throw new Error('an action that is under way has not finished');
    }
  }

  /** What a reversal took back is no longer in effect. */
  async #undoOthers(reversal: Response): Promise<void> {
    if (!isReversal(reversal.action)) return;
    for (const other of await this.#options.store.liveResponses(reversal.target.podUid)) {
      const isTakenBack = actions[other.action].reversal === reversal.action &&
        (reversal.reverses === other.id || isOfPod(reversal.action));
      if (isTakenBack) await this.#step(other, { kind: 'undo', by: reversal.id });
    }
  }

  /** Undefined when the step is not possible any more: somebody else was faster. */
  async #step(response: Response, event: ResponseEvent): Promise<Response | undefined> {
    const { store, clock, onFinished } = this.#options;
    const atMs = clock.now();
    const next = transition(response, event, atMs);
    if (!next.ok) return undefined;
    const audit = auditOf(next.response, event, { actor: COLLECTOR_ACTOR, atMs });
    if (!await store.updateResponse(next.response, audit)) return undefined;
    if (finals.includes(next.response.state)) onFinished(next.response);
    return next.response;
  }
}

type BeginEvent = {
  readonly kind: 'begin';
  readonly collected?: Evidence;
  readonly undo?: UndoRecord;
  readonly place?: { readonly workload: string; readonly node: string };
};

export const finals: readonly Response['state'][] = [
  'verified',
  'not-effective',
  'failed',
  'not-executed',
];

/** Release and thaw take back all there is on the pod; the others name what they take back. */
const isOfPod = (action: Response['action']): boolean => action === 'release' || action === 'thaw';

const isMoot = (reason: Response['reason']): boolean =>
  reason === 'pod-gone' || reason === 'pod-replaced' || reason === 'nothing-to-reverse';

/** Where it is required it is taken before any action; else before one that destroys it. */
const needsEvidence = ({ action, terms: { evidence } }: Response): boolean =>
  evidence === 'required' || (evidence === 'best-effort' && actions[action].isDestructive);
