import type { Span } from './redact-spans.ts';
import { NO_SPANS, TextWalk } from './redact-spans.ts';

/**
 * Secrets that show by their own form, wherever they stand. Each rule walks the text once with
 * `indexOf` or a single character class: no text makes it walk again, whoever writes it.
 */

const PEM_BEGIN = '-----BEGIN ';
const PEM_END = '-----END ';
const PEM_LABEL_LENGTH_MAX = 64;

/** Private keys. Without an end (cut text) everything behind the beginning goes. */
export function pemSpans(text: string): readonly Span[] {
  let at = text.indexOf(PEM_BEGIN);
  if (at < 0) return NO_SPANS;
  const spans: Span[] = [];
  while (at >= 0) {
    const label = at + PEM_BEGIN.length;
    const head = text.slice(label, label + PEM_LABEL_LENGTH_MAX);
    const dashes = head.indexOf('-----');
    if (dashes < 0 || !head.slice(0, dashes).includes('PRIVATE KEY')) {
      at = text.indexOf(PEM_BEGIN, label);
      continue;
    }
    const start = label + dashes + 5;
    const end = text.indexOf(PEM_END, start);
    spans.push({ start, end: end < 0 ? text.length : end });
    at = end < 0 ? -1 : text.indexOf(PEM_BEGIN, end);
  }
  return spans;
}

const PORT = /^[0-9]{1,5}$/;

/** `scheme://user:password@host`; the user stays, it is evidence. */
export function urlSpans(text: string): readonly Span[] {
  let slashes = text.indexOf('://');
  if (slashes < 0) return NO_SPANS;
  const spans: Span[] = [];
  const walk = new TextWalk(text, isUrlBorder);
  let lastAt = -1;
  let lastAtEnd = -1;
  for (; slashes >= 0; slashes = text.indexOf('://', slashes + 3)) {
    const start = slashes + 3;
    const end = walk.wordEnd(start);
    if (end !== lastAtEnd) {
      // A password may hold `/` and `?` though it should not: the word's last `@` decides.
      lastAt = text.lastIndexOf('@', end - 1);
      lastAtEnd = end;
    }
    const sign = firstSign(text, start, end);
    if (text[sign] !== ':') continue;
    if (lastAt > sign) {
      spans.push({ start: sign + 1, end: lastAt });
      continue;
    }
    // No `@`: a port, or a text that was cut inside the password.
    const hostEnd = firstSign(text, sign + 1, end);
    if (text[start] !== '[' && !PORT.test(text.slice(sign + 1, Math.min(hostEnd, sign + 7)))) {
      spans.push({ start: sign + 1, end });
    }
  }
  return spans;
}

function firstSign(text: string, start: number, end: number): number {
  let at = start;
  while (at < end && !isUrlSign(text.charCodeAt(at))) at += 1;
  return at;
}

/** `:`, `/`, `?`, `#` */
const isUrlSign = (code: number): boolean =>
  code === 58 || code === 47 || code === 63 || code === 35;

/** Whitespace, quotes, `<`, `>` and the backtick end a URL on a command line. */
const isUrlBorder = (code: number): boolean =>
  code <= 32 || code === 34 || code === 39 || code === 60 || code === 62 || code === 96;

type Form = { readonly prefix: string; readonly lengthMin: number };

/** Token forms that their issuers document, by prefix. `lengthMin` counts what follows it. */
const forms: readonly Form[] = [
  { prefix: 'AKIA', lengthMin: 16 },
  { prefix: 'ASIA', lengthMin: 16 },
  { prefix: 'AIza', lengthMin: 30 },
  { prefix: 'eyJ', lengthMin: 16 },
  { prefix: 'ghp_', lengthMin: 20 },
  { prefix: 'gho_', lengthMin: 20 },
  { prefix: 'ghs_', lengthMin: 20 },
  { prefix: 'ghu_', lengthMin: 20 },
  { prefix: 'github_pat_', lengthMin: 20 },
  { prefix: 'glpat-', lengthMin: 16 },
  { prefix: 'xoxb-', lengthMin: 16 },
  { prefix: 'xoxp-', lengthMin: 16 },
  { prefix: 'xapp-', lengthMin: 16 },
  { prefix: 'sk_live_', lengthMin: 16 },
  { prefix: 'sk-', lengthMin: 20 },
  { prefix: 'hvs.', lengthMin: 16 },
  { prefix: 'npm_', lengthMin: 20 },
  { prefix: 'dckr_pat_', lengthMin: 16 },
];

const TOKEN_RUN = /[A-Za-z0-9_.-]+/g;
/** No prefix holds a sign that means something here but the dot. */
const PREFIX = new RegExp(forms.map(({ prefix }) => prefix.replace('.', '\\.')).join('|'));

export function tokenSpans(text: string): readonly Span[] {
  if (!PREFIX.test(text)) return NO_SPANS;
  const spans: Span[] = [];
  for (const match of text.matchAll(TOKEN_RUN)) {
    const run = match[0];
    const start = forms.reduce((first, form) => Math.min(first, tokenStart(run, form)), run.length);
    if (start < run.length) {
      spans.push({ start: match.index + start, end: match.index + run.length });
    }
  }
  return spans;
}

/** Behind the prefix, or the run's length where the form is not in it. */
function tokenStart(run: string, { prefix, lengthMin }: Form): number {
  let at = run.indexOf(prefix);
  // Inside a longer word ("task-…") only a border before the prefix makes it a token.
  while (at > 0 && /[A-Za-z0-9]/.test(run[at - 1] ?? '')) at = run.indexOf(prefix, at + 1);
  const start = at + prefix.length;
  return at < 0 || run.length - start < lengthMin ? run.length : start;
}
