import type { Span } from './redact-spans.ts';
import { NO_SPANS, TextWalk } from './redact-spans.ts';

/**
 * Secrets that show by the name before them: `--password=x`, `PGPASSWORD=x`, `"token": "x"`,
 * `?api_key=x&`, `Authorization: Bearer x`. The names are found by literals alone, the name around
 * and the value behind are walked once, so the time is linear in the text.
 */
const NAME_PARTS = [
  'passw', 'passphrase', 'passwd', '-pass', '_pass', 'secret', 'token', 'apikey', 'api_key',
  'api-key', 'credential', 'private_key', 'private-key', 'privatekey', 'access_key', 'access-key',
  'accesskey', 'authorization', 'auth_key', 'authkey', 'cookie', 'signature', 'sas_key',
  'accountkey', 'requirepass', 'masterauth',
] as const;
const NAME_PART = new RegExp(NAME_PARTS.join('|'), 'gi');
/** Names too short to be looked for inside others; `MYSQL_PWD` is meant, `PWD` is the folder. */
const SHORT_NAME = /(?<![A-Za-z0-9.])(?:pass|pwd|auth|pw)(?=["']?[:=])/gi;
const WORKING_DIRECTORY = 'PWD';

/** Names that hold such a part and no secret. */
const HARMLESS: ReadonlySet<string> = new Set([
  'passwd-file', 'password-file', 'token-file', 'tokenizer', 'secretname', 'secret-name',
]);

/** A name is not looked at beyond this on either side. */
const NAME_LENGTH_MAX = 64;
/** `Authorization: Bearer x`: the word before the secret is no secret. */
const SCHEMES: ReadonlySet<string> = new Set([
  'bearer', 'basic', 'digest', 'token', 'negotiate', 'apikey', 'aws4-hmac-sha256',
]);
const SCHEME_LENGTH_MAX = 20;

export function keySpans(text: string): readonly Span[] {
  // Between a name and its value stands one of these.
  if (!text.includes('=') && !text.includes(':')) return NO_SPANS;
  const spans: Span[] = [];
  const walk = new TextWalk(text, isValueBorder);
  for (const at of nameStarts(text)) {
    const start = valueAfter(text, at);
    if (start !== null) spans.push(walk.quotedOrWord(start));
  }
  return spans;
}

/** `Bearer x` without a header's name before it. */
export function bearerSpans(text: string): readonly Span[] {
  if (!BEARER.test(text)) return NO_SPANS;
  const spans: Span[] = [];
  const walk = new TextWalk(text, isValueBorder);
  for (const match of text.matchAll(/bearer /gi)) {
    const start = match.index + match[0].length;
    const end = walk.wordEnd(start);
    if (end - start >= BEARER_LENGTH_MIN) spans.push({ start, end });
  }
  return spans;
}

const BEARER = /bearer /i;
/** Shorter words after "bearer" are prose. */
const BEARER_LENGTH_MIN = 8;

function nameStarts(text: string): readonly number[] {
  const starts: number[] = [];
  for (const match of text.matchAll(NAME_PART)) starts.push(match.index);
  for (const match of text.matchAll(SHORT_NAME)) {
    const isFolder = match[0] === WORKING_DIRECTORY && text[match.index - 1] !== '_';
    if (!isFolder) starts.push(match.index);
  }
  return starts.toSorted((left, right) => left - right);
}

/** Where the value of the name at `at` begins, or null where no `=` or `:` follows the name. */
function valueAfter(text: string, at: number): number | null {
  let end = at;
  const stop = Math.min(text.length, at + NAME_LENGTH_MAX);
  while (end < stop && isNameChar(text.charCodeAt(end))) end += 1;
  if (HARMLESS.has(text.slice(at, end).toLowerCase())) return null;
  let cursor = end;
  if (isQuote(text[cursor])) cursor += 1;
  const isSpaced = text[cursor] === ' ' && text[cursor + 1] === ':';
  if (isSpaced) cursor += 1;
  const sign = text[cursor];
  if (sign !== '=' && sign !== ':') return null;
  // "wrote /etc/passwd: never seen" is a path in a sentence.
  if (sign === ':' && isInPath(text, at)) return null;
  cursor += 1;
  // `name:=value`, `name==value` and the second half of `name::value`.
  if (text[cursor] === '=' || text[cursor] === ':') cursor += 1;
  if (sign === ':' && text[cursor] === ' ') cursor += 1;
  return cursor + schemeAt(text, cursor);
}

function isInPath(text: string, at: number): boolean {
  let start = at;
  const stop = Math.max(0, at - NAME_LENGTH_MAX);
  while (start > stop && isNameChar(text.charCodeAt(start - 1))) start -= 1;
  return text[start - 1] === '/';
}

function schemeAt(text: string, at: number): number {
  const space = text.slice(at, at + SCHEME_LENGTH_MAX).indexOf(' ');
  if (space <= 0) return 0;
  return SCHEMES.has(text.slice(at, at + space).toLowerCase()) ? space + 1 : 0;
}

/** Whitespace, quotes, and what separates fields of a query or a connection string. */
function isValueBorder(code: number): boolean {
  return code <= 32 || code === 34 || code === 39 || code === 38 || code === 59 || code === 44 ||
    code === 125;
}

function isNameChar(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) ||
    (code >= 48 && code <= 57) || code === 95 || code === 45 || code === 46;
}

const isQuote = (character: string | undefined): boolean =>
  character === '"' || character === "'";
