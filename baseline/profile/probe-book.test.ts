import { expect, test } from 'vitest';
import { PROBE_RUNS_MIN, ProbeBook } from './probe-book.ts';

const probe = { tty: false, command: 'pg_isready -U app -p 5432' };

test('the same command without terminal is a probe from the third run on', () => {
  const book = new ProbeBook();
  expect(PROBE_RUNS_MIN).toBe(3);
  expect([book.note(probe), book.note(probe)]).toEqual([false, false]);
  expect(book.isProbe(probe)).toBe(false);
  expect(book.note(probe)).toBe(true);
  expect(book.isProbe(probe)).toBe(true);
});

test('a number in the command does not make it another probe, a word does', () => {
  const book = new ProbeBook();
  for (const port of [1, 2, 3]) book.note({ tty: false, command: `pg_isready -p ${port}` });
  expect(book.isProbe({ tty: false, command: 'pg_isready -p 5432' })).toBe(true);
  expect(book.isProbe({ tty: false, command: 'pg_isready -h other' })).toBe(false);
});

test('what is typed at a terminal is never a probe, however often', () => {
  const book = new ProbeBook();
  for (let run = 0; run < 10; run += 1) expect(book.note({ ...probe, tty: true })).toBe(false);
  for (let run = 0; run < 3; run += 1) book.note(probe);
  expect(book.isProbe({ ...probe, tty: true })).toBe(false);
});

test('no flood of commands makes the book grow, and known ones still count', () => {
  const book = new ProbeBook();
  book.note(probe);
  for (let n = 0; n < 2_000; n += 1) {
    const word = [...String(n)].map((digit) => 'ghijklmnop'[Number(digit)]).join('');
    book.note({ tty: false, command: `try ${word}` });
    book.restore(`restored ${word}`, 9);
  }
  expect(book.runs.size).toBe(256);
  book.note(probe);
  expect(book.note(probe)).toBe(true);
});

test('restoring keeps the larger count', () => {
  const book = new ProbeBook();
  book.restore('pg_isready', 5);
  book.restore('pg_isready', 2);
  expect(book.runs.get('pg_isready')).toBe(5);
});
