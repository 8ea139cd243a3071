/**
 * Falco's condition language: the grammar of libsinsp's filter parser (`Expr`, `OrExpr`, `AndExpr`,
 * `NotExpr`, `Check`), strictly: what this takes, Falco takes. Macros and lists are identifiers.
 * Depth is bounded as Falco's is (100).
 */
export type Condition =
  | { readonly kind: 'or' | 'and'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'macro'; readonly name: string }
  | { readonly kind: 'check'; readonly field: string; readonly operator: 'exists' }
  | {
    readonly kind: 'check';
    readonly field: string;
    readonly operator: ValueOperator;
    readonly value: string;
  }
  | {
    readonly kind: 'check';
    readonly field: string;
    readonly operator: ListOperator;
    /** The name of a list stands for its items. */
    readonly values: readonly string[] | { readonly list: string };
  };

const numberOperators = ['<=', '<', '>=', '>'] as const;
const textOperators = ['==', '=', '!='] as const;
const wordOperators = ['glob', 'contains', 'icontains', 'startswith', 'endswith'] as const;
const listOperators = ['intersects', 'in', 'pmatch'] as const;
export type ValueOperator =
  | (typeof numberOperators)[number]
  | (typeof textOperators)[number]
  | (typeof wordOperators)[number];
export type ListOperator = (typeof listOperators)[number];

const DEPTH_MAX = 100;
const BLANK = /[ \b\t\n\r]*/y;
const IDENTIFIER = /[a-zA-Z]+[a-zA-Z0-9_]*/y;
const FIELD = /[a-zA-Z]+[a-zA-Z0-9_]*(?:\.[a-zA-Z]+[a-zA-Z0-9_]*)+(?:\[[^ \b\t\n\r[\]"']+\])?/y;
const NUMBER = /0[xX][0-9a-fA-F]+|[+-]?[0-9]+\.?[0-9]*(?:[eE][+-][0-9]+)?/y;
const BARE = /[^ \b\t\n\r(),="']+/y;
const QUOTED = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/sy;

export class ConditionError extends Error {
  readonly at: number;

  constructor(at: number, expected: string) {
    super(`expected ${expected} at ${at}`);
    this.name = 'ConditionError';
    this.at = at;
  }
}

/** Throws `ConditionError` with the place of what is not in the grammar. */
export function parseCondition(text: string): Condition {
  return new Parser(text).whole();
}

class Parser {
  readonly #text: string;
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Condition {
    const condition = this.#list('or');
    if (this.#at !== this.#text.length) throw this.#error('"or", "and" or the end');
    return condition;
  }

  #list(kind: 'or' | 'and'): Condition {
    this.#depth += 1;
    if (this.#depth >= DEPTH_MAX) throw this.#error(`less than ${DEPTH_MAX} levels`);
    const of = [kind === 'or' ? this.#list('and') : this.#negated()];
    for (this.#blank(); this.#word(kind); this.#blank()) {
      of.push(kind === 'or' ? this.#list('and') : this.#negated());
    }
    this.#depth -= 1;
    const [first] = of;
    return of.length === 1 && first !== undefined ? first : { kind, of };
  }

  #negated(): Condition {
    let isNot = false;
    for (this.#blank(); this.#word('not'); this.#blank()) isNot = !isNot;
    const check = this.#check();
    return isNot ? { kind: 'not', of: check } : check;
  }

  #check(): Condition {
    this.#blank();
    if (this.#take('(')) {
      const inner = this.#list('or');
      this.#blank();
      if (!this.#take(')')) throw this.#error('")"');
      return inner;
    }
    const field = this.#match(FIELD);
    if (field !== undefined) return this.#checkOf(field);
    const name = this.#match(IDENTIFIER);
    if (name === undefined) throw this.#error('"(", a field or an identifier');
    return { kind: 'macro', name };
  }

  #checkOf(field: string): Condition {
    this.#blank();
    if (this.#word('exists')) return { kind: 'check', field, operator: 'exists' };
    for (const operator of [...numberOperators, ...textOperators]) {
      if (!this.#take(operator)) continue;
      this.#blank();
      const isNumber = (numberOperators as readonly string[]).includes(operator);
      const value = isNumber ? this.#match(NUMBER) : this.#value();
      if (value === undefined) throw this.#error(isNumber ? 'a number' : 'a value');
      return { kind: 'check', field, operator, value };
    }
    for (const operator of wordOperators) {
      if (!this.#word(operator)) continue;
      this.#blank();
      const value = this.#value();
      if (value === undefined) throw this.#error('a value');
      return { kind: 'check', field, operator, value };
    }
    for (const operator of listOperators) {
      if (this.#word(operator)) return { kind: 'check', field, operator, values: this.#values() };
    }
    throw this.#error('an operator');
  }

  #values(): readonly string[] | { readonly list: string } {
    this.#blank();
    if (!this.#take('(')) {
      const list = this.#match(IDENTIFIER);
      if (list === undefined) throw this.#error('a list or its name');
      return { list };
    }
    const values: string[] = [];
    this.#blank();
    if (this.#take(')')) return values;
    do {
      this.#blank();
      const value = this.#value();
      if (value === undefined) throw this.#error('a value');
      values.push(value);
      this.#blank();
    } while (this.#take(','));
    if (!this.#take(')')) throw this.#error('")"');
    return values;
  }

  #value(): string | undefined {
    const quoted = this.#match(QUOTED);
    if (quoted !== undefined) return quoted.slice(1, -1).replace(/\\(.)/gs, '$1');
    return this.#match(BARE);
  }

  #word(word: string): boolean {
    const next = this.#text[this.#at + word.length] ?? ' ';
    if (!this.#text.startsWith(word, this.#at) || !/[ \b\t\n\r(]/.test(next)) return false;
    this.#at += word.length;
    return true;
  }

  #take(text: string): boolean {
    if (!this.#text.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #blank(): void {
    this.#match(BLANK);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }

  #error(expected: string): ConditionError {
    return new ConditionError(this.#at, expected);
  }
}
