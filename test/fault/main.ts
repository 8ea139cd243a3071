/**
 * `npm run test:fault`: kill -9 of agents, collectors and PostgreSQL in random order under load,
 * then nothing lost and nothing doubled. The last line is the outcome as JSON. Exit 1 when not so.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';

import { runFaults } from './run.ts';

const HELP = `Usage: npm run test:fault -- [--seconds N] [--seed N] [--agents N] [--rate N]

  --seconds N  of kills; then everything is delivered (120)
  --seed N     of the order of the kills (one of chance)
  --agents N   processes with an outbox and a link (8)
  --rate N     alerts a second, of all agents together (200)
`;
const SEEDS = 1_000_000;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '120' },
      seed: { type: 'string', default: String(1 + Math.floor(Math.random() * SEEDS)) },
      agents: { type: 'string', default: '8' },
      rate: { type: 'string', default: '200' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const { seconds, seed, agents, rate } = values;
  const numbers = [seconds, seed, agents, rate].map(Number);
  if (!numbers.every((number) => Number.isSafeInteger(number) && number > 0)) {
    process.stderr.write(`all of them are whole numbers from 1\n\n${HELP}`);
    return 2;
  }
  process.stdout.write(`seed ${seed}\n`);
  const outcome = await runFaults({
    seconds: Number(seconds),
    seed: Number(seed),
    agents: Number(agents),
    alertsPerSecond: Number(rate),
    tell: (line) => process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
  return outcome.problems.length === 0 ? 0 : 1;
}

// What was started ends with this process, also when a person stops it.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main();
