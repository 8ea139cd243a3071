import { HERE, increase, level, quantile, rate } from './panel.ts';
import type { Dashboard, Row } from './panel.ts';

const agent = (name: string): string => `lanner_agent_${name}{${HERE}}`;
/** The process metrics have no name of ours; the target that they share has. */
const processOf = (program: 'agent' | 'collector', expr: string): string =>
  `topk(10, ${expr} and on (job, instance) lanner_${program}_build_info)`;
const cpu = `rate(process_cpu_seconds_total{${HERE}}[$__rate_interval])`;
const rss = `process_resident_memory_bytes{${HERE}}`;
/** The chart's limit is 256 MiB. */
const AGENT_BYTES_MUCH = 200 * 1024 * 1024;
const DAY = 86_400;

const health: Row = {
  title: 'Health',
  panels: [{
    kind: 'stat',
    title: 'Agents',
    description: 'heard, blind (no Falco) and silent; those not heard for a day are left out.',
    queries: [{ expr: level('agents', ['state']), legend: '{{state}}' }],
    unit: 'short',
    width: 8,
  }, {
    kind: 'stat',
    title: 'Open links',
    description: 'Agents that are connected, over all collectors.',
    queries: [{ expr: `sum(lanner_collector_links{${HERE}})`, legend: 'links' }],
    unit: 'short',
    width: 4,
    low: 'red',
    thresholds: [[1, 'green']],
  }, {
    kind: 'stat',
    title: 'Store',
    description: '1 while the collector’s store answers.',
    queries: [{ expr: `min(lanner_collector_store_up{${HERE}})`, legend: 'up' }],
    unit: 'short',
    width: 4,
    low: 'red',
    thresholds: [[1, 'green']],
  }, {
    kind: 'stat',
    title: 'Link certificate',
    description: 'Until the collector’s certificate ends; nothing where links are without TLS.',
    queries: [{
      expr: `min(lanner_collector_link_certificate_not_after_seconds{${HERE}} > 0) - time()`,
      legend: 'left',
    }],
    unit: 's',
    width: 4,
    low: 'red',
    thresholds: [[7 * DAY, 'orange'], [21 * DAY, 'green']],
  }, {
    kind: 'stat',
    title: 'Sensors in alarm',
    description: 'Agents whose Falco is lost or suspiciously silent.',
    queries: [{ expr: `sum(${agent('sensor_alarm')})`, legend: 'sensors' }],
    unit: 'short',
    width: 4,
    thresholds: [[1, 'red']],
  }],
};

const events: Row = {
  title: 'Events',
  panels: [{
    kind: 'timeseries',
    title: 'Events of the busiest agents',
    description: 'Received from Falco.',
    queries: [{
      expr: `topk(10, rate(lanner_agent_events_received_total{${HERE}}[$__rate_interval]))`,
      legend: '{{node}} {{instance}}',
    }],
    unit: 'ops',
    width: 12,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Lag of the slowest agents',
    description: 'Age of the newest event: beyond some seconds an agent begins to shed.',
    queries: [{
      expr: `topk(10, ${agent('event_lag_seconds')})`,
      legend: '{{node}} {{instance}}',
    }],
    unit: 's',
    width: 12,
    thresholds: [[5, 'orange'], [30, 'red']],
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Events that were not judged',
    description: 'Received and left out, by reason.',
    queries: [{
      expr: rate('agent_events_dropped_total', { by: ['reason'] }),
      legend: '{{reason}}',
    }],
    unit: 'ops',
    width: 8,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Gaps by cause',
    description: 'Times in which nobody watched a node, or not all of it.',
    queries: [{ expr: increase('agent_gaps_total', { by: ['cause'] }), legend: '{{cause}}' }],
    unit: 'short',
    width: 8,
    isStacked: true,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Shed by class',
    description: 'What an overload left unjudged; what is of little evidence goes first.',
    queries: [{ expr: rate('agent_events_shed_total', { by: ['class'] }), legend: '{{class}}' }],
    unit: 'ops',
    width: 8,
    min: 0,
  }],
};

