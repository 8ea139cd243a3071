import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';

const module = JSON.stringify(new URL('stop-signal.ts', import.meta.url).href);

/** A program that needs a while to stop, and a clock that is read once per signal. */
const program = (timesMs: readonly number[]): string => `
  import { stopSignal } from ${module};
  const times = ${JSON.stringify(timesMs)};
  const waiting = setInterval(() => {}, 1_000);
  stopSignal(() => times.shift() ?? 0).then((name) => {
    console.log('stopping', name);
    process.on('SIGUSR2', () => clearInterval(waiting));
  });
  console.log('ready');
`;

type Ended = { readonly status: number | null; readonly signal: string | null };

/** Sends each signal when the output has the words before it. */
function run(
  timesMs: readonly number[],
  script: readonly (readonly [string, NodeJS.Signals])[],
): Promise<Ended> {
  const args = ['--input-type=module-typescript', '--eval', program(timesMs)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const steps = [...script];
  let out = '';
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    for (let step = steps[0]; step !== undefined && out.includes(step[0]); step = steps[0]) {
      steps.shift();
      child.kill(step[1]);
    }
  });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ status, signal }));
  });
}

test('the same signal by two ways is one: the program stops in its own time', async () => {
  const ended = await run([0, 1, 1_999], [
    ['ready', 'SIGTERM'],
    ['stopping SIGTERM', 'SIGTERM'],
    ['stopping SIGTERM', 'SIGUSR2'],
  ]);
  expect(ended).toEqual({ status: 0, signal: null });
});

test('a second one later ends it at once', async () => {
  const ended = await run([0, 1, 2_000], [
    ['ready', 'SIGTERM'],
    ['stopping SIGTERM', 'SIGINT'],
  ]);
  expect(ended).toEqual({ status: null, signal: 'SIGINT' });
});
