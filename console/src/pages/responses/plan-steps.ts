/**
 * What a response will do, in the order it does it, as steps that each language has words for. The
 * collector says the same in English (`respond/plan.ts`); a test holds the two together, so that
 * what an approver reads here in any language is what will happen.
 */
export type ContainmentName =
  | 'kill'
  | 'isolate'
  | 'freeze'
  | 'kill-process'
  | 'label'
  | 'cordon'
  | 'scale-to-zero';
export type ReversalName = 'release' | 'thaw' | 'uncordon' | 'scale-back';
export type ActionName = ContainmentName | ReversalName;

export type PlannedResponse = {
  readonly action: ActionName;
  readonly terms: {
    readonly graceSeconds: number;
    readonly ttlSeconds: number;
    readonly watchSeconds: number;
    readonly evidence: 'required' | 'best-effort' | 'none';
    readonly fourEyes: boolean;
    readonly fallback: readonly ContainmentName[];
    readonly isAutomatic: boolean;
  };
  readonly reverseAtMs: number;
};

export type PlanStep =
  | { readonly kind: 'two-people' | 'no-way-back' }
  | { readonly kind: 'evidence'; readonly isRequired: boolean }
  | { readonly kind: 'act'; readonly action: ActionName; readonly graceSeconds: number | null }
  | { readonly kind: 'watch'; readonly seconds: number }
  | { readonly kind: 'then'; readonly action: ContainmentName; readonly isProposed: boolean }
  | { readonly kind: 'until-ordered'; readonly reversal: ReversalName }
  | {
    readonly kind: 'by-itself';
    readonly reversal: ReversalName;
    readonly seconds: number;
    readonly atMs: number;
  };

type ActionFacts = {
  readonly isDestructive: boolean;
  readonly isWatched: boolean;
  readonly reversal: ReversalName | null;
};

const mild: ActionFacts = { isDestructive: false, isWatched: false, reversal: null };
const destructive: ActionFacts = { ...mild, isDestructive: true };

export const actionFacts: Readonly<Record<ActionName, ActionFacts>> = {
  kill: destructive,
  'kill-process': destructive,
  'scale-to-zero': { ...destructive, reversal: 'scale-back' },
  isolate: { ...mild, isWatched: true, reversal: 'release' },
  freeze: { ...mild, isWatched: true, reversal: 'thaw' },
  label: { ...mild, reversal: 'release' },
  cordon: { ...mild, reversal: 'uncordon' },
  release: mild,
  thaw: mild,
  uncordon: mild,
  'scale-back': mild,
};

export function planSteps({ action, terms, reverseAtMs }: PlannedResponse): readonly PlanStep[] {
  const { isDestructive, isWatched, reversal } = actionFacts[action];
  const { evidence, watchSeconds, fallback, ttlSeconds, fourEyes, isAutomatic } = terms;
  const steps: PlanStep[] = [];
  if (fourEyes) steps.push({ kind: 'two-people' });
  if (evidence === 'required' || (evidence === 'best-effort' && isDestructive)) {
    steps.push({ kind: 'evidence', isRequired: evidence === 'required' });
  }
  steps.push({ kind: 'act', action, graceSeconds: action === 'kill' ? terms.graceSeconds : null });
  if (isWatched && watchSeconds > 0) steps.push({ kind: 'watch', seconds: watchSeconds });
  for (const next of fallback) {
    steps.push({ kind: 'then', action: next, isProposed: !isAutomatic });
  }
  if (reversal === null) {
    if (isDestructive) steps.push({ kind: 'no-way-back' });
  } else if (ttlSeconds === 0) {
    steps.push({ kind: 'until-ordered', reversal });
  } else {
    steps.push({ kind: 'by-itself', reversal, seconds: ttlSeconds, atMs: reverseAtMs });
  }
  return steps;
}
