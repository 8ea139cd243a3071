import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PROBE_RUNS_MIN, ProbeBook, probeRuns, PROBES_MAX } from './probe-book.ts';

const probe = { tty: false, command: 'pg_isready -U app -p 5432' };

function runs(book: ProbeBook, run = probe): number {
  return probeRuns(book.of(run), undefined);
}

test('runs of the same command are counted up to what makes a probe', () => {
  const book = new ProbeBook();
  expect(PROBE_RUNS_MIN).toBe(3);
  for (const count of [1, 2, 3, 3, 3]) {
    book.note(probe, 1);
    expect(runs(book)).toBe(count);
  }
});

test('runs of several pods add up', () => {
  const book = new ProbeBook();
  for (const pod of [7, 5, 9]) book.note(probe, pod);
  expect(runs(book)).toBe(3);
  expect(book.of(probe)?.pods).toEqual([[5, 1], [7, 1], [9, 1]]);
});

test('a number in the command does not make it another probe, a word does', () => {
  const book = new ProbeBook();
  for (const port of [1, 2, 3]) book.note({ tty: false, command: `pg_isready -p ${port}` }, 1);
  expect(runs(book, { tty: false, command: 'pg_isready -p 5432' })).toBe(3);
  expect(runs(book, { tty: false, command: 'pg_isready -h other' })).toBe(0);
});

test('what is typed at a terminal is never counted', () => {
  const book = new ProbeBook();
  for (let run = 0; run < 10; run += 1) book.note({ ...probe, tty: true }, 1);
  expect(book.runs.size).toBe(0);
});

test('no flood of commands makes the book grow, and known ones still count', () => {
  const book = new ProbeBook();
  book.note(probe, 1);
  for (let n = 0; n < 2_000; n += 1) {
    const word = [...String(n)].map((digit) => 'ghijklmnop'[Number(digit)]).join('');
    book.note({ tty: false, command: `try ${word}` }, n);
    book.tell(`told ${word}`, { pods: [[1, 3]], reporters: [] });
  }
  expect(book.runs.size).toBe(PROBES_MAX);
  book.note(probe, 1);
  expect(runs(book)).toBe(2);
});

test('what several told joins to the same in any order, also twice', () => {
  const told = fc.array(fc.tuple(fc.nat(12), fc.integer({ min: 1, max: 3 })), { maxLength: 12 });
  fc.assert(
    fc.property(told, (pods) => {
      const joined = (list: typeof pods): unknown => {
        const book = new ProbeBook();
        for (const pod of list) book.tell('x', { pods: [pod], reporters: [] });
        return book.runs.get('x');
      };
      expect(joined([...pods.toReversed(), ...pods])).toEqual(joined(pods));
    }),
  );
});
