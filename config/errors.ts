/** Where a wrong setting came from, what it was and what would have been right. */
export type ConfigError = {
  /** The file as given, or `environment`. */
  readonly source: string;
  /** `link.address`, or the environment variable's name; empty for the document itself. */
  readonly key: string;
  readonly problem: string;
  /** Empty where nothing in particular was expected (an unreadable file). */
  readonly expected: string;
  /** The known key that is spelled nearly alike. */
  readonly suggestion?: string;
};

export function formatConfigErrors(errors: readonly ConfigError[]): string {
  return errors.map(formatOne).join('\n');
}

function formatOne(error: ConfigError): string {
  const where = error.key === '' ? error.source : `${error.source}: ${error.key}`;
  const expected = error.expected === '' ? '' : `; expected ${error.expected}`;
  const suggestion = error.suggestion === undefined ? '' : `; did you mean "${error.suggestion}"?`;
  return `${where}: ${error.problem}${expected}${suggestion}`;
}

/** Text of a configuration file on its way into a message: one line, printable, bounded. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  const printable = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '\u{fffd}');
  const characters = Array.from(printable);
  if (characters.length <= SHOWN_MAX) return printable;
  return `${characters.slice(0, SHOWN_MAX).join('')}…`;
}

const SHOWN_MAX = 60;

/** A typo is at most a third of the word wrong; beyond that a suggestion only confuses. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.floor(Math.min(word.length, WORD_MAX) / 3) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(
      word.slice(0, WORD_MAX).toLowerCase(),
      candidate.toLowerCase(),
    );
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

const WORD_MAX = 64;

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let i = 1; i <= left.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= right.length; j += 1) {
      const substitution = left[i - 1] === right[j - 1] ? 0 : 1;
      row.push(Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + substitution,
      ));
    }
    previous = row;
  }
  return previous[right.length] ?? 0;
}
