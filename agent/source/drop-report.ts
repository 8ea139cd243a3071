/**
 * Falco's own report that the kernel had more system calls than Falco could take
 * (`syscall_event_drops`, action `alert`). What was lost nobody can say, so it lowers what we
 * claim to know: sequences and rates around it are not to be trusted.
 */
import type { FalcoEvent, Gap } from './event.ts';

const DROP_RULE = 'Falco internal: syscall event drop';
/** Falco looks once a second and reports what was lost since it looked before. */
const REPORT_SPAN_NS = 1_000_000_000n;

/**
 * The gap that an event reports, if it is such a report. The estimate counts system calls, most of
 * which would not have matched a rule: it is an upper bound. Falco limits these reports by a token
 * bucket, so more may be missing than they add up to.
 */
export const dropGap = (event: FalcoEvent): Gap | undefined => {
  if (event.source !== 'internal' || event.rule !== DROP_RULE) return undefined;
  const drops = Number(event.fields.get('n_drops') ?? Number.NaN);
  return {
    fromNs: event.timeNs > REPORT_SPAN_NS ? event.timeNs - REPORT_SPAN_NS : 0n,
    toNs: event.timeNs,
    cause: 'falco-drop',
    eventsEstimate: Number.isSafeInteger(drops) && drops >= 0 ? drops : -1,
  };
};
