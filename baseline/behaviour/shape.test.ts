import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  ARGUMENTS_MAX,
  commandShape,
  isPattern,
  isTyped,
  literalSegment,
  nameShape,
  SHAPE_CHARS_MAX,
  siblingShape,
} from './shape.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 300 });
/** Texts made of what patterns are made of. */
const patternLike = fc
  .array(fc.constantFrom('<', '>', 'N', 'C', 'x', '6', '*', '\\', 'a', '.', '-', '7'), {
    maxLength: 8,
  })
  .map((parts) => parts.join(''));

test.each([
  ['access.log', 'access.log'],
  ['access.log.1', 'access.log.<N>'],
  ['2026-01-05', '<N>-<N>-<N>'],
  ['deadbeef', 'deadbeef'],
  ['deadbee1', '<H>'],
  ['0123456789ABCDEF', '<X>'],
  ['a1B2c3', '<M>'],
  ['a1B2', 'a<N>B<N>'],
  ['pg_wal_0000000100000000000000A1', 'pg_wal_<X>'],
  ['worker12', '<M>'],
  ['s3', 's<N>'],
  ['', ''],
])('the shape of %j is %j', (name, shape) => {
  expect(nameShape(name)).toBe(shape);
});

test('a name of letters keeps every letter', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z]{1,40}$/), (name) => {
      expect(nameShape(name)).toBe(name);
      expect(isTyped(name)).toBe(false);
    }),
  );
});

test('a name longer than the bound is not looked at token by token', () => {
  expect(nameShape('z'.repeat(SHAPE_CHARS_MAX))).toBe('z'.repeat(SHAPE_CHARS_MAX));
  expect(nameShape('z'.repeat(SHAPE_CHARS_MAX + 1))).toBe('<L>');
  expect(siblingShape('7'.repeat(SHAPE_CHARS_MAX + 1))).toBeNull();
});

test('a temporary file belongs to its stem and length, also without a digit', () => {
  expect(siblingShape('report.EysXcw')).toBe('report.<C6>');
  expect(siblingShape('report.Eys2cw')).toBe('report.<C6>');
  expect(siblingShape('report.Eys')).toBeNull();
  expect(siblingShape('temp-1234567')).toBe('temp-<N>');
});

test('a cache directory of two hex digits belongs to its length', () => {
  expect(siblingShape('af')).toBe('<x2>');
  expect(siblingShape('3f')).toBe('<x2>');
  expect(siblingShape('xf')).toBeNull();
  expect(siblingShape('16384')).toBe('<N>');
  expect(siblingShape('13')).toBe('<N>');
});

test('every shape of a name is a pattern, so that a document gives it back as one', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, patternLike), (name) => {
      const shape = siblingShape(literalSegment(name));
      if (shape !== null && shape !== literalSegment(name)) expect(isPattern(shape)).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

test('no real name, whatever it is called, is taken for a pattern', () => {
  for (const name of ['<N>', '*', '**', '<x2>', 'report.<C6>', '\\<N>', '\\\\<N>', 'a<N>b*']) {
    expect(isPattern(literalSegment(name))).toBe(false);
  }
  fc.assert(
    fc.property(fc.oneof(anyText, patternLike), (name) => {
      expect(isPattern(literalSegment(name))).toBe(false);
    }),
    { numRuns: 2_000 },
  );
});

test('two names that differ still differ after they were marked as literal', () => {
  fc.assert(
    fc.property(patternLike, patternLike, (a, b) => {
      expect(literalSegment(a) === literalSegment(b)).toBe(a === b);
    }),
    { numRuns: 5_000 },
  );
});

test('a list of files is one behaviour, however many there are', () => {
  expect(commandShape('tar czf out.tgz a-1 a-2 a-3')).toBe('tar czf out.tgz a-<N>');
  expect(commandShape('tar czf out.tgz a-1')).toBe('tar czf out.tgz a-<N>');
});

test('arguments that differ in letters are different behaviours', () => {
  expect(commandShape('find / -name id_rsa')).not.toBe(commandShape('find / -name passwd'));
});

test('numbers inside paths and options are taken out one by one', () => {
  expect(commandShape('curl http://10.0.0.7:8080/v1')).toBe('curl http://<N>.<N>.<N>.<N>:<N>/v<N>');
  expect(commandShape('nice -n=5')).toBe('nice -n=<N>');
});

test.each([
  ['rm -rf /tmp/report.racBSJ', 'rm -rf /tmp/report.<C6>'],
  ['rm -rf /tmp/report.x9Yk2p', 'rm -rf /tmp/report.<C6>'],
  ['tar cf /var/tmp/tmp.AbCdEfGhIj/out.tar .', 'tar cf /var/tmp/tmp.<C10>/out.tar .'],
  ['cc --out=/dev/shm/tmpkqwxyzab', 'cc --out=/dev/shm/tmp<C8>'],
  ['sh /tmp/backdoor', 'sh /tmp/backdoor'],
  ['sh /tmp/.x', 'sh /tmp/.x'],
  ['sh /opt/tmp/report.racBSJ', 'sh /opt/tmp/report.racBSJ'],
  ['sh /tmp/deep/report.racBSJ', 'sh /tmp/deep/report.racBSJ'],
  ['sh tmp/report.racBSJ', 'sh tmp/report.racBSJ'],
  ['rm /tmp/job.123456', 'rm /tmp/job.<N>'],
])('a name that a program makes up for a temporary file is one of its kind: %s', (line, shape) => {
  expect(commandShape(line)).toBe(shape);
});

test('spaces of any kind and number separate arguments and are nothing themselves', () => {
  expect(commandShape('  ls \t\n -l  ')).toBe('ls -l');
  expect(commandShape('')).toBe('');
});

test('words beyond the bound are not looked at', () => {
  const words = Array.from({ length: ARGUMENTS_MAX + 10 }, (_, i) => 'x'.repeat(i + 1));
  expect(commandShape(words.join(' ')).split(' ')).toHaveLength(ARGUMENTS_MAX);
});

test('no text makes a shape throw, and a shape is no longer than three times the text', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, patternLike), (text) => {
      expect(nameShape(text).length).toBeLessThanOrEqual(3 * text.length);
      expect(commandShape(text).length).toBeLessThanOrEqual(3 * text.length + 1);
      expect(() => siblingShape(text)).not.toThrow();
    }),
    { numRuns: 1_000 },
  );
});

const PIECES = [
  'a',
  '1',
  'a1',
  '.',
  '-',
  '/',
  '<',
  ' ',
  '=',
  'aF9',
  '\\',
  '"',
  '\u0000',
  '1 ',
  'é',
];

test.each(PIECES)('64 KiB of %j are shaped in linear time', (piece) => {
  const text = piece.repeat(Math.ceil(65_536 / piece.length));
  const before = process.cpuUsage();
  commandShape(text);
  nameShape(text);
  literalSegment(text);
  isPattern(text);
  isTyped(text);
  const used = process.cpuUsage(before);
  // Some ten milliseconds; anything quadratic is 4·10⁹ steps.
  expect(used.user + used.system).toBeLessThan(2_000_000);
});
