import type { ProfileAlgebra } from '../profiles/profile-book.ts';

/** The smallest profile there is: a set of words. Union is all that merging must be. */
export const setAlgebra: ProfileAlgebra<ReadonlySet<string>> = {
  parse: (json) =>
    Array.isArray(json) && json.every((word) => typeof word === 'string')
      ? { ok: true, profile: new Set<string>(json) }
      : { ok: false, error: 'expected a list of words' },
  merge: (left, right) => new Set([...left, ...right]),
  toJson: (profile) => [...profile].toSorted(),
};
