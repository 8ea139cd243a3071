/**
 * `lanner_agent_*`. Counters live as plain numbers where the work is done; they are read when
 * Prometheus asks, once per scrape. Labels are closed sets of ours, never names from events.
 */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';
import type { AgentStats } from './stats.ts';

/** Label values → number; the empty text stands for a metric without labels. */
type Reading = number | Readonly<Record<string, number>>;
type Metric = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly label?: string;
  readonly read: (stats: AgentStats) => Reading;
};

const counter = (
  name: string,
  help: string,
  read: Metric['read'],
  label?: string,
): Metric => ({ name, help, type: 'counter', read, ...(label === undefined ? {} : { label }) });

const gauge = (name: string, help: string, read: Metric['read'], label?: string): Metric => ({
  name,
  help,
  type: 'gauge',
  read,
  ...(label === undefined ? {} : { label }),
});

const metrics: readonly Metric[] = [
  counter('events_received_total', 'Events from Falco.', ({ events }) => events.received),
  counter('events_judged_total', 'Events judged by the baseline.', ({ events }) => events.judged),
  counter(
    'events_dropped_total',
    'Events that were not judged, by reason.',
    ({ events }) => events.dropped,
    'reason',
  ),
  counter(
    'events_repeated_total',
    'Part of the judged events: known as they stood, so that they were only counted.',
    ({ events }) => events.repeated,
  ),
  counter(
    'events_shed_total',
    'Events that an overload left unjudged, by class.',
    ({ events }) => events.shed,
    'class',
  ),
  counter(
    'events_malformed_total',
    'What came from Falco and was no event, by reason.',
    ({ events }) => events.malformed,
    'reason',
  ),
  counter(
    'event_values_cut_total',
    'Values of fields of events of which only the first 4,096 bytes were kept.',
    ({ valuesCut }) => valuesCut,
  ),
  counter(
    'events_unnamed_total',
    'Events judged under an empty image, because nobody named it in time.',
    ({ events }) => events.unnamed,
  ),
  counter('events_late_total', 'Events older than their predecessor.', ({ events }) => events.late),
  counter(
    'events_stale_total',
    'Events that were old when they came although the agent had caught up: a clock that differs, ' +
      'or a Falco that was held up. They are judged.',
    ({ events }) => events.stale,
  ),
  counter('clock_jumps_total', 'Jumps of event time.', ({ events }) => events.clockJumps),
  gauge(
    'events_waiting',
    'Events that wait for the image of their container.',
    ({ events }) => events.waiting,
  ),
  gauge('event_lag_seconds', 'Age of the newest event.', ({ events }) => events.lagSeconds),
  gauge('containers', 'Containers that are known.', ({ containers }) => containers.known),
  gauge('containers_running', 'Containers that run.', ({ containers }) => containers.running),
  counter(
    'containers_evicted_total',
    'Containers forgotten because the bound was reached.',
    ({ containers }) => containers.evicted,
  ),
  gauge('images', 'Image profiles by state.', ({ images }) => images, 'state'),
  counter(
    'alerts_total',
    'Alerts on disk, by severity.',
    ({ alerts }) => alerts.raised,
    'severity',
  ),
  gauge(
    'alerts_held',
    'Alerts in memory because the outbox cannot be written.',
    ({ alerts }) => alerts.held,
  ),
  gauge('gaps_held', 'Gap records in memory, for the same reason.', ({ alerts }) =>
    alerts.gapsHeld),
  counter(
    'alerts_lost_total',
    'Alerts lost because the outbox could not be written for too long.',
    ({ alerts }) => alerts.lost,
    'severity',
  ),
  counter('gaps_total', 'Holes in the event stream, by cause.', ({ gaps }) => gaps, 'cause'),
  gauge('source_streaming', '1 while events can come from Falco.', ({ source }) =>
    source.state === 'streaming' ? 1 : 0),
  gauge('sensor_alarm', '1 while Falco is lost or suspiciously silent.', ({ isSensorAlarmed }) =>
    isSensorAlarmed ? 1 : 0),
  gauge('outbox_pending', 'Alerts not acknowledged.', ({ outbox }) => outbox.pending),
  gauge('outbox_bytes', 'Bytes charged for them.', ({ outbox }) => outbox.bytes),
  gauge('outbox_bytes_max', 'Bytes at which alerts become counts.', ({ outbox }) =>
    outbox.bytesMax),
  counter(
    'outbox_acknowledged_total',
    'Alerts that the collector has committed.',
    ({ outbox }) => outbox.acknowledged,
  ),
  counter(
    'outbox_superseded_total',
    'Alerts replaced by a newer revision before they were sent.',
    ({ outbox }) => outbox.superseded,
  ),
  counter(
    'outbox_summarised_total',
    'Alerts folded into counts because the outbox was full, by severity.',
    ({ outbox }) => outbox.folded,
    'severity',
  ),
  counter(
    'outbox_failures_total',
    'Writes that failed.',
    ({ alerts, link }) => alerts.failures + link.outboxFailures,
  ),
  counter('outbox_replaced_total', 'Broken files set aside.', ({ outbox }) => outbox.replaced),
  gauge('outbox_gaps_pending', 'Gap records not acknowledged.', ({ outbox }) =>
    outbox.gaps.pending),
  counter(
    'outbox_gaps_folded_total',
    'Gap records that became part of a wider one because there were too many.',
    ({ outbox }) => outbox.gaps.folded,
  ),
  counter('flow_connections_total', 'Connections counted in the flow ledger.', ({ flows }) =>
    flows.counted),
  counter(
    'flow_connections_folded_total',
    'Part of these: without their remote address, because a minute had too many.',
    ({ flows }) => flows.folded,
  ),
  gauge('outbox_flow_chunks_pending', 'Parts of the flow ledger not acknowledged.', ({ outbox }) =>
    outbox.flows.pending),
  counter(
    'outbox_flows_dropped_total',
    'Flows dropped because they had no room in the outbox; a gap says when.',
    ({ outbox }) => outbox.flows.flowsDropped,
  ),
  gauge('link_connected', '1 while linked to the collector.', ({ link }) =>
    link.isLinked ? 1 : 0),
  gauge('link_in_flight_batches', 'Batches not acknowledged yet.', ({ link }) => link.inFlight),
  counter('link_attempts_total', 'Attempts to link.', ({ link }) => link.attempts),
  counter(
    'link_ends_total',
    'Links and attempts that ended, by reason.',
    ({ link }) => link.ended,
    'reason',
  ),
  counter('link_batches_sent_total', 'Batches sent.', ({ link }) => link.batchesSent),
  counter(
    'link_batches_unsendable_total',
    'Batches too large to be sent; their alerts became counts.',
    ({ link }) => link.batchesUnsendable,
  ),
  counter(
    'link_frames_malformed_total',
    'Frames from the collector that were none.',
    ({ link }) => link.framesMalformed,
  ),
  counter(
    'link_frames_unknown_total',
    'Frames that only a newer agent knows.',
    ({ link }) => link.framesUnknown,
  ),
  counter(
    'link_heartbeats_skipped_total',
    'Heartbeats not sent because the socket was full.',
    ({ link }) => link.heartbeatsSkipped,
  ),
  counter(
    'link_commands_refused_total',
    'Commands refused because too many were open.',
    ({ link }) => link.commandsRefused,
  ),
  counter(
    'profiles_received_total',
    'Profiles from the collector, by what became of them.',
    ({ adoptions }) => adoptions,
    'outcome',
  ),
  counter(
    'profiles_restored_total',
    'Profiles from the cache on disk, by what became of them.',
    ({ restored }) => restored,
    'outcome',
  ),
  counter(
    'decisions_received_total',
    "Lists of people's decisions from the collector, by what became of them.",
    ({ decisions }) => decisions,
    'outcome',
  ),
  gauge('profile_cache_bytes', 'Bytes of the profile cache on disk.', ({ cache }) => cache.bytes),
  gauge('profile_cache_entries', 'Files of the profile cache.', ({ cache }) => cache.entries),
  counter(
    'profile_cache_corrupt_total',
    'Files of the profile cache that were broken and removed.',
    ({ cache }) => cache.corrupt,
  ),
  counter(
    'profile_cache_evicted_total',
    'Files of the profile cache removed because the bound was reached.',
    ({ cache }) => cache.evicted,
  ),
  counter(
    'profile_cache_failures_total',
    'Reads and writes of the profile cache that the disk refused.',
    ({ cache }) => cache.failures,
  ),
  counter(
    'evidence_dropped_total',
    'Profiles too large or too many to be kept for the collector.',
    ({ evidenceDropped }) => evidenceDropped,
  ),
  counter('cri_answers_total', 'Answers of the container runtime.', ({ cri }) => cri, 'outcome'),
  gauge(
    'image_runs',
    'Images in pods that run, as the collector is told.',
    ({ imageReports }) => imageReports.running,
  ),
  counter(
    'image_runs_dropped_total',
    'Images in pods that were forgotten before the collector can have heard of their end.',
    ({ imageReports }) => imageReports.dropped,
  ),
  counter(
    'image_layer_answers_total',
    'What the container runtime said of the layers of images.',
    ({ imageReports }) => imageReports.layers,
    'outcome',
  ),
];

