import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';
import {
  ACK_TIMEOUT_MS,
  BACKOFF_MS_MAX,
  STABLE_MS,
  WELCOME_TIMEOUT_MS,
  WINDOW_MAX,
  backoffMs,
  linkIdle,
  step,
} from './machine.ts';
import type { LinkEffect, LinkEvent, LinkState } from './machine.ts';

const at = (nowMs: number) => ({ nowMs, random: 0.5 });

function run(events: readonly (LinkEvent | number)[], from: LinkState = linkIdle) {
  let state = from;
  let nowMs = 0;
  let effects: readonly LinkEffect[] = [];
  for (const event of events) {
    if (typeof event === 'number') nowMs += event;
    else ({ state, effects } = step(state, event, at(nowMs)));
  }
  return { state, effects, nowMs };
}

const welcome = (committed = 0, window = 4): LinkEvent =>
  ({ kind: 'welcome', protocol: LINK_PROTOCOL, committed, window });
const linked = (committed = 0, window = 4): LinkState =>
  run([{ kind: 'start' }, welcome(committed, window)]).state;
const sent = (sequence: number): LinkEvent => ({ kind: 'sent', sequence });
const kinds = (effects: readonly LinkEffect[]): readonly string[] =>
  effects.map(({ kind }) => kind);

test('starting dials once', () => {
  const { state, effects } = run([{ kind: 'start' }]);
  expect(kinds(effects)).toEqual(['open']);
  expect(step(state, { kind: 'start' }, at(1)).effects).toEqual([]);
});

test('the welcome drops what is committed and sends what comes after', () => {
  const { effects } = run([{ kind: 'start' }, welcome(7, 3)]);
  expect(effects).toEqual([
    { kind: 'linked' },
    { kind: 'discard', sequence: 7 },
    { kind: 'send', after: 7, max: 3 },
  ]);
});

test('no more batches are in flight than the window allows', () => {
  const { effects, state } = run([sent(1), sent(2), sent(3), { kind: 'more' }], linked());
  expect(effects).toEqual([{ kind: 'send', after: 3, max: 1 }]);
  expect(run([sent(4), { kind: 'more' }], state).effects).toEqual([]);
});

test('an acknowledgement holds for all up to it and makes room', () => {
  const { effects } = run([sent(1), sent(2), sent(3), sent(4), { kind: 'ack', sequence: 3 }],
    linked());
  expect(effects).toEqual([
    { kind: 'discard', sequence: 3 },
    { kind: 'send', after: 4, max: 3 },
  ]);
});

test('an acknowledgement of something never sent is not believed', () => {
  expect(run([sent(1), { kind: 'ack', sequence: 2 }], linked()).effects).toEqual([]);
});

test('a slow-down makes the window smaller, never none and never endless', () => {
  const slow = run([{ kind: 'slow-down', window: 1 }, sent(1), { kind: 'more' }], linked());
  expect(slow.effects).toEqual([]);
  expect(run([{ kind: 'slow-down', window: 0 }, { kind: 'more' }], linked()).effects)
    .toEqual([{ kind: 'send', after: 0, max: 1 }]);
  expect(run([{ kind: 'slow-down', window: 1e9 }, { kind: 'more' }], linked()).effects)
    .toEqual([{ kind: 'send', after: 0, max: WINDOW_MAX }]);
});

test('no welcome in time ends the attempt', () => {
  const early = run([{ kind: 'start' }, WELCOME_TIMEOUT_MS - 1, { kind: 'tick' }]);
  expect(early.effects).toEqual([]);
  const late = run([{ kind: 'start' }, WELCOME_TIMEOUT_MS, { kind: 'tick' }]);
  expect(kinds(late.effects)).toEqual(['close', 'unlinked', 'wait']);
});

