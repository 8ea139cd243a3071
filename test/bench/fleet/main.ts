import { writeFileSync } from 'node:fs';
import process from 'node:process';

import { measureFleet } from './measure.ts';
import { HELP, parseOptions } from './options.ts';
import { descriptorsLacking } from './descriptors.ts';
import { reportOf } from './report.ts';

/**
 * `npm run bench:fleet`; ends with 0 when nothing was lost or doubled, 1 when something was, 2 when
 * it was called wrongly or this machine does not allow so many connections.
 */
async function main(argv: readonly string[]): Promise<number> {
  const parsed = parseOptions(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`bench:fleet: ${parsed.error}\n\n${HELP}`);
    return 2;
  }
  const lacking = descriptorsLacking(parsed.options.links);
  if (lacking !== undefined) {
    process.stderr.write(`bench:fleet: ${lacking}\n`);
    return 2;
  }
  const measured = await measureFleet(parsed.options, (line) => process.stderr.write(`${line}\n`));
  process.stdout.write(`${reportOf(measured)}\n`);
  if (parsed.json !== null) writeFileSync(parsed.json, `${JSON.stringify(measured, null, 2)}\n`);
  return measured.lost === 0 && measured.doubled === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
process.exitCode = await main(process.argv.slice(2));
