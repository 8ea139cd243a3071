import { join } from 'node:path';
import { parseArgs } from 'node:util';

export const HELP = `usage: npm run bench:detect -- [--data DIR] [options]

Runs Lanner and three comparators over a recording and counts what each detected.

  --data DIR             recording directory (default: demo/recording)
  --json FILE            also write the numbers as one JSON object
  --limit-train SECONDS  learn from the last SECONDS of the training span only
  --loss-seeds N         runs with 1 % and with 5 % of events lost, 0 for none (default: 5)
  --stability            instead: split the recording over 1, 3 and 10 agents and compare
  --verbose              list each detection and each false alert with its reason
  --help                 this text
`;

export type BenchOptions = {
  readonly data: string;
  readonly json: string | null;
  readonly limitTrainSeconds: number | null;
  readonly lossSeeds: number;
  readonly stability: boolean;
  readonly verbose: boolean;
};

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly error: string };

/** More runs than this are a mistake of the hand. */
const LOSS_SEEDS_MAX = 1000;

export function parseOptions(argv: readonly string[]): ParsedOptions {
  let values: ReturnType<typeof parse>;
  try {
    values = parse(argv);
  } catch (error) {
    return { kind: 'wrong', error: (error as Error).message };
  }
  if (values.help === true) return { kind: 'help' };
  const limit = values['limit-train'];
  const limitTrainSeconds = limit === undefined ? null : Number(limit);
  if (limitTrainSeconds !== null && !(limitTrainSeconds > 0)) {
    return { kind: 'wrong', error: `--limit-train ${limit}: expected seconds above 0` };
  }
  const lossSeeds = Number(values['loss-seeds']);
  if (!Number.isInteger(lossSeeds) || lossSeeds < 0 || lossSeeds > LOSS_SEEDS_MAX) {
    const expected = `expected a whole number up to ${LOSS_SEEDS_MAX}`;
    return { kind: 'wrong', error: `--loss-seeds ${values['loss-seeds']}: ${expected}` };
  }
  const options = {
    data: values.data ?? join(import.meta.dirname, '../../../demo/recording'),
    json: values.json ?? null,
    limitTrainSeconds,
    lossSeeds,
    stability: values.stability === true,
    verbose: values.verbose === true,
  };
  return { kind: 'run', options };
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    options: {
      data: { type: 'string' },
      json: { type: 'string' },
      'limit-train': { type: 'string' },
      'loss-seeds': { type: 'string', default: '5' },
      stability: { type: 'boolean' },
      verbose: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  }).values;
}
