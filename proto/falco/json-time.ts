/**
 * Falco's `time` (`"2026-11-23T11:37:34.221743049Z"`, always UTC, always nine digits) from its
 * bytes. Any other form, and a day or an hour that does not exist, is left to who reads the text.
 */
export type EventTime = { seconds: number; nanos: number };

/** `d` for a digit; the quotes belong to it, so that nothing can hang on at either end. */
const SHAPE = '"dddd-dd-ddTdd:dd:dd.dddddddddZ"';
const DIGIT = 'd'.charCodeAt(0);
const shape = Uint8Array.from(SHAPE, (letter) => letter.charCodeAt(0));
const ZERO = 0x30;
const YEAR_MIN = 1970;
const DAYS_BEFORE_1970 = 719_468;
const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Where the text ends that starts with the quote at `start`; -1 for what is no such time. */
export const readTime = (bytes: Uint8Array, start: number, time: EventTime): number => {
  if (!hasShape(bytes, start)) return -1;
  const year = twoDigits(bytes, start + 1) * 100 + twoDigits(bytes, start + 3);
  const month = twoDigits(bytes, start + 6);
  const day = twoDigits(bytes, start + 9);
  const hour = twoDigits(bytes, start + 12);
  const minute = twoDigits(bytes, start + 15);
  const second = twoDigits(bytes, start + 18);
  if (year < YEAR_MIN || hour > 23 || minute > 59 || second > 59) return -1;
  if (month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return -1;
  let nanos = 0;
  for (let at = start + 21; at < start + 30; at += 1) {
    nanos = nanos * 10 + (bytes[at] as number) - ZERO;
  }
  time.seconds = ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  time.nanos = nanos;
  return start + shape.length;
};

const hasShape = (bytes: Uint8Array, start: number): boolean => {
  for (let index = 0; index < shape.length; index += 1) {
    const byte = bytes[start + index];
    const wanted = shape[index] as number;
    if (byte === undefined) return false;
    if (wanted === DIGIT ? byte < ZERO || byte > ZERO + 9 : byte !== wanted) return false;
  }
  return true;
};

const twoDigits = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) - ZERO) * 10 + (bytes[at + 1] as number) - ZERO;

const isLeap = (year: number): boolean =>
  year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);

const daysOf = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] as number);

/** The Gregorian calendar counted from a March, so that the leap day comes last. */
const daysSince1970 = (year: number, month: number, day: number): number => {
  const years = month > 2 ? year : year - 1;
  const months = (month + 9) % 12;
  const leaps = Math.floor(years / 4) - Math.floor(years / 100) + Math.floor(years / 400);
  return years * 365 + leaps + Math.floor((months * 153 + 2) / 5) + day - 1 - DAYS_BEFORE_1970;
};
