import type { Channel } from '../../baseline/alert.ts';
import type {
  Decision,
  DecisionKind,
  DecisionScope,
} from '../../baseline/profile/decisions.ts';

/**
 * What a person's wish means beside what was decided before; nothing here reads or writes. The
 * last word holds, whatever its scope (the baseline's rule). For one place and one behaviour there
 * is one decision in force: a new one takes the place of the old, and saying again what holds
 * already is refused, so that the list stays as long as there is something to say.
 */
export type Subject = { readonly profileKey: string; readonly repository: string };

export type Place = Subject & { readonly scope: DecisionScope };

export type Wish = Place & {
  readonly kind: DecisionKind;
  readonly channel: Channel;
  /** Empty for what is about whole profiles. */
  readonly value: string;
  readonly by: string;
  readonly why: string;
};

export const isInForce = (decision: Decision): boolean => decision.undoneAt === undefined;

const WIDTH: Readonly<Record<DecisionScope, number>> = { image: 0, lineage: 1, everywhere: 2 };

const TOPIC: Readonly<Record<DecisionKind, 'behaviour' | 'lock' | 'reset'>> = {
  accept: 'behaviour',
  reject: 'behaviour',
  lock: 'lock',
  unlock: 'lock',
  reset: 'reset',
};

/** Whether it holds for that profile. */
export function holdsFor(decision: Decision, { profileKey, repository }: Subject): boolean {
  switch (decision.scope) {
    case 'everywhere':
      return true;
    case 'lineage':
      // An image without a repository has no lineage but itself.
      if (decision.repository !== '') return decision.repository === repository;
      return decision.profileKey === profileKey;
    case 'image':
      return decision.profileKey === profileKey;
  }
}

const isSameTopic = (decision: Decision, wish: Wish): boolean =>
  TOPIC[decision.kind] === TOPIC[wish.kind] &&
  (TOPIC[wish.kind] !== 'behaviour' ||
    (decision.channel === wish.channel && decision.value === wish.value));

/** The word that holds now for the wish's profile. */
function lastWord(decisions: readonly Decision[], wish: Wish): Decision | undefined {
  return decisions
    .filter((decision) => isSameTopic(decision, wish) && holdsFor(decision, wish))
    .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))
    .at(-1);
}

/** The decision that makes the wish needless: the last word says the same, here or wider. */
export function saysAlready(decisions: readonly Decision[], wish: Wish): Decision | undefined {
  // A reset forgets what was learned up to now; an older one does not do that.
  if (wish.kind === 'reset') return undefined;
  const last = lastWord(decisions, wish);
  if (last?.kind !== wish.kind) return undefined;
  return WIDTH[last.scope] >= WIDTH[wish.scope] ? last : undefined;
}

/** Those that the wish takes the place of. */
export const replacedBy = (decisions: readonly Decision[], wish: Wish): readonly Decision[] =>
  decisions.filter((decision) =>
    decision.scope === wish.scope && holdsFor(decision, wish) && isSameTopic(decision, wish));

/** Whether taking back what it replaces says it all: an unlock where nothing else locks. */
export const isSaidByTakingBack = (kept: readonly Decision[], wish: Wish): boolean =>
  wish.kind === 'unlock' && lastWord(kept, wish)?.kind !== 'lock';

/** In words, for errors and lists: `accept "exec /bin/sh ← nginx" for docker.io/shop/web`. */
export function decisionText(decision: Decision): string {
  const what = decision.value === '' ? decision.kind : `${decision.kind} "${decision.value}"`;
  const where = decision.scope === 'everywhere'
    ? 'everywhere'
    : `for ${decision.scope === 'lineage' ? decision.repository : decision.profileKey}`;
  return `${what} ${where}`;
}
