/**
 * How long to wait before the next request. Falco answers only what was asked (`sub` is
 * request-driven), so this is the latency of detection and the cost of watching: waking up for a
 * few events costs more than they do. While events come, the next request is for when some
 * `POLL_EVENTS` wait: 20 ms up to 1,600 events a second, 3 ms above 10,000. (With 5 to 10 ms at
 * 1,000 events a second the agent took a quarter more.) When none come it goes back to 25 ms: the
 * first event after a silence may be the attack; asking at 25 ms instead of 100 ms was measured at
 * 0.7 % of a core more. Never longer than 100 ms: a client that stops asking hangs Falco's own
 * restart.
 */
export const POLL_MS_BUSY_MIN = 3;
export const POLL_MS_BUSY_MAX = 20;
export const POLL_MS_IDLE_MAX = 25;
export const POLL_EVENTS = 32;
const IDLE_GROWTH = 1.5;

/** `received`: events since the last request, `previousMs` ago. */
export const nextPollMs = (previousMs: number, received: number): number => {
  if (received === 0) return Math.min(POLL_MS_IDLE_MAX, previousMs * IDLE_GROWTH);
  const ms = (previousMs * POLL_EVENTS) / received;
  return Math.min(POLL_MS_BUSY_MAX, Math.max(POLL_MS_BUSY_MIN, ms));
};
