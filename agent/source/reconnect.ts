/**
 * When the agent asks, opens, gives up and comes back: the whole of `falco-grpc`'s connection as
 * one pure function. The driver turns what gRPC does into events and performs the effects.
 *
 *   idle ─start→ asking ─version→ streaming ─ended→ waiting ─timer→ asking …
 *
 * Every attempt asks for the version first: it is the only call that tells a Falco that is there
 * from one that is not (`sub` says nothing before its first event), and Falco may have been
 * upgraded in between.
 *
 * A stream that ends with OK is Falco's way to restart (SIGHUP, new rules): come back at once.
 * Anything else backs off, doubling, with jitter, so that a node whose Falco is gone costs one
 * attempt in ten seconds, and a hundred agents do not come back in the same instant.
 */
import type { Gap, SourceState } from './event.ts';

/** After OK: Falco needs 0.5 to 1.5 s to be back; the first failures are cheap. */
export const RECONNECT_MS_MIN = 10;
export const RECONNECT_MS_MAX = 50;
export const BACKOFF_MS_MIN = 100;
export const BACKOFF_MS_MAX = 10_000;
/** OK from a stream that gave nothing and was short, this often in a row, is a loop, no restart. */
export const EMPTY_OK_MAX = 5;
export const EMPTY_OK_AGE_NS = 1_000_000_000n;
/** Failures before the advice about Falco 0.44: a Falco that merely restarts is back by then. */
export const ADVICE_AFTER_FAILURES = 3;

export type EndReason =
  /** Status 0: a restart. */
  | 'ok'
  /** Status 14: no socket, no permission, no certificate, killed. */
  | 'unavailable'
  /** Status 12: a gRPC server without Falco's services. */
  | 'unimplemented'
  /** Status 8: a message above the receive limit. It is popped and gone; the next one comes. */
  | 'message-too-large'
  /** Our own watch: no answer, or events that came only through the probe. */
  | 'stalled'
  /** Any other status, or a version answer that is none. */
  | 'failed';

export type LinkEvent =
  | { readonly kind: 'start' }
  | { readonly kind: 'version'; readonly version: string }
  | { readonly kind: 'received' }
  | { readonly kind: 'ended'; readonly reason: EndReason; readonly detail: string }
  | { readonly kind: 'timer' }
  | { readonly kind: 'stop' };

export type Effect =
  | { readonly kind: 'ask-version' }
  | { readonly kind: 'open-stream' }
  /** Drop the call and its channel, whatever state they are in. */
  | { readonly kind: 'close' }
  | { readonly kind: 'wait'; readonly delayMs: number }
  | { readonly kind: 'gap'; readonly gap: Gap }
  | { readonly kind: 'tell'; readonly state: SourceState };

type History = {
  /** In a row, until an event comes. */
  readonly failures: number;
  readonly emptyOks: number;
  /** When the last stream that was open ended; the gap starts here. */
  readonly lostAtNs: bigint | undefined;
};

export type LinkState =
  | (History & { readonly phase: 'idle' | 'asking' | 'waiting' | 'stopped' })
  | (History & {
      readonly phase: 'streaming';
      readonly hasReceived: boolean;
      readonly openedAtNs: bigint;
    });

export type Now = {
  readonly nowNs: bigint;
  /** In [0, 1). */
  readonly random: number;
};

export type Step = { readonly state: LinkState; readonly effects: readonly Effect[] };

export const linkIdle: LinkState = {
  phase: 'idle',
  failures: 0,
  emptyOks: 0,
  lostAtNs: undefined,
};

const stay = (state: LinkState): Step => ({ state, effects: [] });

const historyOf = ({ failures, emptyOks, lostAtNs }: LinkState): History => ({
  failures,
  emptyOks,
  lostAtNs,
});

/** Half of the doubled delay is certain, half is chance. */
export const backoffMs = (failures: number, random: number): number => {
  const full = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** Math.min(failures - 1, 20));
  return Math.round(full / 2 + (full / 2) * random);
};

const reconnectMs = (random: number): number =>
  Math.round(RECONNECT_MS_MIN + (RECONNECT_MS_MAX - RECONNECT_MS_MIN) * random);

