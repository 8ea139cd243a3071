import { isDeepStrictEqual } from 'node:util';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { profileOf, type ProfileDocument } from '../../../baseline/profile/document.ts';
import { runFleet, type FleetRun } from './fleet-run.ts';
import { toBenchAlert } from './lanner.ts';
import { seededRandom } from './loss.ts';
import { printable } from './printable.ts';
import { msOf, type Recording } from './recording.ts';
import { score } from './score.ts';

/**
 * Does it matter how the events reach the agents? The recording as it came is compared with the
 * same recording in shuffled arrival order of pods, over 1, 3 and 10 agents: are the merged
 * profiles the same bytes, and are the alerts the same (pod, behaviour)?
 */

/** A pod's events are late by up to this, as if its node were. */
const SKEW_MS = 1_000;
const AGENTS = [1, 3, 10] as const;
const SEED = 1;
const LISTED_MAX = 4;
/** Enough of a digest to tell two images apart. */
const KEY_CHARS = 48;

export type ProfileDifference = {
  readonly key: string;
  readonly behaviours: number;
  /** Behaviours that the run as it came does not have, and that this run lacks. */
  readonly added: readonly string[];
  readonly missing: readonly string[];
  /** Behaviours of both with different pods, times or counts. */
  readonly changed: readonly string[];
  /** Other parts of the document that differ. */
  readonly parts: readonly string[];
};

export type StabilityRun = {
  readonly name: string;
  readonly profiles: number;
  /** Equal but for `calibration`, and with it. */
  readonly byteEqual: number;
  readonly wholeEqual: number;
  readonly behaviours: number;
  readonly behavioursSame: number;
  readonly differences: readonly ProfileDifference[];
  readonly alertBehaviours: number;
  readonly alertsMissing: readonly string[];
  readonly alertsAdded: readonly string[];
  readonly adoptErrors: number;
  readonly detected: number;
  readonly attacks: number;
  readonly falseAlerts: number;
  readonly upgradeFalse: number;
};

export type Stability = { readonly reference: string; readonly runs: readonly StabilityRun[] };

export function stabilityOf(recording: Recording): Stability {
  const reference = runFleet(recording.events, 1, recording);
  const shuffled = skewed(recording.events, SEED);
  const runs = [
    { name: '1 agent again', run: runFleet(recording.events, 1, recording) },
    ...AGENTS.map((agents) => {
      const name = `${agents} agent${agents === 1 ? '' : 's'}, shuffled`;
      return { name, run: runFleet(shuffled, agents, recording) };
    }),
  ].map(({ name, run }) => {
    const alerts = run.said.map(toBenchAlert);
    const { attacks, detected, falseAlerts, upgradeFalse } = score(recording, { alerts }).score;
    const compared = compareRuns(name, reference, run);
    return { ...compared, attacks, detected, falseAlerts, upgradeFalse };
  });
  return { reference: '1 agent, in order of arrival', runs };
}

/** Each pod's events keep their order and are late by an amount of their own. */
export function skewed(events: readonly FalcoEvent[], seed: number): readonly FalcoEvent[] {
  const random = seededRandom(seed);
  const lateMs = new Map<string, number>();
  const due = events.map((event, index) => {
    const container = event.fields.get('container.id') ?? '';
    let late = lateMs.get(container);
    if (late === undefined) {
      late = random() * SKEW_MS;
      lateMs.set(container, late);
    }
    return { event, index, atMs: msOf(event) + late };
  });
  return due.sort((a, b) => a.atMs - b.atMs || a.index - b.index).map(({ event }) => event);
}

type Compared = Omit<StabilityRun, 'attacks' | 'detected' | 'falseAlerts' | 'upgradeFalse'>;

function compareRuns(name: string, reference: FleetRun, run: FleetRun): Compared {
  const keys = new Set([...reference.profiles.keys(), ...run.profiles.keys()]);
  const differences = [...keys]
    .map((key) => compareProfiles(key, reference.profiles.get(key), run.profiles.get(key)))
    .filter((difference) => difference !== null);
  const alerts = behavioursSaid(reference);
  const ours = behavioursSaid(run);
  const behaviours = [...reference.profiles.values()].reduce((n, d) => n + itemsOf(d).size, 0);
  const differing = differences.reduce((n, d) => n + d.missing.length + d.changed.length, 0);
  return {
    name,
    profiles: keys.size,
    byteEqual: [...keys].filter((key) =>
      isSame(reviewed(reference, key), reviewed(run, key)),
    ).length,
    wholeEqual: keys.size - differences.length,
    behaviours,
    behavioursSame: behaviours - differing,
    differences,
    alertBehaviours: alerts.size,
    alertsMissing: [...alerts].filter((text) => !ours.has(text)),
    alertsAdded: [...ours].filter((text) => !alerts.has(text)),
    adoptErrors: run.adoptErrors,
  };
}

