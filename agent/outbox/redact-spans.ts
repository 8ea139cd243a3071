/**
 * Where secrets stand in a text. Every rule looks at the text as it came and says its spans;
 * only then everything is masked. A rule that ran on what another had masked could be led astray:
 * in `secret: "token":"x"` the value of `secret` is `token`, and `x` would stay.
 */

export const MASK = '***';

export type Span = { readonly start: number; readonly end: number };
export const NO_SPANS: readonly Span[] = [];

export function masked(text: string, spans: readonly Span[]): string {
  const ordered = spans
    .filter(({ start, end }) => end > start)
    .toSorted((left, right) => left.start - right.start || right.end - left.end);
  let out = '';
  let at = 0;
  for (const { start, end } of ordered) {
    if (end <= at) continue;
    if (start >= at) out += text.slice(at, start) + MASK;
    at = end;
  }
  return out + text.slice(at);
}

/**
 * Ends of words and next quotes, each place of the text walked once: rules ask for thousands of
 * starts in one word when somebody writes `token=token=token=…`.
 */
export class TextWalk {
  readonly #text: string;
  readonly #isBorder: (code: number) => boolean;
  #wordStart = -1;
  #wordEnd = -1;
  readonly #nextQuote = new Map<string, number>();

  constructor(text: string, isBorder: (code: number) => boolean) {
    this.#text = text;
    this.#isBorder = isBorder;
  }

  wordEnd(start: number): number {
    if (start >= this.#wordStart && start < this.#wordEnd) return this.#wordEnd;
    let end = start;
    while (end < this.#text.length && !this.#isBorder(this.#text.charCodeAt(end))) end += 1;
    this.#wordStart = start;
    this.#wordEnd = end;
    return end;
  }

  /** Inside the quotes that open at `at`, or the word that begins there. */
  quotedOrWord(at: number): Span {
    const quote = this.#text[at];
    if (quote !== '"' && quote !== "'") return { start: at, end: this.wordEnd(at) };
    const close = this.#quoteFrom(quote, at + 1);
    return { start: at + 1, end: close < 0 ? this.wordEnd(at + 1) : close };
  }

  /** Starts come in rising order, so an answer holds for every start up to itself. */
  #quoteFrom(quote: string, start: number): number {
    const known = this.#nextQuote.get(quote);
    if (known !== undefined && (known < 0 || known >= start)) return known;
    const next = this.#text.indexOf(quote, start);
    this.#nextQuote.set(quote, next);
    return next;
  }
}
