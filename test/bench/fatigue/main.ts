import { LannerDetector } from '../detect/lanner.ts';
import { readRecording } from '../detect/recording.ts';
import { Stream, inRuns, repeated } from './lines.ts';
import type { Lines, Repetition, Said } from './lines.ts';

/** `node test/bench/fatigue/main.ts DIR`: the alerts of a recording, repeated by many replicas. */
const SCENARIOS: readonly (Repetition & { readonly name: string })[] = [
  { name: 'one pod, once', replicas: 1, apartMs: 0, rounds: 1, roundMs: 0 },
  { name: '50 replicas, once', replicas: 50, apartMs: 7_000, rounds: 1, roundMs: 0 },
];

function main(folder: string): void {
  const recording = readRecording(folder);
  const { said } = new LannerDetector().run(recording.events, recording);
  process.stdout.write(`${folder}: ${new Set(said.map(({ alert }) => alert.id)).size} alerts\n`);
  for (const { name: scenario, ...repetition } of SCENARIOS) {
    const stream = repeated(said, repetition);
    tell(`${scenario}, without`, linesOf(stream, false));
    tell(`${scenario}, with`, linesOf(stream, true));
  }
}

function linesOf(said: readonly Said[], isQuietened: boolean): Lines {
  const stream = new Stream(isQuietened);
  for (const run of inRuns(said)) stream.take(run);
  return stream.lines();
}

function tell(name: string, lines: Lines): void {
  const { alerts, raised, minor, raisedMinor, incidents, notifications } = lines;
  process.stdout.write(`${name.padEnd(42)} ${alerts} alerts, ${raised} told ` +
    `(minor ones: ${raisedMinor} of ${minor}); ${incidents} incidents, told ${notifications} times\n`);
}

main(process.argv[2] ?? 'demo/recording');
