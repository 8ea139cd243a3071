import { writeFileSync } from 'node:fs';
import { compareAll, jsonOf } from './compare.ts';
import { HELP, parseOptions, type BenchOptions } from './options.ts';
import { readRecording, RecordingError, withTraining, type Recording } from './recording.ts';
import { detailOf, reportOf } from './report.ts';
import { stabilityOf, stabilityText } from './stability.ts';

/** `npm run bench:detect`; ends with 0 when it measured, 2 when it was called wrongly. */
function main(argv: readonly string[]): number {
  const parsed = parseOptions(argv);
  if (parsed.kind === 'help') {
    process.stdout.write(HELP);
    return 0;
  }
  if (parsed.kind === 'wrong') {
    process.stderr.write(`bench:detect: ${parsed.error}\n\n${HELP}`);
    return 2;
  }
  try {
    measure(parsed.options);
    return 0;
  } catch (error) {
    if (!(error instanceof RecordingError)) throw error;
    process.stderr.write(`bench:detect: ${error.message}\n`);
    return 2;
  }
}

function measure(options: BenchOptions): void {
  const whole = readRecording(options.data);
  const { limitTrainSeconds: limit } = options;
  const recording = limit === null ? whole : withTraining(whole, limit);
  const json = options.stability ? measureStability(recording) : measureAll(recording, options);
  if (options.json !== null) writeJson(options.json, json);
}

function writeJson(file: string, json: unknown): void {
  try {
    writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
  } catch (error) {
    throw new RecordingError('unreadable', `${file}: ${(error as Error).message}`);
  }
}

function measureAll(recording: Recording, options: BenchOptions): unknown {
  const result = compareAll(recording, options.lossSeeds);
  process.stdout.write(`${reportOf(recording, result)}\n`);
  if (options.verbose) {
    for (const { name, scored } of [result.lanner, ...result.peers]) {
      process.stdout.write(`${detailOf(recording, name, scored)}\n`);
    }
    for (const loss of result.loss) process.stdout.write(`${loss.falseTexts.join('\n')}\n`);
  }
  return jsonOf(result);
}

function measureStability(recording: Recording): unknown {
  const stability = stabilityOf(recording);
  process.stdout.write(`${stabilityText(stability)}\n`);
  return stability;
}

process.exitCode = main(process.argv.slice(2));
