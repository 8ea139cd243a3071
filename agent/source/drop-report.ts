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
const dropGap = (event: FalcoEvent): Gap | undefined => {
  if (event.source !== 'internal' || event.rule !== DROP_RULE) return undefined;
  const drops = Number(event.fields.get('n_drops') ?? Number.NaN);
  return {
    fromNs: event.timeNs > REPORT_SPAN_NS ? event.timeNs - REPORT_SPAN_NS : 0n,
    toNs: event.timeNs,
    cause: 'falco-drop',
    eventsEstimate: Number.isSafeInteger(drops) && drops >= 0 ? drops : -1,
  };
};

const SNAPSHOT_RULE = 'Falco internal: metrics snapshot';
/**
 * Totals since Falco's start: what the kernel's buffer lost, and what the output queue did. As
 * Falco's `stats_writer.cpp` writes them (0.37 to 0.41 read, and falco.org/docs/metrics): both
 * always, also at zero and with `include_empty_values: false`; `scap.n_drops` only with
 * `kernel_event_counters_enabled`. The report above has `n_drops` as text (`event_drops.cpp`).
 */
const KERNEL_DROPS = 'scap.n_drops';
const SNAPSHOT_DROPS = [KERNEL_DROPS, 'falco.outputs_queue_num_drops'] as const;

/** With plugins there is a snapshot for each source of theirs; the kernel's is this one's. */
const KERNEL_SOURCE = 'syscall';

/**
 * Also the drops that only show as a higher total in Falco's metrics snapshot: its output queue
 * tells the first drop alone, and reports of the kernel's are limited. A gap reaches from the
 * snapshot before to this one. What was reported by itself meanwhile is no second hole.
 */
export class DropReports {
  readonly #totals = new Map<string, number>();
  #sinceNs = 0n;
  #reported = 0;

  gapOf(event: FalcoEvent): Gap | undefined {
    if (event.source !== 'internal') return undefined;
    const report = dropGap(event);
    if (report !== undefined) this.#reported += Math.max(0, report.eventsEstimate);
    return event.rule === SNAPSHOT_RULE ? this.#snapshotGap(event) : report;
  }

  #snapshotGap({ fields, timeNs }: FalcoEvent): Gap | undefined {
    // Another source's has the queue's total as well, and would end the kernel's span.
    if ((fields.get('evt.source') ?? KERNEL_SOURCE) !== KERNEL_SOURCE) return undefined;
    let lost = 0;
    for (const name of SNAPSHOT_DROPS) {
      const total = Number(fields.get(name) ?? Number.NaN);
      if (!Number.isSafeInteger(total) || total < 0) continue;
      const before = this.#totals.get(name);
      this.#totals.set(name, total);
      // A lower total is that of another Falco, whose start is a gap of its own.
      if (before === undefined || total < before) continue;
      const reported = name === KERNEL_DROPS ? this.#reported : 0;
      lost += Math.max(0, total - before - reported);
    }
    const fromNs = this.#sinceNs;
    this.#sinceNs = timeNs;
    this.#reported = 0;
    if (lost === 0 || timeNs <= fromNs) return undefined;
    return { fromNs, toNs: timeNs, cause: 'falco-drop', eventsEstimate: lost };
  }
}
