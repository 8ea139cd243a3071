/**
 * The shape of a name: what stays when the parts that machines make up are taken out. Split on
 * `- . _`; digit runs become `<N>`, 8 or more lower-case hex digits `<H>`, 16 or more upper-case
 * hex digits `<X>`, 6 or more mixed letters and digits `<M>`; words of letters stay as they are.
 *
 * Shapes only *propose* that names belong together; whether a directory's group of names collapses
 * is decided by counting pods (path-tree.ts), because a shape alone would swallow `cron.d`-like
 * names that an attacker picks.
 */

const SEPARATORS = /([-._])/;
const DIGITS = /^[0-9]+$/;
const LOWER_HEX = /^[0-9a-f]{8,}$/;
const UPPER_HEX = /^[0-9A-F]{16,}$/;
const MIXED = /^(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9]{6,}$/;
const LETTERS = /^[A-Za-z]+$/;

/** Longest name that is looked at token by token; a longer one is one `<L>` token. */
export const SHAPE_CHARS_MAX = 256;

export function tokenShape(token: string): string {
  if (UPPER_HEX.test(token)) return '<X>';
  if (DIGITS.test(token)) return '<N>';
  if (LOWER_HEX.test(token) && !LETTERS.test(token)) return '<H>';
  if (MIXED.test(token)) return '<M>';
  return token.replace(/[0-9]+/g, '<N>');
}

/** Shape of one name (a path segment, a bare argument). */
export function nameShape(name: string): string {
  if (name.length > SHAPE_CHARS_MAX) return '<L>';
  let shape = '';
  for (const part of name.split(SEPARATORS)) shape += part === '' ? '' : tokenShape(part);
  return shape;
}

export function isTyped(shape: string): boolean {
  return /<[A-Z][0-9]*>/.test(shape);
}

/** A segment that stands for others, as `literalSegment` never leaves one. */
export function isPattern(segment: string): boolean {
  return segment === '*' || segment === '**' || PATTERN.test(segment);
}

/** After an even number of backslashes: those are names' own, an odd one marks a literal. */
const PATTERN = /(?:^|[^\\])(?:\\\\)*<[A-Zx][0-9]*>/;

/** A real name that looks like a pattern is marked: a file called `<N>` opens no directory. */
export function literalSegment(segment: string): string {
  return /[\\<*]/.test(segment) ? segment.replace(/[\\<*]/g, '\\$&') : segment;
}

/**
 * The one group of siblings that a name belongs to, or null when it stands for itself. One, not
 * several: where groups overlap, the order in which they collapse would decide what a name is
 * called, and merging two profiles could forget it.
 * - stem and length, `report.EysXcw` → `report.<C6>`: mktemp and tempfile make suffixes of one
 *   length, and about one in twenty has no digit that would give it away;
 * - short hex of one length, `a`, `3f` → `<x1>`, `<x2>`: the two-level fan-out of caches;
 * - the typed shape otherwise; digits alone are always `<N>`.
 */
export function siblingShape(name: string): string | null {
  if (name.length > SHAPE_CHARS_MAX) return null;
  if (DIGITS.test(name)) return '<N>';
  if (name.length <= SHORT_HEX_MAX && SHORT_HEX.test(name)) return `<x${name.length}>`;
  const shape = nameShape(name);
  const cut = name.search(/[-._]/);
  const rest = cut > 0 ? name.slice(cut + 1) : '';
  const isSuffix = rest.length >= SUFFIX_MIN && /^[A-Za-z0-9_-]+$/.test(rest);
  if (isSuffix && !/^<[NHX]>$/.test(nameShape(rest))) {
    return `${name.slice(0, cut + 1)}<C${rest.length}>`;
  }
  return isTyped(shape) ? shape : null;
}

const SHORT_HEX_MAX = 4;
const SHORT_HEX = /^[0-9a-f]+$/;
/** mktemp's default; shorter suffixes are words more often than not. */
const SUFFIX_MIN = 6;

/** Longest command line that is generalised argument by argument. */
export const ARGUMENTS_MAX = 64;

/**
 * Shape of a command line: the shape of each argument in order of first appearance, each distinct
 * shape once (`tar czf out a-1 a-2 a-3` and `… a-1 … a-9` are one behaviour: a list of files).
 * Falco joins argv with spaces, so argument borders are an approximation.
 */
export function commandShape(commandLine: string): string {
  const shapes = new Set<string>();
  for (const word of commandLine.split(/\s+/, ARGUMENTS_MAX)) {
    if (word !== '') shapes.add(knownShape(word));
  }
  return [...shapes].join(' ');
}

/** Pure but dear, and the words of commands come again and again. */
const KNOWN_WORDS = new Map<string, string>();
const KNOWN_WORDS_MAX = 4_096;
const KNOWN_CHARS_MAX = 64;

function knownShape(word: string): string {
  const known = KNOWN_WORDS.get(word);
  if (known !== undefined) return known;
  const shape = wordShape(word);
  if (word.length > KNOWN_CHARS_MAX) return shape;
  if (KNOWN_WORDS.size >= KNOWN_WORDS_MAX) KNOWN_WORDS.clear();
  KNOWN_WORDS.set(word, shape);
  return shape;
}

function wordShape(word: string): string {
  let before = '';
  let shape = '';
  for (const part of word.split(/([/=:,;&|<>()'"])/)) {
    if (part.length <= 1 && !DIGITS.test(part)) shape += part;
    else shape += (IN_TEMPORARY.test(before) ? temporaryShape(part) : null) ?? nameShape(part);
    before = `${before}${part}`.slice(-TEMPORARY_CHARS);
  }
  return shape;
}

/** A name right below one of the directories where programs make names up. */
const IN_TEMPORARY = /(?:^|[=:,;&|<>()'"])\/(?:tmp|var\/tmp|dev\/shm)\/$/;
/** More than the longest of them, so that what starts the text that is kept starts the word. */
const TEMPORARY_CHARS = 11;
/** Python's `tempfile`. */
const TEMPFILE = /^tmp[a-z0-9_]{8}$/;

/**
 * mktemp's suffix has no digit in one of three names, and commands are not generalised by counting
 * pods: without this a job that cleans up after itself (`rm -rf /tmp/report.racBSJ`) showed a new
 * command at two of three runs, and was never complete.
 */
function temporaryShape(name: string): string | null {
  if (TEMPFILE.test(name)) return 'tmp<C8>';
  const shape = siblingShape(name);
  return shape !== null && /<C[0-9]+>$/.test(shape) ? shape : null;
}