const NO_GRPC =
  'this Falco has no gRPC output (Falco 0.44 removed it, older ones need grpc.enabled and ' +
  'grpc_output.enabled): use the http source with http_output';
const MAYBE_NO_GRPC =
  'is Falco running with grpc.enabled and grpc_output.enabled? Falco 0.44 and later have no ' +
  'gRPC: use the http source with http_output';

const detailOf = (reason: EndReason, detail: string, failures: number): string => {
  if (reason === 'unimplemented') return NO_GRPC;
  if (reason === 'unavailable' && failures >= ADVICE_AFTER_FAILURES) {
    return `${detail}; ${MAYBE_NO_GRPC}`;
  }
  return detail;
};

const ended = (
  state: LinkState,
  event: Extract<LinkEvent, { kind: 'ended' }>,
  { nowNs, random }: Now,
): Step => {
  const wasStreaming = state.phase === 'streaming';
  const isEmpty =
    wasStreaming && !state.hasReceived && nowNs - state.openedAtNs < EMPTY_OK_AGE_NS;
  const emptyOks = event.reason === 'ok' && isEmpty ? state.emptyOks + 1 : 0;
  const isRestart = event.reason === 'ok' && wasStreaming && emptyOks <= EMPTY_OK_MAX;
  const failures = isRestart ? 0 : state.failures + 1;
  const delayMs = isRestart ? reconnectMs(random) : backoffMs(failures, random);
  const lostAtNs = state.lostAtNs ?? (wasStreaming ? nowNs : undefined);
  const detail = detailOf(event.reason, event.detail, failures);
  return {
    state: { phase: 'waiting', failures, emptyOks, lostAtNs },
    effects: [
      { kind: 'close' },
      { kind: 'tell', state: { state: 'disconnected', detail } },
      { kind: 'wait', delayMs },
    ],
  };
};

const answered = (state: LinkState, version: string, nowNs: bigint): Step => {
  const effects: Effect[] = [];
  if (state.lostAtNs !== undefined) {
    // A clock that was set back meanwhile must not make a gap that ends before it begins.
    const fromNs = state.lostAtNs < nowNs ? state.lostAtNs : nowNs;
    const gap: Gap = { fromNs, toNs: nowNs, cause: 'falco-restart', eventsEstimate: -1 };
    effects.push({ kind: 'gap', gap });
  }
  effects.push({ kind: 'open-stream' });
  effects.push({ kind: 'tell', state: { state: 'streaming', detail: `Falco ${version}` } });
  const history = { ...historyOf(state), lostAtNs: undefined };
  const next = { ...history, phase: 'streaming', hasReceived: false, openedAtNs: nowNs } as const;
  return { state: next, effects };
};

const ask = (state: LinkState): Step => ({
  state: { ...historyOf(state), phase: 'asking' },
  effects: [
    { kind: 'tell', state: { state: 'connecting', detail: 'asking Falco for its version' } },
    { kind: 'ask-version' },
  ],
});

const stopped = (state: LinkState): Step => {
  if (state.phase === 'stopped') return stay(state);
  return {
    state: { ...historyOf(state), phase: 'stopped' },
    effects: [{ kind: 'close' }, { kind: 'tell', state: { state: 'ended', detail: 'stopped' } }],
  };
};

/** An event that does not belong to the phase is late news of a call already closed: nothing. */
export const step = (state: LinkState, event: LinkEvent, now: Now): Step => {
  switch (event.kind) {
    case 'start':
      return state.phase === 'idle' ? ask(state) : stay(state);
    case 'timer':
      return state.phase === 'waiting' ? ask(state) : stay(state);
    case 'version':
      return state.phase === 'asking' ? answered(state, event.version, now.nowNs) : stay(state);
    case 'received':
      if (state.phase !== 'streaming' || state.hasReceived) return stay(state);
      return stay({ ...state, failures: 0, emptyOks: 0, hasReceived: true });
    case 'ended':
      if (state.phase !== 'streaming' && state.phase !== 'asking') return stay(state);
      return ended(state, event, now);
    case 'stop':
      return stopped(state);
  }
};
