/** What people have done with an incident, as stored. Times are of the collector's clock. */
export const verdicts = ['benign', 'malicious', 'unclear'] as const;
export type Verdict = (typeof verdicts)[number];

export type IncidentWork = {
  /** Grows with each step; 0 before the first. */
  readonly revision: number;
  readonly acknowledged: { readonly by: string; readonly atMs: number } | null;
  readonly assignee: string | null;
  readonly closed: {
    readonly by: string;
    readonly atMs: number;
    readonly why: string;
    readonly verdict: Verdict;
  } | null;
};

export const UNTOUCHED: IncidentWork = {
  revision: 0,
  acknowledged: null,
  assignee: null,
  closed: null,
};

export const noteKinds = ['comment', 'acknowledge', 'assign', 'close', 'reopen'] as const;

export type IncidentNote = {
  readonly id: string;
  readonly kind: (typeof noteKinds)[number];
  readonly by: string;
  readonly atMs: number;
  /** The comment, the assignee, the reason; plain text. */
  readonly text: string;
};

export const COMMENTS_MAX = 500;
/** Comments and steps together; the last of them are the store's own (reopening). */
export const NOTES_MAX = 1_000;

export type Step =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'assign'; readonly assignee: string | null }
  | { readonly kind: 'comment'; readonly text: string }
  | { readonly kind: 'close'; readonly verdict: Verdict; readonly why: string }
  | { readonly kind: 'reopen'; readonly why: string };

export type Stepped =
  | { readonly ok: true; readonly work: IncidentWork; readonly text: string }
  | { readonly ok: false; readonly reason: 'already' | 'closed' | 'not-closed' };

export type By = { readonly by: string; readonly atMs: number };

/**
 * What a step makes of the work. Taking over somebody else's acknowledgement is no step: the first
 * one counts, and `assign` says who works on it now. Comments are welcome at any time.
 */
export function stepped(work: IncidentWork, step: Step, { by, atMs }: By): Stepped {
  const next = { ...work, revision: work.revision + 1 };
  const acknowledged = work.acknowledged ?? { by, atMs };
  switch (step.kind) {
    case 'comment':
      // Two comments at the same time do not contradict each other: no revision is spent.
      return { ok: true, work, text: step.text };
    case 'acknowledge':
      if (work.closed !== null) return { ok: false, reason: 'closed' };
      if (work.acknowledged !== null) return { ok: false, reason: 'already' };
      return { ok: true, work: { ...next, acknowledged }, text: '' };
    case 'assign':
      if (work.assignee === step.assignee) return { ok: false, reason: 'already' };
      return { ok: true, work: { ...next, assignee: step.assignee }, text: step.assignee ?? '' };
    case 'close': {
      if (work.closed !== null) return { ok: false, reason: 'already' };
      const { verdict, why } = step;
      // Whoever closes it has seen it.
      const closed = { by, atMs, why, verdict };
      return { ok: true, work: { ...next, acknowledged, closed }, text: `${verdict}: ${why}` };
    }
    case 'reopen':
      if (work.closed === null) return { ok: false, reason: 'not-closed' };
      return { ok: true, work: { ...next, closed: null }, text: step.why };
  }
}
