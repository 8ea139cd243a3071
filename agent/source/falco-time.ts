/**
 * Falco's `time` text (RFC 3339, UTC, nine digits) to exact nanoseconds. `evt.time` and
 * `evt.rawtime` are JSON numbers above 2^53, which `JSON.parse` rounds by up to 128 ns: enough to
 * swap a fork and its exec.
 */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?Z$/;
/** `2026-11-23T11:35:01`: what all events of one second share. */
const SECOND_LENGTH = 19;
const NANOS_PER_MS = 1_000_000n;
const NANO_DIGITS = 9;
const TIME_LENGTH = SECOND_LENGTH + NANO_DIGITS + '.Z'.length;
const NONE = -1n;

/** The start of the second in nanoseconds, or -1 for one that does not exist. */
const secondNs = (text: string): bigint => {
  const timeMs = Date.parse(`${text}Z`);
  // Not a number: an hour 25, a leap second. 31 February comes back as another day.
  if (!(timeMs >= 0) || new Date(timeMs).getUTCDate() !== Number(text.slice(8, 10))) return NONE;
  return BigInt(timeMs) * NANOS_PER_MS;
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
    const second = text.slice(0, SECOND_LENGTH);
    const start = secondNs(second);
    if (start === NONE) return NONE;
    this.#second = second;
    this.#secondNs = start;
    return start + BigInt((match[1] ?? '').padEnd(NANO_DIGITS, '0'));
  }

  /** Calendars are slow, and thousands of events fall into one second. */
  #isKnownSecond(text: string): boolean {
    if (text.length !== TIME_LENGTH || text[SECOND_LENGTH] !== '.') return false;
    if (!text.endsWith('Z') || !text.startsWith(this.#second) || this.#second === '') return false;
    for (let index = SECOND_LENGTH + 1; index < text.length - 1; index += 1) {
      const digit = text.charCodeAt(index);
      if (digit < 0x30 || digit > 0x39) return false;
    }
    return true;
  }
}