export const PREFIX = 'lanner_agent_';

export function registerMetrics(
  registry: Registry,
  version: string,
  read: () => AgentStats,
): void {
  let stats: AgentStats | null = null;
  const once = (): AgentStats => {
    if (stats !== null) return stats;
    // All metrics of one scrape are collected in one turn; the next scrape reads anew.
    queueMicrotask(() => (stats = null));
    return (stats = read());
  };
  const info = new Gauge({
    name: `${PREFIX}build_info`,
    help: 'Version of the agent and of Node.js.',
    // Not `node`: that is the name of the machine, which Prometheus puts on every series.
    labelNames: ['version', 'nodejs'],
    registers: [registry],
  });
  info.set({ version, nodejs: process.versions.node }, 1);
  for (const metric of metrics) register(registry, metric, once);
}

function register(registry: Registry, metric: Metric, read: () => AgentStats): void {
  const common = {
    name: PREFIX + metric.name,
    help: metric.help,
    labelNames: metric.label === undefined ? [] : [metric.label],
    registers: [registry],
  };
  const each = (set: (labels: Record<string, string>, value: number) => void): void => {
    const reading = metric.read(read());
    if (typeof reading === 'number') set({}, reading);
    else {
      for (const [value, count] of Object.entries(reading)) {
        set({ [metric.label ?? '']: value }, count);
      }
    }
  };
  if (metric.type === 'gauge') {
    new Gauge({
      ...common,
      collect() {
        each((labels, value) => this.set(labels, value));
      },
    });
    return;
  }
  new Counter({
    ...common,
    collect() {
      this.reset();
      each((labels, value) => this.inc(labels, value));
    },
  });
}
