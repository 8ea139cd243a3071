/**
 * `npm run sim`: many seeds, each a run of `world.ts`, on all cores. Prints a line per failure with
 * the command that replays it, and a summary. Exit 1 when a seed failed.
 */
import { fork } from 'node:child_process';
import { availableParallelism } from 'node:os';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { simulate } from './world.ts';
import type { Outcome } from './world.ts';

const HELP = `Usage: npm run sim -- [--seeds N] [--from SEED] [--seed SEED] [--jobs N] [--json]

  --seeds N    how many seeds (1000)
  --from SEED  the first of them (1)
  --seed SEED  this one alone, with everything that happened
  --jobs N     processes (one per core)
  --json       the summary as one JSON object
`;

const SEEDS = 1_000;
const TELL_EVERY = 100;
const PROBLEMS_TOLD = 10;

type Totals = Record<
  'seeds' | 'failed' | 'raised' | 'gaps' | 'batches' | 'duplicates' | 'folded' | 'faults' |
  'connections' | 'connectionsDropped',
  number
>;

const noTotals = (): Totals => ({
  seeds: 0,
  failed: 0,
  raised: 0,
  gaps: 0,
  batches: 0,
  duplicates: 0,
  folded: 0,
  connections: 0,
  connectionsDropped: 0,
  faults: 0,
});

function add(totals: Totals, outcome: Outcome): void {
  const { counts, faults, problems, seed } = outcome;
  totals.seeds += 1;
  totals.raised += counts.raised;
  totals.gaps += counts.gaps;
  totals.batches += counts.batches;
  totals.duplicates += counts.duplicates;
  totals.folded += counts.folded;
  totals.connections += counts.connections;
  totals.connectionsDropped += counts.connectionsDropped;
  totals.faults += Object.values(faults).reduce((sum, number) => sum + number, 0);
  if (problems.length === 0) return;
  totals.failed += 1;
  console.error(`seed ${seed} failed; again with: npm run sim -- --seed ${seed}`);
  for (const problem of problems.slice(0, PROBLEMS_TOLD)) console.error(`  ${problem}`);
}

function tell(outcome: Outcome): void {
  for (const line of outcome.trace) console.log(line);
  console.log(outcome.counts, outcome.faults, `${outcome.steps} steps`);
}

/** Every `jobs`-th seed from `from` on. */
async function work(from: number, until: number, jobs: number): Promise<Totals> {
  const totals = noTotals();
  for (let seed = from; seed < until; seed += jobs) {
    add(totals, await simulate(seed));
    if (process.send === undefined) continue;
    process.send({ seed });
  }
  return totals;
}

async function share(from: number, until: number, jobs: number, isQuiet: boolean): Promise<Totals> {
  const totals = noTotals();
  let done = 0;
  await Promise.all(Array.from({ length: jobs }, (_, job) =>
    new Promise<void>((resolve, reject) => {
      const child = fork(import.meta.filename, [], {
        env: { ...process.env, [JOB]: JSON.stringify([from + job, until, jobs]) },
      });
      child.on('message', (message: { seed: number } | Totals) => {
        if ('seed' in message) {
          done += 1;
          if (!isQuiet && done % TELL_EVERY === 0) console.log(`${done} seeds`);
          return;
        }
        for (const key of Object.keys(totals) as (keyof Totals)[]) totals[key] += message[key];
      });
      child.on('exit', (code) => {
        if (code === 0) resolve();
        else reject(new Error(`a process of the simulation ended with ${code}`));
      });
    })));
  return totals;
}

/** Set for the processes that this one starts. */
const JOB = 'LANNER_SIM_JOB';

async function main(): Promise<number> {
  const job = process.env[JOB];
  if (job !== undefined) {
    const [from, until, jobs] = JSON.parse(job) as [number, number, number];
    const totals = await work(from, until, jobs);
    process.send?.(totals, () => process.disconnect?.());
    return 0;
  }
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: String(SEEDS) },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const [from, count, jobs] = [values.seed ?? values.from, values.seeds, values.jobs].map(Number);
  if (![from, count, jobs].every((n) => Number.isSafeInteger(n) && Number(n) > 0)) {
    console.error(`--seeds, --from, --seed and --jobs are whole numbers from 1\n\n${HELP}`);
    return 2;
  }
  if (values.seed !== undefined) {
    const outcome = await simulate(Number(from));
    tell(outcome);
    const totals = noTotals();
    add(totals, outcome);
    return totals.failed;
  }
  const totals = await share(Number(from), Number(from) + Number(count), Number(jobs), values.json);
  console.log(values.json ? JSON.stringify(totals) : totals);
  return totals.failed === 0 ? 0 : 1;
}

process.exitCode = await main();
