import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { measure } from './measure.ts';
import type { Run } from './measure.ts';
import { variants } from './orders.ts';
import type { Measured, Variant } from './orders.ts';
import { jsonOf, reportOf } from './report.ts';
import type { Growth, Results } from './report.ts';

/**
 * `npm run bench:agent`: what an event costs the agent. Every measurement is two processes of its
 * own; variants take turns, so that a busy machine is busy for all of them. CPU time, never wall
 * time, except for latency.
 */

const HELP = `Usage: npm run bench:agent -- [--rounds N] [--events N] [--soak N] [--json FILE] [--quick]

  --rounds N   rounds of all variants [5]
  --events N   events of one measurement [200000]
  --soak N     then N events in one go, with a look at the memory at each twentieth
  --quick      one short round without the tables of growth and latency
`;

const MAIN = { images: 100, behaviours: 1_000, eventsPerSecond: null };
const WARM_UP = 100_000;
/** A window and a half, so that the ends of windows are in what is measured. */
const PACED_WARM_UP_SECONDS = 90;
const PACED_SECONDS = 60;
/** The same for each pod at ten and at a thousand images, where they are eighty thousand. */
const GROWTH_LINES_PER_POD = 40;
const GROWTH_WARM_UP = 200_000;
const GROWTH_ROUNDS_MAX = 3;
const SOAK_SAMPLES = 20;

async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string', default: '5' },
      events: { type: 'string', default: '200000' },
      soak: { type: 'string', default: '0' },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const rounds = values.quick ? 1 : Number(values.rounds);
  const events = Number(values.events);
  const soak = Number(values.soak);
  if (values.help || !(rounds >= 1) || !(events >= 1_000) || !(soak >= 0)) {
    process.stdout.write(HELP);
    return values.help ? 0 : 2;
  }
  const results = await measureAll({ rounds, events, soak, isQuick: values.quick });
  process.stdout.write(`${reportOf(results)}\n`);
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify(jsonOf(results), null, 2)}\n`);
  }
  return 0;
}

type Plan = {
  readonly rounds: number;
  readonly events: number;
  /** Events of the long run; 0 for none. */
  readonly soak: number;
  readonly isQuick: boolean;
};

async function measureAll({ rounds, events, soak, isQuick }: Plan): Promise<Results> {
  const byVariant = new Map<Variant, Measured[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const variant of variants) {
      const isHttp = variant.startsWith('http');
      // A request costs ten times as much as a frame, on both sides.
      const share = isHttp ? 0.2 : 1;
      const run = { ...MAIN, variant, events: events * share, warmUp: warmUpOf(variant) * share };
      byVariant.get(variant)?.push(await tell(run));
    }
  }
  const growth: Growth[] = [];
  while (!isQuick && growth.length < Math.min(rounds, GROWTH_ROUNDS_MAX)) {
    growth.push(await measureGrowth(events));
  }
  return {
    rounds,
    events,
    byVariant,
    growth,
    paced: isQuick
      ? null
      : { at0: await paced(1, 1), at1000: await paced(1_000), at10000: await paced(10_000) },
    soak: soak === 0 ? null : await pipeline({ events: soak, samples: SOAK_SAMPLES }),
    machine: machineOf(),
  };
}

async function tell(run: Run): Promise<Measured> {
  const measured = await measure(run);
  const rate = Math.round(measured.events / measured.cpuSeconds);
  const { variant, images, behaviours } = run;
  process.stderr.write(
    `${variant}, ${images} images × ${behaviours}: ${rate} events per CPU-second\n`,
  );
  return measured;
}

function pipeline(more: Partial<Run>): Promise<Measured> {
  return tell({ ...MAIN, variant: 'pipeline', events: 0, warmUp: WARM_UP, ...more });
}

async function measureGrowth(events: number): Promise<Growth> {
  const grown = (more: Partial<Run>): Promise<Measured> =>
    pipeline({ events, warmUp: GROWTH_WARM_UP, linesPerPod: GROWTH_LINES_PER_POD, ...more });
  return {
    images10: await grown({ images: 10 }),
    images1000: await grown({ images: 1_000 }),
    behaviours100: await grown({ images: 10, behaviours: 100 }),
    behaviours10000: await grown({ images: 10, behaviours: 10_000 }),
  };
}

/** One event a second is an agent that waits: what asking and looking after itself costs. */
function paced(eventsPerSecond: number, warmUpSeconds = PACED_WARM_UP_SECONDS): Promise<Measured> {
  return pipeline({
    eventsPerSecond,
    events: eventsPerSecond * PACED_SECONDS,
    warmUp: eventsPerSecond * warmUpSeconds,
  });
}

function warmUpOf(variant: Variant): number {
  return variant === 'transport' || variant === 'stockDecode' ? 50_000 : WARM_UP;
}

function machineOf(): string {
  const cpu = /model name\s*:\s*(.*)/.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? 'unknown';
  const load = Math.round((loadavg()[0] ?? 0) * 10) / 10;
  return `${availableParallelism()} × ${cpu}, load ${load}, Node ${process.version}`;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));
