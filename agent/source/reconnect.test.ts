import { expect, test } from 'vitest';
import type { EndReason, LinkEvent, LinkState, Step } from './reconnect.ts';
import {
  ADVICE_AFTER_FAILURES,
  BACKOFF_MS_MAX,
  BACKOFF_MS_MIN,
  backoffMs,
  EMPTY_OK_MAX,
  linkIdle,
  RECONNECT_MS_MAX,
  RECONNECT_MS_MIN,
  step,
} from './reconnect.ts';

const history = { failures: 0, emptyOks: 0, lostAtNs: undefined };
const asking: LinkState = { ...history, phase: 'asking' };
const waiting: LinkState = { ...history, phase: 'waiting' };
const stopped: LinkState = { ...history, phase: 'stopped' };
const silent: LinkState = { ...history, phase: 'streaming', hasReceived: false, openedAtNs: 0n };
const streaming: LinkState = { ...history, phase: 'streaming', hasReceived: true, openedAtNs: 0n };
const states = { idle: linkIdle, asking, waiting, stopped, silent, streaming };

const start: LinkEvent = { kind: 'start' };
const timer: LinkEvent = { kind: 'timer' };
const version: LinkEvent = { kind: 'version', version: '0.40.0' };
const received: LinkEvent = { kind: 'received' };
const stop: LinkEvent = { kind: 'stop' };
const end = (reason: EndReason): LinkEvent => ({ kind: 'ended', reason, detail: 'd' });

const now = { nowNs: 1_000n, random: 0.5 };
const run = (state: LinkState, event: LinkEvent): Step => step(state, event, now);
const kinds = ({ effects }: Step): string => effects.map(({ kind }) => kind).join(' ');
const waitOf = ({ effects }: Step): number =>
  effects.find((effect) => effect.kind === 'wait')?.delayMs ?? -1;

const ASK = 'tell ask-version';
const BACK = 'close tell wait';
const HALT = 'close tell';

test.each([
  ['idle', start, 'asking', ASK],
  ['asking', start, 'asking', ''],
  ['streaming', start, 'streaming', ''],
  ['stopped', start, 'stopped', ''],
  ['waiting', timer, 'asking', ASK],
  ['idle', timer, 'idle', ''],
  ['asking', timer, 'asking', ''],
  ['streaming', timer, 'streaming', ''],
  ['stopped', timer, 'stopped', ''],
  ['asking', version, 'streaming', 'open-stream tell'],
  ['waiting', version, 'waiting', ''],
  ['streaming', version, 'streaming', ''],
  ['stopped', version, 'stopped', ''],
  ['silent', received, 'streaming', ''],
  ['streaming', received, 'streaming', ''],
  ['waiting', received, 'waiting', ''],
  ['streaming', end('ok'), 'waiting', BACK],
  ['streaming', end('unavailable'), 'waiting', BACK],
  ['streaming', end('stalled'), 'waiting', BACK],
  ['streaming', end('message-too-large'), 'waiting', BACK],
  ['asking', end('unavailable'), 'waiting', BACK],
  ['asking', end('unimplemented'), 'waiting', BACK],
  ['asking', end('failed'), 'waiting', BACK],
  ['idle', end('ok'), 'idle', ''],
  ['waiting', end('ok'), 'waiting', ''],
  ['stopped', end('ok'), 'stopped', ''],
  ['idle', stop, 'stopped', HALT],
  ['asking', stop, 'stopped', HALT],
  ['waiting', stop, 'stopped', HALT],
  ['streaming', stop, 'stopped', HALT],
  ['stopped', stop, 'stopped', ''],
] as const)('%s at %j goes to %s and does "%s"', (from, event, to, effects) => {
  const result = run(states[from], event);
  expect(result.state.phase).toBe(to);
  expect(kinds(result)).toBe(effects);
});

test('OK is a restart: back at once, and a first failure starts small', () => {
  for (const random of [0, 0.5, 0.999]) {
    const delayMs = waitOf(step(streaming, end('ok'), { nowNs: 1n, random }));
    expect(delayMs).toBeGreaterThanOrEqual(RECONNECT_MS_MIN);
    expect(delayMs).toBeLessThanOrEqual(RECONNECT_MS_MAX);
  }
  expect(waitOf(run(streaming, end('unavailable')))).toBeLessThanOrEqual(BACKOFF_MS_MIN);
});

