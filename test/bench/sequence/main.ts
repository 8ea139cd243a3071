import { parseArgs } from 'node:util';
import { readRecording, RecordingError } from '../detect/recording.ts';
import { AdfaError, readAdfa, type Adfa } from './adfa.ts';
import { FALSE_ALARM_SHARES, measure, ORDERS, type Measured } from './measure.ts';
import { FALSE_SLICES, measureRecorded, type Recorded } from './recorded.ts';
import { ALPHABETS, UNITS } from './slices.ts';
import { FOREIGN_SHARES, syntheticData } from './synthetic.ts';

const HELP = `usage: npm run bench:sequence -- --adfa DIR | --data DIR | --synthetic

Measures a Witten–Bell model of sequences: how well the mean bits of a process tell attacks from
normal processes.

  --adfa DIR   ADFA-LD as distributed by its authors: Training_Data_Master, Validation_Data_Master
               and Attack_Data_Master (search for "ADFA-LD"); it is not shipped here
  --data DIR   a recording of Falco's events, as bench:detect reads it: what sequences of events
               say there that the channels of the product do not
  --synthetic  made-up processes: whether the model works, not whether it is of use
`;

const RECORDED_ORDERS = [3, 5] as const;

function main(argv: readonly string[]): number {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        adfa: { type: 'string' },
        data: { type: 'string' },
        synthetic: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) process.stdout.write(HELP);
    else if (values.adfa !== undefined) measureTraces(readAdfa(values.adfa));
    else if (values.data !== undefined) measureRecording(values.data);
    else if (values.synthetic === true) measureSynthetic();
    else return wrong('one of --adfa DIR, --data DIR and --synthetic is missing');
    return 0;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    const isOurs = error instanceof AdfaError || error instanceof RecordingError;
    if (!isOurs && !code.startsWith('ERR_PARSE_ARGS')) throw error;
    return wrong((error as Error).message);
  }
}

function wrong(message: string): number {
  process.stderr.write(`bench:sequence: ${message}\n\n${HELP}`);
  return 2;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function measureTraces(data: Adfa): void {
  const { training, validation, attacks } = data;
  const counts = `${training.length} training, ${validation.length} validation`;
  say(`${counts}, ${attacks.length} attack processes`);
  say(headLine());
  for (const order of ORDERS) say(lineOf(measure(data, order)));
}

function measureSynthetic(): void {
  for (const share of FOREIGN_SHARES) {
    say(`made-up processes, ${share * 100} % of an attack's steps foreign`);
    measureTraces(syntheticData(share));
  }
}

function measureRecording(directory: string): void {
  const recording = readRecording(directory);
  const falseSlices = FALSE_SLICES.map((count) => String(count).padStart(4)).join('');
  say('unit     alphabet  order    AUC   attacks at' +
    `${falseSlices} false slices   contexts    bytes  µs/event`);
  for (const unit of UNITS) {
    for (const alphabet of ALPHABETS) {
      for (const order of RECORDED_ORDERS) {
        say(recordedLine(measureRecorded(recording, { unit, alphabet, order })));
      }
    }
  }
}

function recordedLine(measured: Recorded): string {
  const { unit, alphabet, order, auc, attacks, detected, contexts, bytes } = measured;
  const found = FALSE_SLICES.map((count) =>
    String(detected.get(count)?.length ?? 0).padStart(4)).join('');
  const start = `${unit.padEnd(9)}${alphabet.padEnd(8)}${String(order).padStart(7)}`;
  return `${start}  ${auc.toFixed(3)}             ${found} of ${attacks}       ` +
    `${String(contexts).padStart(10)}${String(bytes).padStart(9)}` +
    `${measured.microsecondsPerEvent.toFixed(1).padStart(10)}`;
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