const delivery: Row = {
  title: 'Delivery',
  panels: [{
    kind: 'timeseries',
    title: 'Fullest outboxes',
    description: 'Share of the outbox in use; full, the least severe alerts become counts.',
    queries: [{
      expr: `topk(10, ${agent('outbox_bytes')} / ${agent('outbox_bytes_max')})`,
      legend: '{{node}} {{instance}}',
    }],
    unit: 'percentunit',
    width: 8,
    thresholds: [[0.5, 'orange'], [0.9, 'red']],
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Links that ended',
    description: 'As the collectors saw it, by reason; agent-left is an agent that was stopped.',
    queries: [{
      expr: increase('collector_links_ended_total', { by: ['reason'] }),
      legend: '{{reason}}',
    }],
    unit: 'short',
    width: 8,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Commit of a batch',
    description: 'Of the store, with the alerts of agents: they wait for it.',
    queries: [
      { expr: quantile(0.5, 'collector_store_commit_seconds'), legend: 'median' },
      { expr: quantile(0.99, 'collector_store_commit_seconds'), legend: '99 %' },
    ],
    unit: 's',
    width: 8,
    thresholds: [[1, 'orange']],
    min: 0,
  }],
};

const flows: Row = {
  title: 'Flow ledger',
  panels: [{
    kind: 'timeseries',
    title: 'Flows stored',
    description: 'By how exactly their times are known; the bound is retention.flowsMax.',
    queries: [{ expr: level('flows', ['precision']), legend: '{{precision}}' }],
    unit: 'short',
    width: 8,
    isStacked: true,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'How far back',
    description: 'Who was behind a connection is known since then.',
    queries: [{
      expr: `time() - min(lanner_collector_flows_oldest_timestamp_seconds{${HERE}})`,
      legend: 'oldest flow',
    }],
    unit: 's',
    width: 8,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Deleted flows',
    description: 'age is as wished; bound is before that, because there were too many.',
    queries: [{
      expr: increase('collector_flows_deleted_total', { by: ['reason'] }),
      legend: '{{reason}}',
    }],
    unit: 'short',
    width: 8,
    min: 0,
  }],
};

const cost: Row = {
  title: 'What it costs',
  panels: [{
    kind: 'timeseries',
    title: 'CPU of agents',
    description: 'The ten that use most. 1 is one core.',
    queries: [{ expr: processOf('agent', cpu), legend: '{{node}} {{instance}}' }],
    unit: 'short',
    width: 6,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Memory of agents',
    description: 'Resident; the chart’s limit is 256 MiB.',
    queries: [{ expr: processOf('agent', rss), legend: '{{node}} {{instance}}' }],
    unit: 'bytes',
    width: 6,
    thresholds: [[AGENT_BYTES_MUCH, 'orange']],
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'CPU of collectors',
    description: '1 is one core.',
    queries: [{ expr: processOf('collector', cpu), legend: '{{instance}}' }],
    unit: 'short',
    width: 6,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Memory of collectors',
    description: 'Resident.',
    queries: [{ expr: processOf('collector', rss), legend: '{{instance}}' }],
    unit: 'bytes',
    width: 6,
    min: 0,
  }],
};

const outputs: Row = {
  title: 'Outputs',
  panels: [{
    kind: 'timeseries',
    title: 'Lag of outputs',
    description: 'Age of the oldest record that waits for its receiver.',
    queries: [{ expr: level('output_lag_seconds', ['output']), legend: '{{output}}' }],
    unit: 's',
    width: 8,
    thresholds: [[300, 'red']],
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Records sent and refused',
    description: 'A receiver that is away is tried again; what it refuses for good is a dead letter.',
    queries: [
      { expr: rate('collector_output_sent_total', { by: ['output'] }), legend: '{{output}} sent' },
      {
        expr: rate('collector_output_failures_total', { by: ['output'] }),
        legend: '{{output}} failed',
      },
    ],
    unit: 'ops',
    width: 8,
    min: 0,
  }, {
    kind: 'timeseries',
    title: 'Left out',
    description: 'Records that were too many or too old, told in one summary.',
    queries: [{
      expr: increase('collector_output_passed_over_total', { by: ['output', 'reason'] }),
      legend: '{{output}} {{reason}}',
    }],
    unit: 'short',
    width: 8,
    min: 0,
  }],
};

export const fleet: Dashboard = {
  uid: 'lanner-fleet',
  title: 'Lanner / Fleet',
  description: 'Whether every node is watched, what is lost on the way, and what it costs.',
  rows: [health, events, delivery, flows, cost, outputs],
};
