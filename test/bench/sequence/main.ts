import { parseArgs } from 'node:util';
import { AdfaError, readAdfa } from './adfa.ts';
import { FALSE_ALARM_SHARES, measure, ORDERS, type Measured } from './measure.ts';

const HELP = `usage: npm run bench:sequence -- --adfa DIR

Measures the sequence model on ADFA-LD: how well the mean bits of a process tell attacks from
normal processes. DIR holds Training_Data_Master, Validation_Data_Master and Attack_Data_Master
as distributed by its authors (search for "ADFA-LD"); it is not shipped here.
`;

function main(argv: readonly string[]): number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { adfa: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    });
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    if (values.adfa === undefined) return wrong('--adfa DIR is missing');
    const adfa = readAdfa(values.adfa);
    const { training, validation, attacks } = adfa;
    const counts = `${training.length} training, ${validation.length} validation`;
    process.stdout.write(`${counts}, ${attacks.length} attack processes\n${headLine()}\n`);
    for (const order of ORDERS) process.stdout.write(`${lineOf(measure(adfa, order))}\n`);
    return 0;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const isOurs = error instanceof AdfaError || code.startsWith('ERR_PARSE_ARGS');
    if (!isOurs) throw error;
    return wrong((error as Error).message);
  }
}

function wrong(message: string): number {
  process.stderr.write(`bench:sequence: ${message}\n\n${HELP}`);
  return 2;
}

function headLine(): string {
  const shares = FALSE_ALARM_SHARES.map((share) => `${share * 100} %`.padStart(7));
  return `order    AUC   detected at ${shares.join('')} false alarms`;
}

function lineOf({ order, auc, detectedAt, contexts, refused }: Measured): string {
  const shares = FALSE_ALARM_SHARES.map((share) =>
    (100 * (detectedAt.get(share) ?? 0)).toFixed(1).padStart(7));
  const room = `${contexts} contexts${refused === 0 ? '' : `, ${refused} refused`}`;
  const start = `${String(order).padStart(5)}  ${auc.toFixed(3)}`;
  return `${start}               ${shares.join('')}  ${room}`;
}

process.exitCode = main(process.argv.slice(2));
