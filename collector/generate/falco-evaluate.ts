import { isWithin } from './cidr.ts';
import type { Condition } from './falco-condition.ts';

/** What a condition says of an event, with the macros and lists of its file. */
export type RuleWords = {
  readonly macros: ReadonlyMap<string, Condition>;
  readonly lists: ReadonlyMap<string, readonly string[]>;
};

/** Undefined where Falco has no value: every comparison with it is false. */
export type FieldOf = (field: string) => string | undefined;

export function isTrue(condition: Condition, fieldOf: FieldOf, words: RuleWords): boolean {
  switch (condition.kind) {
    case 'or':
      return condition.of.some((one) => isTrue(one, fieldOf, words));
    case 'and':
      return condition.of.every((one) => isTrue(one, fieldOf, words));
    case 'not':
      return !isTrue(condition.of, fieldOf, words);
    case 'macro': {
      const macro = words.macros.get(condition.name);
      if (macro === undefined) throw new Error(`there is no macro ${condition.name}`);
      return isTrue(macro, fieldOf, words);
    }
    case 'check':
      return isChecked(condition, fieldOf, words);
  }
}

function isChecked(
  check: Extract<Condition, { kind: 'check' }>,
  fieldOf: FieldOf,
  { lists }: RuleWords,
): boolean {
  const actual = fieldOf(check.field);
  if (actual === undefined) return false;
  if (check.operator === 'exists') return true;
  const isNet = /^fd\.[cs]net$/.test(check.field);
  const isSame = (value: string): boolean =>
    (isNet ? isWithin(actual, value) : actual === value);
  if ('values' in check) {
    const { values } = check;
    // Falco puts a list's items in the place of its name, within parentheses too.
    const named = 'list' in values ? [values.list] : values;
    const all = named.flatMap((value) => lists.get(value) ?? [value]);
    if (check.operator !== 'pmatch') return all.some(isSame);
    return all.some((prefix) => actual === prefix || actual.startsWith(`${prefix}/`));
  }
  const { operator, value } = check;
  switch (operator) {
    case '=':
    case '==':
      return isSame(value);
    case '!=':
      return !isSame(value);
    case '<':
      return Number(actual) < Number(value);
    case '<=':
      return Number(actual) <= Number(value);
    case '>':
      return Number(actual) > Number(value);
    case '>=':
      return Number(actual) >= Number(value);
    case 'contains':
      return actual.includes(value);
    case 'icontains':
      return actual.toLowerCase().includes(value.toLowerCase());
    case 'startswith':
      return actual.startsWith(value);
    case 'endswith':
      return actual.endsWith(value);
    case 'glob':
      return globOf(value).test(actual);
  }
}

const GLOBS = new Map<string, RegExp>();
const GLOBS_MAX = 4_096;

/** fnmatch without FNM_PATHNAME: `*` and `?` also stand for a slash. */
function globOf(glob: string): RegExp {
  const known = GLOBS.get(glob);
  if (known !== undefined) return known;
  if (GLOBS.size >= GLOBS_MAX) GLOBS.clear();
  const source = glob.replace(/\[([^\]]+)\]|[*?]|[^*?[]/gsu, (part, set: string | undefined) => {
    if (part === '*') return '.*';
    if (part === '?') return '.';
    return set === undefined ? RegExp.escape(part) : `[${set.replace(/[\\^]/g, '\\$&')}]`;
  });
  const made = new RegExp(`^${source}$`, 'su');
  GLOBS.set(glob, made);
  return made;
}
