/**
 * How long to wait before the next request. Falco answers only what was asked (`sub` is
 * request-driven), so this is the latency of detection and, idle, the cost of watching: 5 to
 * 20 ms while events come, slowly back to 25 ms when none do. The first event after a silence may
 * be the attack; asking at 25 ms instead of 100 ms was measured at 0.7 % of a core more. Never
 * longer than 100 ms: a client that stops asking hangs Falco's own restart.
 */
export const POLL_MS_BUSY_MIN = 5;
export const POLL_MS_BUSY_MAX = 20;
export const POLL_MS_IDLE_MAX = 25;
/** So many events in one poll mean that more are waiting (a backlog, or above ~3,000/s). */
export const POLL_EVENTS_MANY = 32;
const IDLE_GROWTH = 1.5;

export const nextPollMs = (previousMs: number, received: number): number => {
  if (received >= POLL_EVENTS_MANY) return POLL_MS_BUSY_MIN;
  if (received > 0) return Math.min(POLL_MS_BUSY_MAX, Math.max(POLL_MS_BUSY_MIN, previousMs / 2));
  return Math.min(POLL_MS_IDLE_MAX, previousMs * IDLE_GROWTH);
};
