/** What was wrong with a policy that was refused, as the audit keeps it; whatever else it holds. */
export type PolicyProblem = { readonly key: string; readonly problem: string };

export function problemsOf(detail: unknown): readonly PolicyProblem[] {
  const errors = isRecord(detail) ? detail['errors'] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.filter(isRecord).map(({ key, problem, expected }) => ({
    key: textOf(key),
    problem: [textOf(problem), expected === '' ? '' : `(${textOf(expected)})`]
      .filter((part) => part !== '' && part !== '()').join(' '),
  }));
}

/** The hash of the text that came into force, or was refused. */
export const hashOf = (detail: unknown): string =>
  (isRecord(detail) ? textOf(detail['hash']) : '');

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
