import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import { runFleet } from './fleet-run.ts';
import { incidentsOf } from './incidents.ts';
import { behindIngress } from './ingress.ts';
import { dropAtRandom } from './loss.ts';
import { parseOptions } from './options.ts';
import { printable } from './printable.ts';
import { skewed, stabilityOf, stabilityText } from './stability.ts';
import { anEvent, anExec, aRecording, Directory } from './testing.ts';

const podNames = ['web-7k4r7fk9xj-bbbbb', 'web-7k4r7fk9xj-ccccc', 'web-7k4r7fk9xj-ddddd'];

/** Three pods that do the same every ten seconds, one of them something of its own near the end. */
function smallRecording() {
  const events: FalcoEvent[] = [];
  for (let second = 0; second < 200; second += 10) {
    for (const [index, pod] of podNames.entries()) {
      events.push(anExec(second + index, '/usr/bin/find', { 'k8s.pod.name': pod }));
      events.push(anExec(second + index + 0.5, '/usr/bin/gzip', { 'k8s.pod.name': pod }));
    }
  }
  events.push(anExec(199, '/tmp/x', {
    'k8s.pod.name': podNames[1] ?? '',
    'proc.is_exe_upper_layer': 'true',
  }));
  return aRecording({ events });
}

describe('the options', () => {
  test('have defaults, among them the shipped recording', () => {
    const data = expect.stringMatching(/demo\/recording$/) as string;
    const options = { data, json: null, limitTrainSeconds: null, lossSeeds: 5 };
    expect(parseOptions([])).toMatchObject({ kind: 'run', options });
  });

  test('of a wrong name or value are refused with what was expected', () => {
    expect(parseOptions(['--dta', 'x'])).toMatchObject({ kind: 'wrong' });
    expect(parseOptions(['--limit-train', '-3'])).toMatchObject({ kind: 'wrong' });
    expect(parseOptions(['--limit-train', 'ten'])).toMatchObject({ kind: 'wrong' });
    expect(parseOptions(['--loss-seeds', '1.5'])).toMatchObject({
      error: '--loss-seeds 1.5: expected a whole number up to 1000',
    });
  });
});

describe('the program', () => {
  const main = join(import.meta.dirname, 'main.ts');
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
  let directory: Directory;

  beforeEach(() => {
    directory = new Directory();
  });
  afterEach(() => directory.remove());

  test('explains itself', () => {
    const { status, stdout } = run('--help');
    expect(status).toBe(0);
    expect(stdout).toContain('--limit-train SECONDS');
  });

  test('ends with 2 and one clear line when the data is not a recording', () => {
    const { status, stdout, stderr } = run('--data', directory.path);
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toBe(
      `bench:detect: ${join(directory.path, 'meta.json')}: there is no such file\n`,
    );
  });

  test('writes the numbers of a recording in which nothing happens', () => {
    directory.write('meta.json', JSON.stringify({
      train_start_ns: '1795433854000000000',
      test_start_ns: '1795433954000000000',
      end_ns: '1795434054000000000',
    }));
    directory.write('labels.jsonl', '');
    directory.write('events-00.jsonl', '');
    const file = join(directory.path, 'out.json');
    const { status, stdout } = run('--data', directory.path, '--json', file, '--loss-seeds', '1');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^attacks detected +0\/0 +0\/0 +0\/0 +0\/0$/m);
    const json = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    expect(Object.keys(json).join(' ')).toBe(
      'lanner falcoStock execSet collapse50 loss1 loss5 behindIngress learned clock',
    );
    expect(json['lanner']).toMatchObject({ attacks: 0, detectSecondsP50: null });
    expect(json['lanner']).toMatchObject({ falsePerPodHour: 0 });
  });
});

