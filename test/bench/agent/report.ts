import { variants } from './orders.ts';
import type { Measured, Variant } from './orders.ts';

/** Tables for people, and the object for machines. */

export type Results = {
  readonly rounds: number;
  readonly events: number;
  readonly byVariant: ReadonlyMap<Variant, readonly Measured[]>;
  /** One of each round. */
  readonly growth: readonly Growth[];
  readonly paced: {
    readonly at0: Measured;
    readonly at1000: Measured;
    readonly at10000: Measured;
  } | null;
  readonly soak: Measured | null;
  readonly machine: string;
};

export type Growth = {
  readonly images10: Measured;
  readonly images1000: Measured;
  readonly behaviours100: Measured;
  readonly behaviours10000: Measured;
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
    rssMiBAt1000Images: growth.length === 0
      ? null
      : round(median(growth.map(({ images1000 }) => images1000.rssMiB)), 1),
    latencyP99MsAt10000: paced === null ? null : round(paced.at10000.latencyP99Ms, 2),
    costGrowthImages: costGrowth(growth, 'images10', 'images1000'),
    costGrowthBehaviours: costGrowth(growth, 'behaviours100', 'behaviours10000'),
  };
}

/** Of each round by itself, too. */
function costGrowth(
  growth: readonly Growth[],
  from: keyof Growth,
  to: keyof Growth,
): number | null {
  if (growth.length === 0) return null;
  return round(median(growth.map((one) => costOf(one[to]) / costOf(one[from]))), 3);
}

export function reportOf(results: Results): string {
  const { rounds, events, machine, growth, paced, soak } = results;
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
  if (growth.length > 0) {
    lines.push('', HEADER, RULE);
    lines.push(rowOf('10 images × 1,000', growth.map(({ images10 }) => images10)));
    lines.push(rowOf('1,000 images × 1,000', growth.map(({ images1000 }) => images1000)));
    lines.push(rowOf('10 images × 100', growth.map(({ behaviours100 }) => behaviours100)));
    lines.push(rowOf('10 images × 10,000', growth.map(({ behaviours10000 }) => behaviours10000)));
  }
  if (paced !== null) lines.push('', ...pacedLines(paced));
  if (soak !== null) {
    const samples = soak.rssSamplesMiB.join(' ');
    lines.push('', `${soak.events.toLocaleString('en-US')} events in one go: RSS ${samples} MiB`);
  }
  return lines.join('\n');
}

function pacedLines(paced: NonNullable<Results['paced']>): readonly string[] {
  const { at0, at1000, at10000 } = paced;
  const of = (rate: string, one: Measured): string =>
    `at ${rate} ev/s: CPU ${fixed(cpuPercentOf(one))} % of a core, RSS ${round(one.rssMiB)} MiB, ` +
    `event to judged p50 ${fixed(one.latencyP50Ms)} ms, p99 ${fixed(one.latencyP99Ms)} ms`;
  return [of('1', at0), of('1,000', at1000), of('10,000', at10000)];
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
