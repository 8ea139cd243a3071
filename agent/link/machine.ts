/**
 * When the agent dials the collector, what may be in flight, and when it gives up: the whole of
 * the link's connection as one pure function. The driver (`link.ts`) turns what gRPC does into
 * events and performs the effects.
 *
 *   idle ─start→ greeting ─welcome→ linked ─ended→ waiting ─timer→ greeting …
 *
 * The stream is in order, so an acknowledgement holds for all batches up to its sequence, and the
 * batches in flight are the sequences between the last acknowledged and the last sent. After a cut
 * the collector says in its welcome what it has committed; exactly what is above is sent again.
 */
import { LINK_PROTOCOL } from '../../proto/lanner/v1/frames.ts';

/** A collector that takes this long for its welcome is not going to give one. */
export const WELCOME_TIMEOUT_MS = 10_000;
/** No acknowledgement with batches in flight: a hung collector, or a path that swallows frames. */
export const ACK_TIMEOUT_MS = 60_000;
export const BACKOFF_MS_MIN = 200;
export const BACKOFF_MS_MAX = 30_000;
/** A link that held this long was a good one: its end starts a new series of attempts. */
export const STABLE_MS = 30_000;
/** Batches of at most 1 MiB: what a slow collector can make the agent hold in memory. */
export const WINDOW_MAX = 32;

export type EndReason =
  /** Nobody there, no way, no certificate: gRPC's UNAVAILABLE. */
  | 'unavailable'
  /** UNAUTHENTICATED or PERMISSION_DENIED. */
  | 'refused'
  /** The collector ended the stream, politely or not. */
  | 'ended'
  | 'welcome-timeout'
  | 'ack-timeout'
  /** It speaks a protocol that we do not. */
  | 'protocol'
  /** It committed more than this outbox ever sent: an old copy of the file; a new epoch begins. */
  | 'ahead'
  /** Our outbox was broken and replaced. */
  | 'new-epoch';

export type LinkEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'timer' }
  | { readonly kind: 'tick' }
  | {
      readonly kind: 'welcome';
      readonly protocol: number;
      readonly committed: number;
      readonly window: number;
    }
  | { readonly kind: 'ack'; readonly sequence: number }
  | { readonly kind: 'slow-down'; readonly window: number }
  /** There may be something to send: new alerts, or room in the socket. */
  | { readonly kind: 'more' }
  | { readonly kind: 'sent'; readonly sequence: number }
  | { readonly kind: 'ahead' }
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly detail: string }
  | { readonly kind: 'stop' };

export type LinkEffect =
  /** Dial and say hello. */
  | { readonly kind: 'open' }
  /** Drop the call and its channel, whatever state they are in. */
  | { readonly kind: 'close' }
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'discard'; readonly sequence: number }
  /** Sealed batches after the sequence first, then new ones, `max` altogether. */
  | { readonly kind: 'send'; readonly after: number; readonly max: number }
  | { readonly kind: 'renew-epoch' }
  | { readonly kind: 'linked' }
  | { readonly kind: 'unlinked'; readonly reason: EndReason; readonly detail: string };

type Phases =
  | { readonly phase: 'idle' | 'waiting' | 'stopped' }
  | { readonly phase: 'greeting'; readonly deadlineMs: number }
  | {
      readonly phase: 'linked';
      readonly sinceMs: number;
      readonly window: number;
      readonly sent: number;
      readonly acknowledged: number;
      readonly progressMs: number;
    };

/** `failures` in a row make the delay. */
export type LinkState = Phases & { readonly failures: number };
type Linked = Extract<LinkState, { readonly phase: 'linked' }>;

export type Now = {
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
};

export type Step = { readonly state: LinkState; readonly effects: readonly LinkEffect[] };

export const linkIdle: LinkState = { phase: 'idle', failures: 0 };

/** An event that does not belong to the phase is late news of a call already closed: nothing. */
export function step(state: LinkState, event: LinkEvent, now: Now): Step {
  if (event.kind === 'stop') return stop(state);
  switch (state.phase) {
    case 'idle':
      return event.kind === 'start' ? dial(state, now) : stay(state);
    case 'waiting':
      return event.kind === 'timer' ? dial(state, now) : stay(state);
    case 'greeting':
      return stepGreeting(state, event, now);
    case 'linked':
      return stepLinked(state, event, now);
    case 'stopped':
      return stay(state);
  }
}

/** Half of the doubled delay is certain, half is chance: agents do not come back in one instant. */
export function backoffMs(failures: number, random: number): number {
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 20));
  return Math.round(full / 2 + (full / 2) * random);
}