test('a collector that acknowledges nothing is left, one that is slow but moves is not', () => {
  const hung = run([sent(1), ACK_TIMEOUT_MS + 1, { kind: 'tick' }], linked());
  expect(hung.effects).toContainEqual(expect.objectContaining({ reason: 'ack-timeout' }));
  const slow = run(
    [sent(1), sent(2), ACK_TIMEOUT_MS - 1, { kind: 'ack', sequence: 1 }, 10, { kind: 'tick' }],
    linked(),
  );
  expect(slow.effects).toEqual([]);
  const idle = run([ACK_TIMEOUT_MS * 10, { kind: 'tick' }], linked());
  expect(idle.effects).toEqual([]);
});

test('another protocol ends the attempt with words', () => {
  const { effects } = run([
    { kind: 'start' },
    { kind: 'welcome', protocol: 99, committed: 0, window: 1 },
  ]);
  expect(effects).toContainEqual(expect.objectContaining({
    reason: 'protocol', detail: 'the collector speaks protocol 99, this agent 1',
  }));
});

test('a collector that knows more than we sent makes a new epoch before the next attempt', () => {
  expect(kinds(run([{ kind: 'ahead' }], linked()).effects))
    .toEqual(['renew-epoch', 'close', 'unlinked', 'wait']);
});

test('failures double the delay up to its bound, with half of it chance', () => {
  expect([1, 2, 3].map((failures) => backoffMs(failures, 0))).toEqual([100, 200, 400]);
  expect(backoffMs(1, 0.999)).toBe(200);
  expect(backoffMs(500, 1)).toBe(BACKOFF_MS_MAX);
});

test('only a link that held counts as a success: a collector that drops us is not hammered', () => {
  const ended: LinkEvent = { kind: 'ended', reason: 'ended', detail: '' };
  const failing: LinkEvent[] = [];
  for (let round = 0; round < 5; round += 1) failing.push({ kind: 'timer' }, welcome(), ended);
  const flapping = run([{ kind: 'start' }, welcome(), ended, ...failing]);
  expect(flapping.state.failures).toBe(6);
  const stable = run([{ kind: 'timer' }, welcome(), STABLE_MS, ended], flapping.state);
  expect(stable.state.failures).toBe(1);
});

test('stopping closes, and nothing wakes it again', () => {
  const { state, effects } = run([{ kind: 'stop' }], linked());
  expect(kinds(effects)).toEqual(['close']);
  expect(run([{ kind: 'start' }, { kind: 'timer' }, welcome(), { kind: 'stop' }], state).effects)
    .toEqual([]);
});

test('whatever happens, the window is kept and no unsent sequence is discarded', () => {
  const anyEvent: fc.Arbitrary<LinkEvent> = fc.oneof(
    fc.constantFrom<LinkEvent>(
      { kind: 'start' }, { kind: 'timer' }, { kind: 'tick' }, { kind: 'more' },
      { kind: 'ahead' }, { kind: 'ended', reason: 'ended', detail: '' },
    ),
    fc.record({ kind: fc.constant('ack' as const), sequence: fc.nat(20) }),
    fc.record({ kind: fc.constant('slow-down' as const), window: fc.nat(50) }),
    fc.record({
      kind: fc.constant('welcome' as const),
      protocol: fc.constant(LINK_PROTOCOL),
      committed: fc.nat(3),
      window: fc.nat(50),
    }),
  );
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
      let state = linkIdle;
      let next = 4;
      events.forEach((event, index) => {
        const stepped = step(state, event, at(index * 100));
        state = stepped.state;
        for (const effect of stepped.effects) {
          if (effect.kind !== 'send' || state.phase !== 'linked') continue;
          // The driver sends all it may, as the worst case.
          let after = effect.after;
          for (let count = 0; count < effect.max; count += 1) {
            after += 1;
            next = Math.max(next, after + 1);
            state = step(state, sent(after), at(index * 100)).state;
          }
        }
        const inFlight = state.phase === 'linked' ? state.sent - state.acknowledged : 0;
        expect(inFlight).toBeLessThanOrEqual(WINDOW_MAX);
        expect(inFlight).toBeGreaterThanOrEqual(0);
      });
    }),
  );
});
