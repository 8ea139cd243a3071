/** `lanner_agent_commands_total` and its siblings: counted in the room, read at the scrape. */
import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';
import type { ContainCounts } from './counts.ts';

const PREFIX = 'lanner_agent_';
/** Around the aim of 50 ms. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/** Returns where a confirmed freeze is to be told. */
export function registerContainMetrics(
  registry: Registry,
  read: () => ContainCounts,
): (seconds: number) => void {
  const registers = [registry];
  new Counter({
    name: `${PREFIX}commands_total`,
    help: 'Commands of the collector, by action and outcome.',
    labelNames: ['action', 'outcome'],
    registers,
    collect() {
      this.reset();
      for (const [action, outcomes] of Object.entries(read().commands)) {
        for (const [outcome, count] of Object.entries(outcomes)) {
          this.inc({ action, outcome }, count);
        }
      }
    },
  });
  const plain: readonly [string, string, (counts: ContainCounts) => number][] = [
    ['commands_repeated_total', 'Commands that came again.', ({ repeated }) => repeated],
    ['freezes_released_total', 'Thaws without a collector.', ({ released }) => released],
    [
      'recorder_overwritten_total',
      'Observations replaced by newer ones of their pod.',
      ({ recorder }) => recorder.overwritten,
    ],
    [
      'recorder_evicted_total',
      'Observations forgotten with a quiet pod.',
      ({ recorder }) => recorder.evicted,
    ],
    ['proc_reads_late_total', 'Reads of processes that hung.', ({ readsLate }) => readsLate],
  ];
  for (const [name, help, value] of plain) {
    new Counter({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(value(read()));
      },
    });
  }
  const gauges: readonly [string, string, (counts: ContainCounts) => number][] = [
    ['frozen_targets', 'Pods and containers held frozen.', ({ frozen }) => frozen],
    ['recorder_records', 'Observations in memory.', ({ recorder }) => recorder.records],
  ];
  for (const [name, help, value] of gauges) {
    new Gauge({
      name: PREFIX + name,
      help,
      registers,
      collect() {
        this.set(value(read()));
      },
    });
  }
  const seconds = new Histogram({
    name: `${PREFIX}freeze_seconds`,
    help: 'From the turn of a freeze to its confirmation.',
    buckets: SECONDS,
    registers,
  });
  return (value) => seconds.observe(value);
}
