import { parseArgs } from 'node:util';

export const HELP = `usage: npm run bench:response -- [options]

From a critical event on Falco's stream to the API server's answer to the DELETE, and to a frozen
cgroup: agent and collector as programs, the policy acting, guardrails and audit in the way.

  --rounds N         responses of each kind per background load (default: 100)
  --background LIST  other alerts per second, from agents of other nodes (default: 0,100,1000)
  --real             kill in a real kube-apiserver with etcd (see test/kube), not in the double
  --json FILE        also write the numbers as one JSON object
  --help             this text
`;

export type ResponseOptions = {
  readonly rounds: number;
  readonly background: readonly number[];
  readonly isReal: boolean;
};

export type ParsedOptions =
  | { readonly kind: 'run'; readonly options: ResponseOptions; readonly json: string | null }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly error: string };

export function parseOptions(argv: readonly string[]): ParsedOptions {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        rounds: { type: 'string', default: '100' },
        background: { type: 'string', default: '0,100,1000' },
        real: { type: 'boolean', default: false },
        json: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }));
  } catch (error) {
    return { kind: 'wrong', error: (error as Error).message };
  }
  if (values.help === true) return { kind: 'help' };
  const rounds = Number(values.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1) {
    return { kind: 'wrong', error: `--rounds ${values.rounds}: expected a whole number from 1` };
  }
  const background = values.background.split(',').map(Number);
  if (background.some((rate) => !Number.isSafeInteger(rate) || rate < 0)) {
    const error = `--background ${values.background}: expected whole numbers, e.g. 0,100`;
    return { kind: 'wrong', error };
  }
  const options = { rounds, background, isReal: values.real };
  return { kind: 'run', options, json: values.json ?? null };
}
