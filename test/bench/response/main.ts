import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import process from 'node:process';

import { measure } from './measure.ts';
import type { Measured } from './measure.ts';
import { HELP, parseOptions } from './options.ts';
import type { ResponseOptions } from './options.ts';
import { jsonOf, reportOf } from './report.ts';
import type { Results } from './report.ts';

/** `npm run bench:response`; ends with 1 when a response did not come, 2 when called wrongly. */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseOptions(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`bench:response: ${parsed.error}\n\n${HELP}`);
    return 2;
  }
  const results = await measureAll(parsed.options, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${reportOf(results)}\n`);
  if (parsed.json !== null) {
    writeFileSync(parsed.json, `${JSON.stringify(jsonOf(results), null, 2)}\n`);
  }
  const all = [...results.kill, ...results.freeze];
  return all.some((one) => one.kind === 'series' && one.series.failed > 0) ? 1 : 0;
}

/** One after the other: they would only measure each other. */
async function measureAll(
  options: ResponseOptions,
  tell: (line: string) => void,
): Promise<Results> {
  const measured: { kill: Measured[]; freeze: Measured[] } = { kill: [], freeze: [] };
  const loadAverages: number[] = [];
  for (const rate of options.background) {
    for (const action of ['kill', 'freeze'] as const) {
      tell(`${action}, ${rate} other alerts/s`);
      loadAverages.push(Math.round((loadavg()[0] ?? 0) * 10) / 10);
      measured[action].push(await measure(action, rate, options));
    }
  }
  return {
    background: options.background,
    ...measured,
    loadAverages,
    apiServer: options.isReal ? 'a real kube-apiserver' : 'the API double',
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));
