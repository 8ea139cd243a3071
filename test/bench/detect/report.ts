import type { Result } from './compare.ts';
import type { BenchAlert } from './detector.ts';
import type { LossScore } from './loss-runs.ts';
import { printable } from './printable.ts';
import type { Recording } from './recording.ts';
import type { Score, Scored } from './score.ts';

/** The result in words for a terminal; texts of the recording are escaped before they get here. */

export function reportOf(recording: Recording, result: Result): string {
  return [
    spansText(recording, result),
    '',
    tableText(result),
    '',
    `detected by channel: ${channelsText(result.lanner.scored.score)}`,
    `incidents per attack: ${result.lanner.incidentsPerAttack}`,
    ingressText(result.behindIngress.score),
    '',
    learnedText(result),
    ...result.loss.map(lossText),
    '',
  ].join('\n');
}

function spansText(recording: Recording, { clock }: Result): string {
  const trainSeconds = (recording.testStartMs - recording.trainStartMs) / 1000;
  const testSeconds = (recording.endMs - recording.testStartMs) / 1000;
  const age = (clock.completion?.ageMsMin ?? 0) / 1000;
  return [
    `${recording.events.length} events (${recording.malformed} malformed), ` +
      `${trainSeconds.toFixed(0)} s of training, ${testSeconds.toFixed(0)} s of test`,
    `scaled clock: a window is ${clock.windowMs} ms instead of 60 s, ` +
      `the minimum age ${age.toFixed(0)} s instead of 24 h, ` +
      `a command from outside waits ${clock.probeWaitMs / 1000} s instead of 300 s`,
  ].join('\n');
}

type Row = readonly [name: string, value: (score: Score) => string];

const ROWS: readonly Row[] = [
  ['attacks detected', (s) => `${s.detected}/${s.attacks}`],
  ['within 5 s', (s) => String(s.detectedWithin5s)],
  ['seconds, median', (s) => seconds(s.detectSecondsP50)],
  ['seconds, 99th', (s) => seconds(s.detectSecondsP99)],
  ['alerts per attack', (s) => s.alertsPerAttack.toFixed(2)],
  ['false alerts', (s) => String(s.falseAlerts)],
  ['  per pod-hour', (s) => s.falsePerPodHour.toFixed(2)],
  ['  folded per pod', (s) => String(s.falseEpisodes)],
  ['after upgrades', (s) => String(s.upgradeFalse)],
  ['in maintenance', (s) => String(s.maintenanceAlerts)],
  ['on the node', (s) => String(s.nodeAlerts)],
];

const COLUMN = 12;

function tableText(result: Result): string {
  const scores = [result.lanner, ...result.peers].map(({ scored }) => scored.score);
  const names = ['Lanner', 'Falco stock', 'exec set', 'collapse 50'];
  const line = (name: string, cells: readonly string[]): string =>
    name.padEnd(20) + cells.map((cell) => cell.padStart(COLUMN)).join('');
  const podHours = `${result.lanner.scored.score.podHours} pod-hours`;
  return [
    line(podHours, names),
    ...ROWS.map(([name, value]) => line(name, scores.map(value))),
  ].join('\n');
}

function seconds(value: number | null): string {
  return value === null ? '-' : value.toFixed(2);
}

function channelsText(score: Score): string {
  return Object.entries(score.byChannel).map(([name, count]) => `${name} ${count}`).join(', ');
}

function ingressText(score: Score): string {
  const missed = score.missed.length === 0 ? '' : `, missed ${score.missed.join(', ')}`;
  return `were the intruder behind an ingress: ${score.detected}/${score.attacks} detected, ` +
    `${score.detectedWithin5s} within 5 s, ${score.falseAlerts} false${missed}`;
}

function learnedText({ lanner }: Result): string {
  const lines = [...lanner.run.learned].map(([image, at]) =>
    `  ${image.padEnd(44)}${at === null ? 'not complete' : `complete after ${at} s`}`);
  return ['learning:', ...lines].join('\n');
}

function lossText(loss: LossScore): string {
  const missed = Object.entries(loss.missed).map(([id, runs]) => `${id} ×${runs}`);
  return [
    `${loss.share * 100} % of events lost, ${loss.seeds} seeds:`,
    `  detected ${loss.detectedMedian} (worst ${loss.detectedWorst}),`,
    `false ${loss.falseAlertsMedian} (worst ${loss.falseAlertsWorst}),`,
    `after upgrades ${loss.upgradeFalseMedian} (worst ${loss.upgradeFalseWorst})`,
    missed.length === 0 ? '' : `\n  missed: ${missed.join(', ')}`,
  ].join(' ');
}

/** `--verbose`: each detection and each false alert. */
export function detailOf(recording: Recording, name: string, scored: Scored): string {
  const at = (alert: BenchAlert): string =>
    ((Math.max(...alert.eventMs) - recording.testStartMs) / 1000).toFixed(1).padStart(7);
  const list = (title: string, alerts: readonly BenchAlert[]): readonly string[] =>
    alerts.length === 0
      ? []
      : [`${name}: ${title}`, ...alerts.map((a) => `${at(a)} s  ${a.pod}  ${printable(a.text)}`)];
  return [
    `${name}: detected`,
    ...[...scored.detections.values()].map(
      (d) => `${d.seconds.toFixed(2).padStart(7)} s  ${d.attack.id}  ` +
        `${d.alerts.size} alert(s)  ${printable(d.text)}`,
    ),
    ...list('false alerts', scored.falseAlerts.steady),
    ...list('after upgrades', scored.falseAlerts.upgrade),
    ...list('in maintenance', scored.falseAlerts.maintenance),
    ...list('on the node', scored.falseAlerts.node),
    '',
  ].join('\n');
}
