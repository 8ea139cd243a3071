import { expect, test } from 'vitest';
import { parseOptions } from './options.ts';

const parse = (...args: readonly string[]): ReturnType<typeof parseOptions> =>
  parseOptions(args, '/recording');

test('without options it replays the shipped recording for a person, until Ctrl-C', () => {
  expect(parse()).toEqual({
    ok: true,
    options: {
      headless: false,
      json: false,
      forMs: null,
      speed: 20,
      recording: '/recording',
      falco: null,
      apiPort: null,
      metricsPort: null,
      language: 'en',
      verbose: false,
    },
  });
});

test.each([
  ['90s', 90_000],
  ['1.5m', 90_000],
  ['1h', 3_600_000],
])('--for %s is %i ms', (text, ms) => {
  expect(parse('--for', text)).toMatchObject({ ok: true, options: { forMs: ms } });
});

test.each([
  [['--for', '90'], /--for expects a duration/],
  [['--for', '-1s'], /--for/],
  [['--speed', '0'], /--speed expects a number above 0/],
  [['--speed', 'fast'], /--speed/],
  [['--port', '65536'], /--port expects a port/],
  [['--port', 'x'], /--port/],
  [['--metrics', '65536'], /--metrics expects a port/],
  [['--lang', 'de'], /--lang expects en or zh/],
  [['--unknown'], /--unknown/],
  [['positional'], /positional/],
])('%j is refused with what was expected', (args, error) => {
  const parsed = parse(...args);
  expect(parsed).toMatchObject({ ok: false });
  expect(parsed.ok === false ? parsed.error : '').toMatch(error);
});

test('--help wins over everything else that is right', () => {
  expect(parse('--help', '--json')).toEqual({ ok: 'help' });
});