describe('loss', () => {
  test('drops about the share it was asked for, the same events for the same seed', () => {
    const events = Array.from({ length: 4000 }, (_, n) => anEvent(n, 'execve'));
    const kept = dropAtRandom(events, 0.05, 7);
    expect(kept.length / events.length).toBeCloseTo(0.95, 1);
    expect(kept.length).toBeLessThan(events.length);
    expect(dropAtRandom(events, 0.05, 7)).toEqual(kept);
    expect(dropAtRandom(events, 0.05, 8)).not.toEqual(kept);
  });
});

test('behind an ingress no connection comes from outside, and everything else stays', () => {
  const accept = (address: string): FalcoEvent =>
    anEvent(1, 'accept4', { 'fd.cip': address }, 'lanner accept');
  const connect = anEvent(2, 'connect', { 'fd.cip': '203.0.113.9' });
  const events = [accept('203.0.113.9'), accept('10.244.0.7'), connect];
  expect(behindIngress(events)).toEqual(events.slice(1));
});

describe('a fleet', () => {
  test('of three agents learns what one agent would, and says the same', () => {
    const recording = smallRecording();
    const one = runFleet(recording.events, 1, recording);
    const three = runFleet(recording.events, 3, recording);
    const behaviours = (run: typeof one) =>
      [...run.profiles.values()].flatMap((document) =>
        Object.values(document.channels).flatMap(({ families }) =>
          families.flatMap(({ verb, names }) =>
            names.map(([object, pods]) => `${verb} ${object} ${pods.length}`))));
    expect(behaviours(one)).toContain('exec /usr/bin/find 3');
    expect(behaviours(three)).toEqual(behaviours(one));
    expect(three.adoptErrors).toBe(0);
    const podsSaid = (run: typeof one) => [...new Set(run.said.map(({ alert }) => alert.pod))];
    expect(podsSaid(one)).toEqual([podNames[1]]);
    expect(podsSaid(three)).toEqual([podNames[1]]);
    expect(new Set(three.said.map(({ alert }) => alert.node)).size).toBe(1);
  });

  test('is compared run by run, and the same run twice is equal byte by byte', () => {
    const { runs } = stabilityOf(smallRecording());
    expect(runs.map(({ name }) => name)).toEqual([
      '1 agent again',
      '1 agent, shuffled',
      '3 agents, shuffled',
      '10 agents, shuffled',
    ]);
    expect(runs[0]).toMatchObject({ profiles: 1, byteEqual: 1 });
    expect(runs[0]).toMatchObject({ alertsMissing: [], alertsAdded: [] });
    for (const run of runs) expect(run.alertBehaviours).toBeGreaterThan(0);
    expect(stabilityText({ reference: 'x', runs })).toContain('equal byte by byte: 1 of 1');
  });

  test('hears the pods late, each by its own time, but each pod’s events in their order', () => {
    const { events } = smallRecording();
    const late = skewed(events, 3);
    expect(late).not.toEqual(events);
    for (const pod of podNames) {
      const of = (list: readonly FalcoEvent[]) =>
        list.filter(({ fields }) => fields.get('k8s.pod.name') === pod);
      expect(of(late)).toEqual(of(events));
    }
  });
});

test('alerts of one pod are one incident, those of two workloads two', () => {
  const recording = smallRecording();
  const { said } = runFleet(recording.events, 1, recording);
  const [first] = said;
  if (first === undefined) throw new Error('nothing was said');
  const { alert, saidMs } = first;
  const again = { saidMs: saidMs + 1000, alert: { ...alert, id: 'again', revision: 1 } };
  const elsewhere = { namespace: 'other', pod: 'other-0', podUid: 'uid-other', workload: 'other' };
  const other = { saidMs, alert: { ...alert, ...elsewhere, id: 'other', revision: 1 } };
  const incidents = incidentsOf([first, again, other]);
  expect(incidents.get('again')).toBe(incidents.get(alert.id));
  expect(incidents.get('other')).not.toBe(incidents.get(alert.id));
});

test('what is printed cannot steer a terminal', () => {
  expect(printable('a\u001b[31m\u202eb\nc')).toBe('a\\u{1b}[31m\\u{202e}b\\u{a}c');
});
