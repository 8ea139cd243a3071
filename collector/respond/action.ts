import type { Clock } from '../clock.ts';
import type { Kube, PodView } from '../kube/kube.ts';
import type { AgentCommands } from './agent-commands.ts';
import { kubeFailed, skipped } from './outcome.ts';
import type { ActionOutcome } from './outcome.ts';
import type { Response, Reversal, UndoRecord } from './response.ts';

/**
 * One action. `run` looks first (the uid must be the one that was meant), acts, and looks again; it
 * may be run any number of times. With `dryRun` everything is checked and nothing changes.
 */
export type Action = {
  /** Ends a process or a pod: evidence comes first. */
  readonly isDestructive: boolean;
  /** Takes a replica out of work: the workload must stay healthy without it. */
  readonly isDisruptive: boolean;
  /** The agent watches afterwards whether it is so. */
  readonly isWatched: boolean;
  readonly reversal: Reversal | null;
  /** In words, for the plan: "delete the pod". */
  readonly words: string;
  run(response: Response, context: ActionContext): Promise<ActionOutcome>;
  /**
   * Only reads: `done` when the effect is there. For a response that had begun when people pressed
   * the stop button; absent where only the agent could say.
   */
  look?(response: Response, context: ActionContext): Promise<ActionOutcome>;
  /** What the way back needs to know; stored before `run`. */
  undo?(response: Response, context: ActionContext): Promise<UndoFound>;
};

export type UndoFound =
  | { readonly ok: true; readonly undo: UndoRecord }
  | { readonly ok: false; readonly outcome: ActionOutcome };

export type ActionContext = {
  readonly kube: Kube;
  readonly agents: AgentCommands;
  readonly clock: Clock;
  readonly forensicsNamespace: string;
  readonly dryRun: boolean;
  /** The pod as the guardrails saw it a moment ago; its uid is a precondition all the same. */
  readonly seen?: PodView | undefined;
  /** The action was begun before (by us, perhaps before a crash): its effect may be there. */
  readonly isAgain: boolean;
};

/** An object's status changes while we patch it; each attempt reads it anew. */
export const PATCH_ATTEMPTS_MAX = 5;

export type Found =
  | { readonly ok: true; readonly pod: PodView }
  | { readonly ok: false; readonly outcome: ActionOutcome };

/** Not asked again when it was seen right before; whoever acts on it names its uid. */
export const seenOrFound = (response: Response, { kube, seen }: ActionContext): Promise<Found> =>
  seen === undefined ? findPod(response, kube) : Promise.resolve({ ok: true, pod: seen });

/** The pod that was meant, or why it is not there. */
export async function findPod({ target }: Response, kube: Kube): Promise<Found> {
  const read = await kube.readPod({ namespace: target.namespace, name: target.pod });
  if (!read.ok) return { ok: false, outcome: kubeFailed(read) };
  if (read.value.uid !== target.podUid) {
    return {
      ok: false,
      outcome: skipped('pod-replaced', `the name now belongs to pod ${read.value.uid}`),
    };
  }
  return { ok: true, pod: read.value };
}

export const changing = (what: string): ActionOutcome => ({
  kind: 'failed',
  reason: 'unavailable',
  detail: `the ${what} changed during every attempt`,
  retryAfterMs: 1_000,
});

export const absent = (detail: string): ActionOutcome => skipped('paused', detail);
