import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CAP_KILL, commandLineOf, hasCapability, statOf, statusOf } from './process-text.ts';

const rest = (over: { state?: string; ppid?: number; flags?: number; start?: number } = {}) => {
  const { state = 'S', ppid = 7, flags = 4_194_304, start = 1_202_918 } = over;
  return `${state} ${ppid} 5 5 0 -1 ${flags} ${'0 '.repeat(12)}${start} 2990080 392`;
};

test('a stat line is read behind the name, whatever the process calls itself', () => {
  for (const name of ['sleep', 'a b', ') R 1 (', 'x) S 1 1', '((', '\n', '']) {
    expect(statOf(Buffer.from(`12085 (${name}) ${rest()}\n`))).toMatchObject({
      comm: name,
      state: 'S',
      ppid: 7,
      startTicks: 1_202_918,
      isKernelThread: false,
    });
  }
});

test('a name that is no Unicode becomes well-formed', () => {
  const bytes = Buffer.concat([
    Buffer.from('5 ('), Buffer.from([0xff, 0xc3, 0x28]), Buffer.from(`) ${rest()}`),
  ]);
  expect(statOf(bytes)?.comm).toBe('\ufffd\ufffd(');
});

test('a kernel thread is known by its flag', () => {
  const stat = statOf(Buffer.from(`2 (kthreadd) ${rest({ flags: 0x208040 })}`));
  expect(stat?.isKernelThread).toBe(true);
});

test('what is no stat line is nothing', () => {
  for (const text of ['', '5', '5 (x', '5 x) S', '5 (x) S', `5 (x) ${rest({ start: -1 })}`]) {
    expect(statOf(Buffer.from(text))).toBeNull();
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const stat = statOf(Buffer.from(bytes));
    expect(stat === null || Number.isInteger(stat.startTicks)).toBe(true);
  }));
});

test('of a key that the process forged in its name, the kernel’s own holds', () => {
  const status = statusOf(
    'Name:\tx\nTgid:\t1\nCapEff:\tffffffffffffffff\n' +
      'Tgid:\t42\nNSpid:\t42\t7\nUid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000000020\n' +
      'NoNewPrivs:\t1\nSeccomp:\t2\nThreads:\t3\n',
  );
  expect(status).toMatchObject({
    tgid: 42,
    nspids: [42, 7],
    uids: [1_000, 1_000, 1_000, 1_000],
    noNewPrivs: true,
    seccomp: 2,
    threads: 3,
  });
  expect(hasCapability(status, CAP_KILL)).toBe(true);
  expect(hasCapability(status, 19n)).toBe(false);
  expect(hasCapability(statusOf('CapEff:\tzz'), CAP_KILL)).toBe(false);
});

test('a command line of any bytes becomes one bounded line of words', () => {
  expect(commandLineOf(Buffer.from('sh\0-c\0echo a b\0'), 100)).toBe('sh -c echo a b');
  expect(commandLineOf(Buffer.from([0x61, 0, 0xff, 0]), 100)).toBe('a \ufffd');
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 50 }),
    (bytes, max) => {
      const line = commandLineOf(Buffer.from(bytes), max);
      expect(line.isWellFormed()).toBe(true);
      expect(Buffer.byteLength(line)).toBeLessThanOrEqual(max);
    }));
});