function compareProfiles(
  key: string,
  a: ProfileDocument | undefined,
  b: ProfileDocument | undefined,
): ProfileDifference | null {
  if (JSON.stringify(a) === JSON.stringify(b)) return null;
  const before = itemsOf(a);
  const after = itemsOf(b);
  const both = [...before.keys()].filter((item) => after.has(item));
  return {
    key,
    behaviours: before.size,
    added: [...after.keys()].filter((item) => !before.has(item)),
    missing: [...before.keys()].filter((item) => !after.has(item)),
    changed: both
      .filter((item) => before.get(item) !== after.get(item))
      .map((item) => `${item}: ${before.get(item)} → ${after.get(item)}`),
    parts: a === undefined || b === undefined ? ['all'] : partsThatDiffer(a, b),
  };
}

/** Without what only says how much of everything is usual. */
function reviewed({ profiles }: FleetRun, key: string): unknown {
  const document = profiles.get(key);
  return document === undefined ? undefined : { ...document, calibration: null };
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** In general terms, as the profile derives them from the document. */
function itemsOf(document: ProfileDocument | undefined): ReadonlyMap<string, string> {
  const items = new Map<string, string>();
  if (document === undefined) return items;
  for (const [name, channel] of profileOf(document).channels) {
    for (const { key, pods, firstMs, lastMs, exempt } of channel.items.values()) {
      items.set(`${name}: ${key}`, JSON.stringify([pods, firstMs, lastMs, exempt]));
    }
  }
  return items;
}

function partsThatDiffer(a: ProfileDocument, b: ProfileDocument): readonly string[] {
  const parts: string[] = [];
  for (const name of ['pods', 'channels', 'probes'] as const) {
    if (!isDeepStrictEqual(a[name], b[name])) parts.push(name);
  }
  for (const name of ['rates', 'candidates'] as const) {
    if (!isDeepStrictEqual(a.calibration[name], b.calibration[name])) parts.push(name);
  }
  return parts;
}

/** What was alarmed, without when and in how many alerts. */
function behavioursSaid({ said }: FleetRun): ReadonlySet<string> {
  const texts = new Set<string>();
  for (const { alert } of said) {
    if (alert.severity === 'informational') continue;
    for (const { channel, value } of alert.behaviours) {
      texts.add(`${alert.pod} ${channel} ${value}`);
    }
  }
  return texts;
}

export function stabilityText({ reference, runs }: Stability): string {
  const lines = [`compared with ${reference}:`];
  for (const run of runs) {
    lines.push(
      '',
      run.name,
      `  profiles equal byte by byte: ${run.byteEqual} of ${run.profiles}, ` +
        `with calibration ${run.wholeEqual}`,
      `  behaviours equal: ${run.behavioursSame} of ${run.behaviours}`,
      `  alarmed (pod, behaviour): ${run.alertBehaviours}, ` +
        `missing ${run.alertsMissing.length}, added ${run.alertsAdded.length}`,
      `  detected ${run.detected}/${run.attacks}, false ${run.falseAlerts}, ` +
        `after upgrades ${run.upgradeFalse}`,
      ...(run.adoptErrors === 0 ? [] : [`  documents refused: ${run.adoptErrors}`]),
      ...run.differences.flatMap(differenceText),
      ...listed('alarm missing', run.alertsMissing),
      ...listed('alarm added', run.alertsAdded),
    );
  }
  return `${lines.join('\n')}\n`;
}

function differenceText(difference: ProfileDifference): readonly string[] {
  const { key, behaviours, added, missing, changed, parts } = difference;
  const counts = `${behaviours} behaviours, ${missing.length} missing, ${added.length} added, `;
  return [
    `    ${key.slice(0, KEY_CHARS)}: ${counts}${changed.length} changed; ${parts.join(', ')}`,
    ...listed('  missing', missing),
    ...listed('  added', added),
    ...listed('  changed', changed),
  ];
}

function listed(title: string, texts: readonly string[]): readonly string[] {
  const shown = texts.slice(0, LISTED_MAX).map((text) => `    ${title}: ${printable(text)}`);
  const more = texts.length - shown.length;
  return more > 0 ? [...shown, `    … and ${more} more`] : shown;
}
