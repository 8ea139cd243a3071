/**
 * Falco's `time` text (RFC 3339, UTC, nine digits) to exact nanoseconds. `evt.time` and
 * `evt.rawtime` are JSON numbers above 2^53, which `JSON.parse` rounds by up to 128 ns: enough to
 * swap a fork and its exec.
 */
const TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?Z$/;
/** `2026-11-23T11:35:01`: what all events of one second share. */
const SECOND_LENGTH = 19;
const NANOS_PER_MS = 1_000_000n;
const NANO_DIGITS = 9;
const NONE = -1n;

/** The start of the second in nanoseconds, or -1 for a day or hour that does not exist. */
const secondNs = (parts: readonly string[]): bigint => {
  const [year, month, day, hour, minute, second] = parts.map(Number);
  const date = new Date(0);
  date.setUTCFullYear(year as number, (month as number) - 1, day as number);
  date.setUTCHours(hour as number, minute as number, second as number);
  const text = `${parts.slice(0, 3).join('-')}T${parts.slice(3).join(':')}.000Z`;
  // A rolled-over date (31 February) comes back as another text; so does a leap second.
  if (date.getTime() < 0 || date.toISOString() !== text) return NONE;
  return BigInt(date.getTime()) * NANOS_PER_MS;
};

export class TimeReader {
  #second = '';
  #secondNs = NONE;

  /** Nanoseconds since 1970, or -1 when the text is no such time. */
  read(text: string): bigint {
    if (this.#isKnownSecond(text)) {
      return this.#secondNs + BigInt(text.slice(SECOND_LENGTH + 1, -1));
    }
    const match = TIME.exec(text);
    if (match === null) return NONE;
    const start = secondNs(match.slice(1, 7));
    if (start === NONE) return NONE;
    this.#second = text.slice(0, SECOND_LENGTH);
    this.#secondNs = start;
    return start + BigInt((match[7] ?? '').padEnd(NANO_DIGITS, '0'));
  }

  /** Calendars are slow, and thousands of events fall into one second. */
  #isKnownSecond(text: string): boolean {
    if (text.length !== SECOND_LENGTH + NANO_DIGITS + 2 || text[SECOND_LENGTH] !== '.') return false;
    if (!text.endsWith('Z') || !text.startsWith(this.#second) || this.#second === '') return false;
    for (let index = SECOND_LENGTH + 1; index < text.length - 1; index += 1) {
      const digit = text.charCodeAt(index);
      if (digit < 0x30 || digit > 0x39) return false;
    }
    return true;
  }
}
