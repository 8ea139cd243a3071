import { parseArgs } from 'node:util';

export const HELP = `usage: npm run bench:fleet -- [options]

What one collector carries: idle links, active links, a fleet that comes back after an hour, and
what the stores commit.

  --links N     agents connected, a heartbeat every 5 s (default: 5000)
  --active N    of them, with a batch of 10 alerts a second each (default: 1000)
  --returning N agents that come back at once with an hour's alerts each (default: 1000)
  --seconds N   of each measurement (default: 30)
  --clients N   processes that hold the agents' ends (default: 2)
  --json FILE   also write the numbers as one JSON object
  --help        this text
`;

export type FleetOptions = {
  readonly links: number;
  readonly active: number;
  readonly returning: number;
  readonly seconds: number;
  readonly clients: number;
};

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: FleetOptions; readonly json: string | null }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly error: string };

const DEFAULTS: FleetOptions = {
  links: 5_000,
  active: 1_000,
  returning: 1_000,
  seconds: 30,
  clients: 2,
};
const NAMES = Object.keys(DEFAULTS) as (keyof FleetOptions)[];

export function parseOptions(argv: readonly string[]): ParsedOptions {
  let values: Readonly<Record<string, string | boolean | undefined>>;
  try {
    values = parseArgs({
      args: [...argv],
      options: {
        ...Object.fromEntries(NAMES.map((name) =>
          [name, { type: 'string', default: String(DEFAULTS[name]) } as const])),
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    return { kind: 'wrong', error: (error as Error).message };
  }
  if (values['help'] === true) return { kind: 'help' };
  for (const name of NAMES) {
    const number = Number(values[name]);
    if (Number.isSafeInteger(number) && number > 0) continue;
    return { kind: 'wrong', error: `--${name} ${values[name]}: expected a whole number from 1` };
  }
  const options = Object.fromEntries(NAMES.map((name) => [name, Number(values[name])]));
  const { json } = values;
  if (Number(options['active']) > Number(options['links'])) {
    return { kind: 'wrong', error: '--active: expected no more than --links' };
  }
  return {
    kind: 'run',
    options: options as FleetOptions,
    json: typeof json === 'string' ? json : null,
  };
}
