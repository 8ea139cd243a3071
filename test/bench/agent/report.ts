import { variants } from './orders.ts';
import type { Measured, Variant } from './orders.ts';

/** Tables for people, and the object for machines. */

export type Results = {
  readonly rounds: number;
  readonly events: number;
  readonly byVariant: ReadonlyMap<Variant, readonly Measured[]>;
  readonly growth: {
    readonly images10: Measured;
    readonly images1000: Measured;
    readonly behaviours100: Measured;
    readonly behaviours10000: Measured;
  } | null;
  readonly paced: { readonly at1000: Measured; readonly at10000: Measured } | null;
  readonly machine: string;
};

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

const rateOf = ({ events, cpuSeconds }: Measured): number => events / cpuSeconds;
const costOf = ({ events, cpuSeconds }: Measured): number => cpuSeconds / events;
const cpuPercentOf = ({ cpuSeconds, wallSeconds }: Measured): number =>
  (cpuSeconds / wallSeconds) * 100;
const round = (value: number, digits = 0): number => Number(value.toFixed(digits));

function middle(results: Results, variant: Variant, of: (one: Measured) => number): number {
  return median((results.byVariant.get(variant) ?? []).map(of));
}

/** Of each round by itself: what else the machine did in it then falls out. */
function ratio(results: Results, over: Variant, under: Variant): number {
  const others = results.byVariant.get(under) ?? [];
  const ratios = (results.byVariant.get(over) ?? []).map((one, index) =>
    rateOf(one) / rateOf(others[index] as Measured));
  return median(ratios);
}

export function jsonOf(results: Results): Record<string, unknown> {
  const { growth, paced } = results;
  const told = variants.filter((variant) => variant !== 'httpFloor');
  const rates = Object.fromEntries(told.map((variant) => [
    variant,
    { eventsPerCpuSecond: round(middle(results, variant, rateOf)) },
  ]));
  return {
    ...rates,
    ratioPipelineToStock: round(ratio(results, 'pipeline', 'stockDecode'), 3),
    ratioPipelineToTransport: round(ratio(results, 'pipeline', 'transport'), 3),
    cpuPercentAt1000: paced === null ? null : round(cpuPercentOf(paced.at1000), 2),
    rssMiBAt100Images: round(middle(results, 'pipeline', ({ rssMiB }) => rssMiB), 1),
    rssMiBAt1000Images: growth === null ? null : round(growth.images1000.rssMiB, 1),
    latencyP99MsAt10000: paced === null ? null : round(paced.at10000.latencyP99Ms, 2),
    costGrowthImages: growth === null
      ? null
      : round(costOf(growth.images1000) / costOf(growth.images10), 3),
    costGrowthBehaviours: growth === null
      ? null
      : round(costOf(growth.behaviours10000) / costOf(growth.behaviours100), 3),
  };
}

export function reportOf(results: Results): string {
  const { rounds, events, machine, growth, paced } = results;
  const lines = [
    `${rounds} rounds of ${events} events, 100 images of 1,000 behaviours, medians; ${machine}`,
    '',
    '| variant | events/CPU-s | µs/event | bytes allocated | GC | RSS MiB | heap MiB | repeated |',
    '|---|---|---|---|---|---|---|---|',
  ];
  for (const variant of variants) lines.push(rowOf(variant, results.byVariant.get(variant) ?? []));
  lines.push('', `pipeline / stock decode ${fixed(ratio(results, 'pipeline', 'stockDecode'))}`);
  lines.push(`pipeline / transport ${fixed(ratio(results, 'pipeline', 'transport'))}`);
  lines.push(`http / bare server ${fixed(ratio(results, 'http', 'httpFloor'))}`);
  if (growth !== null) {
    lines.push('', HEADER, RULE);
    lines.push(rowOf('10 images × 1,000', [growth.images10]));
    lines.push(rowOf('1,000 images × 1,000', [growth.images1000]));
    lines.push(rowOf('10 images × 100', [growth.behaviours100]));
    lines.push(rowOf('10 images × 10,000', [growth.behaviours10000]));
  }
  if (paced !== null) {
    lines.push('');
    for (const [rate, one] of [['1,000', paced.at1000], ['10,000', paced.at10000]] as const) {
      lines.push(`at ${rate} ev/s: CPU ${fixed(cpuPercentOf(one))} % of a core, event to judged ` +
        `p50 ${fixed(one.latencyP50Ms)} ms, p99 ${fixed(one.latencyP99Ms)} ms`);
    }
  }
  return lines.join('\n');
}

const HEADER =
  '| pipeline | events/CPU-s | µs/event | bytes allocated | GC | RSS MiB | heap MiB | repeated |';
const RULE = '|---|---|---|---|---|---|---|---|';

function rowOf(name: string, all: readonly Measured[]): string {
  const of = (read: (one: Measured) => number): number => median(all.map(read));
  return `| ${[
    name,
    round(of(rateOf)).toLocaleString('en-US'),
    fixed(of(costOf) * 1e6),
    round(of(({ allocatedBytesPerEvent }) => allocatedBytesPerEvent)).toLocaleString('en-US'),
    `${fixed(of(({ gcShare }) => gcShare) * 100)} %`,
    round(of(({ rssMiB }) => rssMiB)),
    round(of(({ heapMiB }) => heapMiB)),
    `${round(of(({ repeats }) => repeats) * 100)} %`,
  ].join(' | ')} |`;
}

const fixed = (value: number): string => value.toFixed(2);
