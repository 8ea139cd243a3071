/**
 * How usual a sequence of symbols is: an interpolated Witten–Bell model of order k.
 *
 * P(w | h) = (c(hw) + T(h) · P(w | h′)) / (c(h) + T(h)), where T(h) is in how many different ways
 * the context h went on, h′ is h without its oldest symbol, and below the empty context lies the
 * uniform distribution over the alphabet. Symbols are small integers; 0 stands for every symbol
 * outside the alphabet, so that no input is an error. Order k looks k − 1 symbols back; before the
 * first symbol lies a start mark.
 *
 * Bounds: `contextsMax` contexts. When they are used up new contexts are not kept (`refused`
 * counts the observations) and the model falls back to shorter ones: it becomes coarser, never
 * wrong. Counts add up in a merge, so a model must be merged once: it is evidence of different
 * processes, not a state to repeat.
 */

export const SEQUENCE_ORDER = 3;
export const CONTEXTS_MAX = 65_536;
const ORDER_MAX = 16;
const START = -1;

export type SequenceOptions = {
  /** Symbols are 0 … alphabetSize − 1. */
  readonly alphabetSize: number;
  readonly order?: number;
  readonly contextsMax?: number;
};

export type ExportedContext = {
  /** The symbols before, oldest first; −1 is the start of the process. */
  readonly context: readonly number[];
  /** Symbol and how often it followed, by symbol. */
  readonly next: readonly (readonly [symbol: number, count: number])[];
};

/** One context: how often it went on with which symbol, and the contexts one symbol longer. */
type Context = {
  total: number;
  readonly next: Map<number, number>;
  /** By the symbol before the ones of this context. */
  readonly longer: Map<number, Context>;
};

export class WittenBell {
  readonly order: number;
  readonly alphabetSize: number;
  readonly contextsMax: number;
  /** Observations in contexts that found no room. */
  refused = 0;
  #root: Context = emptyContext();
  #contexts = 1;

  constructor(options: SequenceOptions) {
    this.order = bounded('order', options.order ?? SEQUENCE_ORDER, ORDER_MAX);
    this.alphabetSize = bounded('alphabetSize', options.alphabetSize, 2 ** 24);
    this.contextsMax = bounded('contextsMax', options.contextsMax ?? CONTEXTS_MAX, 2 ** 24);
  }

  get contexts(): number {
    return this.#contexts;
  }

  /** Symbols learned. */
  get observations(): number {
    return this.#root.total;
  }

  learn(sequence: readonly number[]): void {
    for (let at = 0; at < sequence.length; at += 1) {
      const symbol = this.#symbol(sequence[at]);
      let context = this.#root;
      count(context, symbol, 1);
      for (let back = 1; back < this.order && at - back >= START; back += 1) {
        const longer = this.#longer(context, this.#before(sequence, at - back));
        if (longer === null) {
          this.refused += 1;
          break;
        }
        context = longer;
        count(context, symbol, 1);
      }
    }
  }

  /** P(symbol | what came before it). Only the last k − 1 symbols of `before` matter. */
  probability(symbol: number, before: readonly number[]): number {
    return this.#probability(this.#symbol(symbol), before, before.length);
  }