test('back-off doubles with jitter, ends at its bound, and starts anew after an event', () => {
  expect([1, 2, 3, 8, 50].map((failures) => backoffMs(failures, 0))).toEqual([
    50, 100, 200, 5_000, 5_000,
  ]);
  expect([1, 2, 3, 8, 50].map((failures) => backoffMs(failures, 0.999))).toEqual([
    100, 200, 400, 9_995, 9_995,
  ]);
  let state: LinkState = linkIdle;
  const delays: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    state = run(state, round === 0 ? start : timer).state;
    const result = run(state, end('unavailable'));
    delays.push(waitOf(result));
    state = result.state;
  }
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
  expect(delays.at(-1)).toBe(BACKOFF_MS_MAX * 0.75);
  state = run(run(run(state, timer).state, version).state, received).state;
  expect(waitOf(run(state, end('unavailable')))).toBe(BACKOFF_MS_MIN * 0.75);
});

test('a version answer alone does not reset the back-off: Falco may die at once', () => {
  let state: LinkState = linkIdle;
  let last = 0;
  for (let round = 0; round < 12; round += 1) {
    state = run(state, round === 0 ? start : timer).state;
    state = run(state, version).state;
    const result = run(state, end('unavailable'));
    last = waitOf(result);
    state = result.state;
  }
  expect(last).toBe(BACKOFF_MS_MAX * 0.75);
});

test('streams that end with OK and nothing in them become a back-off', () => {
  let state: LinkState = linkIdle;
  const delays: number[] = [];
  for (let round = 0; round <= EMPTY_OK_MAX + 8; round += 1) {
    state = run(run(state, round === 0 ? start : timer).state, version).state;
    const result = run(state, end('ok'));
    delays.push(waitOf(result));
    state = result.state;
  }
  expect(delays.slice(0, EMPTY_OK_MAX).every((ms) => ms <= RECONNECT_MS_MAX)).toBe(true);
  expect(delays.at(-1)).toBe(BACKOFF_MS_MAX * 0.75);
});

test('a quiet node whose Falco reloads once in a while is never slowed down', () => {
  let state: LinkState = linkIdle;
  for (let round = 0n; round <= 20n; round += 1n) {
    const nowNs = round * 3_600_000_000_000n;
    const opened = step(step(state, round === 0n ? start : timer, now).state, version, {
      nowNs,
      random: 0.5,
    }).state;
    const result = step(opened, end('ok'), { nowNs: nowNs + 2_000_000_000n, random: 0.5 });
    expect(waitOf(result)).toBeLessThanOrEqual(RECONNECT_MS_MAX);
    state = result.state;
  }
});

test('the gap reaches from the end of the stream to the answer of the next Falco', () => {
  const lost = step(streaming, end('ok'), { nowNs: 100n, random: 0 }).state;
  const again = step(lost, timer, { nowNs: 110n, random: 0 }).state;
  const failed = step(again, end('unavailable'), { nowNs: 120n, random: 0 }).state;
  const third = step(failed, timer, { nowNs: 130n, random: 0 }).state;
  const back = step(third, version, { nowNs: 140n, random: 0 });
  expect(back.effects[0]).toEqual({
    kind: 'gap',
    gap: { fromNs: 100n, toNs: 140n, cause: 'falco-restart', eventsEstimate: -1 },
  });
  const backwards = step(third, version, { nowNs: 50n, random: 0 });
  expect(backwards.effects[0]).toMatchObject({ gap: { fromNs: 50n, toNs: 50n } });
  expect(kinds(run(asking, version))).not.toContain('gap');
});

const toldOf = ({ effects }: Step): string =>
  effects.map((effect) => (effect.kind === 'tell' ? effect.state.detail : '')).join('');

test('a server without Falco\u2019s services is told as Falco 0.44 with the way out', () => {
  expect(toldOf(run(asking, end('unimplemented')))).toMatch(/0\.44.*http source/);
});

test('a Falco that stays away is told with the advice, a restart is not', () => {
  expect(toldOf(run(asking, end('unavailable')))).toBe('d');
  const tried: LinkState = { ...asking, failures: ADVICE_AFTER_FAILURES - 1 };
  expect(toldOf(run(tried, end('unavailable')))).toMatch(/^d; .*0\.44.*http source/);
});
