import { stages } from './marks.ts';
import type { Measured } from './measure.ts';

export type Results = {
  readonly background: readonly number[];
  readonly kill: readonly Measured[];
  readonly freeze: readonly Measured[];
  /** Of the last minute, when each was begun: the machine may be shared. */
  readonly loadAverages: readonly number[];
  readonly apiServer: string;
};

/** Stages in the order in which they happen, each with the time since Falco had the event. */
export function reportOf(results: Results): string {
  const { background, kill, freeze, apiServer } = results;
  const about = (title: string, measured: readonly Measured[]): readonly string[] =>
    measured.flatMap((one, index) => linesOf(`${title}, ${background[index]} other alerts/s`, one));
  return [
    ...about(`DELETE answered by ${apiServer}`, kill),
    ...about('cgroup frozen', freeze),
    `load average of this machine: ${results.loadAverages.join(', ')}`,
  ].join('\n');
}

function linesOf(title: string, measured: Measured): readonly string[] {
  if (measured.kind === 'skipped') return [`${title}: skipped, ${measured.reason}`];
  const { series } = measured;
  const { rounds, failed, p50Ms, p99Ms, maxMs, agentCpuPercent, collectorCpuPercent } = series;
  const way = stages.filter((stage) => series.stagesP50Ms[stage] !== undefined)
    .map((stage) => `${stage} ${series.stagesP50Ms[stage]}/${series.stagesP99Ms[stage]}`);
  return [
    `${title}: p50 ${p50Ms} ms, p99 ${p99Ms} ms, max ${maxMs} ms, ${rounds} rounds, ${failed} failed`,
    `  p50/p99 since the event: ${way.join(', ')}`,
    `  CPU: agent ${agentCpuPercent} %, collector ${collectorCpuPercent} % of a core`,
  ];
}

/** The numbers by background load, as other tools read them. */
export function jsonOf(results: Results): object {
  const by = (measured: readonly Measured[], key: 'p50Ms' | 'p99Ms' | 'rounds') =>
    Object.fromEntries(measured.map((one, index) =>
      [results.background[index], one.kind === 'series' ? one.series[key] : null]));
  return {
    deleteP50Ms: by(results.kill, 'p50Ms'),
    deleteP99Ms: by(results.kill, 'p99Ms'),
    deleteRounds: by(results.kill, 'rounds'),
    freezeP50Ms: by(results.freeze, 'p50Ms'),
    freezeP99Ms: by(results.freeze, 'p99Ms'),
    freezeRounds: by(results.freeze, 'rounds'),
    ...results,
  };
}