  /** Mean bits per symbol over the whole sequence, 0 for an empty one. Never the worst window. */
  bits(sequence: readonly number[]): number {
    let bits = 0;
    for (let at = 0; at < sequence.length; at += 1) {
      bits -= Math.log2(this.#probability(this.#symbol(sequence[at]), sequence, at));
    }
    return sequence.length === 0 ? 0 : bits / sequence.length;
  }

  /** Evidence of both. Where the bound is reached, shorter and more frequent contexts stay. */
  static merge(a: WittenBell, b: WittenBell): WittenBell {
    if (a.order !== b.order || a.alphabetSize !== b.alphabetSize) {
      throw new RangeError('models of different order or alphabet do not merge');
    }
    const merged = new WittenBell({
      order: a.order,
      alphabetSize: a.alphabetSize,
      contextsMax: Math.max(a.contextsMax, b.contextsMax),
    });
    addInto(merged.#root, a.#root);
    addInto(merged.#root, b.#root);
    merged.refused = a.refused + b.refused;
    merged.#contexts = countContexts(merged.#root);
    merged.#shrink();
    return merged;
  }

  /** Everything that was learned, in one order: equal models are equal texts. */
  export(): readonly ExportedContext[] {
    return contextsOf(this.#root).map(({ path, context }) => ({
      context: path,
      next: [...context.next].sort((x, y) => x[0] - y[0]),
    }));
  }

  #probability(symbol: number, sequence: readonly number[], at: number): number {
    let probability = 1 / this.alphabetSize;
    let context: Context | undefined = this.#root;
    for (let back = 1; context !== undefined; back += 1) {
      if (context.total > 0) {
        const kinds = context.next.size;
        const seen = context.next.get(symbol) ?? 0;
        probability = (seen + kinds * probability) / (context.total + kinds);
      }
      if (back >= this.order || at - back < START) break;
      context = context.longer.get(this.#before(sequence, at - back));
    }
    return probability;
  }

  #before(sequence: readonly number[], at: number): number {
    return at === START ? START : this.#symbol(sequence[at]);
  }

  #symbol(symbol: number | undefined): number {
    const known = symbol !== undefined && Number.isInteger(symbol) && symbol > 0;
    return known && symbol < this.alphabetSize ? symbol : 0;
  }

  #longer(context: Context, before: number): Context | null {
    const known = context.longer.get(before);
    if (known !== undefined) return known;
    if (this.#contexts >= this.contextsMax) return null;
    const longer = emptyContext();
    context.longer.set(before, longer);
    this.#contexts += 1;
    return longer;
  }

  #shrink(): void {
    if (this.#contexts <= this.contextsMax) return;
    const ranked = contextsOf(this.#root).sort(byWorth);
    for (const { context, parent, path } of ranked.slice(this.contextsMax)) {
      this.refused += context.total;
      parent?.longer.delete(path[0] as number);
    }
    this.#contexts = this.contextsMax;
  }
}

function bounded(name: string, value: number, max: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw new RangeError(`${name}: ${value} is not a whole number from 1 to ${max}`);
}

function emptyContext(): Context {
  return { total: 0, next: new Map(), longer: new Map() };
}

function count(context: Context, symbol: number, times: number): void {
  context.total += times;
  context.next.set(symbol, (context.next.get(symbol) ?? 0) + times);
}

function addInto(into: Context, from: Context): void {
  for (const [symbol, times] of from.next) count(into, symbol, times);
  for (const [before, longer] of from.longer) {
    let own = into.longer.get(before);
    if (own === undefined) {
      own = emptyContext();
      into.longer.set(before, own);
    }
    addInto(own, longer);
  }
}

function countContexts(context: Context): number {
  let total = 1;
  for (const longer of context.longer.values()) total += countContexts(longer);
  return total;
}

type Placed = {
  readonly path: readonly number[];
  readonly context: Context;
  readonly parent: Context | null;
};

/** All contexts, shorter ones first, then by their symbols; a path is oldest symbol first. */
function contextsOf(root: Context): Placed[] {
  const all: Placed[] = [{ path: [], context: root, parent: null }];
  for (let at = 0; at < all.length; at += 1) {
    const { path, context } = all[at] as Placed;
    for (const [before, longer] of [...context.longer].sort((x, y) => x[0] - y[0])) {
      all.push({ path: [before, ...path], context: longer, parent: context });
    }
  }
  return all;
}

/** A context is never worth more than the shorter one it hangs on, so no branch is cut in two. */
function byWorth(a: Placed, b: Placed): number {
  if (a.path.length !== b.path.length) return a.path.length - b.path.length;
  if (a.context.total !== b.context.total) return b.context.total - a.context.total;
  for (let at = a.path.length - 1; at >= 0; at -= 1) {
    const difference = (a.path[at] as number) - (b.path[at] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