const stay = (state: LinkState): Step => ({ state, effects: [] });

function dial({ failures }: LinkState, { nowMs }: Now): Step {
  return {
    state: { phase: 'greeting', failures, deadlineMs: nowMs + WELCOME_TIMEOUT_MS },
    effects: [{ kind: 'open' }],
  };
}

function stepGreeting(
  state: Extract<LinkState, { readonly phase: 'greeting' }>,
  event: LinkEvent,
  now: Now,
): Step {
  switch (event.kind) {
    case 'welcome':
      return welcome(state, event, now);
    case 'tick':
      if (now.nowMs < state.deadlineMs) return stay(state);
      return fail(state, 'welcome-timeout', 'the collector gave no welcome', now);
    case 'ended':
      return fail(state, event.reason, event.detail, now);
    case 'start':
    case 'timer':
    case 'ack':
    case 'slow-down':
    case 'more':
    case 'sent':
    case 'ahead':
    case 'stop':
      return stay(state);
  }
}

function welcome(
  state: LinkState,
  event: Extract<LinkEvent, { readonly kind: 'welcome' }>,
  now: Now,
): Step {
  if (event.protocol !== LINK_PROTOCOL) {
    const detail = `the collector speaks protocol ${event.protocol}, this agent ${LINK_PROTOCOL}`;
    return fail(state, 'protocol', detail, now);
  }
  const linked: Linked = {
    phase: 'linked',
    failures: state.failures,
    sinceMs: now.nowMs,
    window: bounded(event.window),
    sent: event.committed,
    acknowledged: event.committed,
    progressMs: now.nowMs,
  };
  const discard = { kind: 'discard', sequence: event.committed } as const;
  return { state: linked, effects: [{ kind: 'linked' }, discard, ...sendEffect(linked)] };
}

function stepLinked(state: Linked, event: LinkEvent, now: Now): Step {
  switch (event.kind) {
    case 'ack':
      return acknowledge(state, event.sequence, now);
    case 'slow-down':
      return stay({ ...state, window: bounded(event.window) });
    case 'more':
      return { state, effects: sendEffect(state) };
    case 'sent': {
      const wasIdle = state.sent === state.acknowledged;
      const progressMs = wasIdle ? now.nowMs : state.progressMs;
      return stay({ ...state, sent: event.sequence, progressMs });
    }
    case 'tick': {
      const isHung =
        state.sent > state.acknowledged && now.nowMs - state.progressMs > ACK_TIMEOUT_MS;
      if (!isHung) return stay(state);
      return fail(state, 'ack-timeout', 'the collector acknowledges nothing', now);
    }
    case 'ahead': {
      const detail = 'the collector has committed more than this outbox ever sent';
      const failed = fail(state, 'ahead', detail, now);
      return { state: failed.state, effects: [{ kind: 'renew-epoch' }, ...failed.effects] };
    }
    case 'ended':
      return fail(state, event.reason, event.detail, now);
    case 'start':
    case 'timer':
    case 'welcome':
    case 'stop':
      return stay(state);
  }
}

function acknowledge(state: Linked, sequence: number, now: Now): Step {
  // Said twice, or of something never sent: the first is harmless, the second is not believed.
  if (sequence <= state.acknowledged || sequence > state.sent) return stay(state);
  const next = { ...state, acknowledged: sequence, progressMs: now.nowMs };
  return { state: next, effects: [{ kind: 'discard', sequence }, ...sendEffect(next)] };
}

function sendEffect({ window, sent, acknowledged }: Linked): readonly LinkEffect[] {
  const max = window - (sent - acknowledged);
  return max > 0 ? [{ kind: 'send', after: sent, max }] : [];
}

function fail(state: LinkState, reason: EndReason, detail: string, now: Now): Step {
  const wasStable = state.phase === 'linked' && now.nowMs - state.sinceMs >= STABLE_MS;
  const failures = wasStable ? 1 : state.failures + 1;
  return {
    state: { phase: 'waiting', failures },
    effects: [
      { kind: 'close' },
      { kind: 'unlinked', reason, detail },
      { kind: 'wait', delayMs: backoffMs(failures, now.random) },
    ],
  };
}

function stop(state: LinkState): Step {
  if (state.phase === 'stopped') return stay(state);
  return {
    state: { phase: 'stopped', failures: state.failures },
    effects: [{ kind: 'close' }],
  };
}

/** A window of none would be a link that never speaks again: nobody is told when to go on. */
const bounded = (window: number): number => Math.max(1, Math.min(WINDOW_MAX, window));
