import { expect, test } from 'vitest';
import type { Exec } from '../baseline/observation.ts';
import { hostContainer } from './identity/container.ts';
import { observe } from './identity/observe.ts';
import { event } from './identity/sample-events.ts';
import { EXECUTIONS_MAX, LOST_MS, SILENT_MS, Watchdog } from './watchdog.ts';

const START_NS = 1_795_433_700_000_000_000n;
const at = (ms: number) => ({ nowMs: ms, nowNs: START_NS + BigInt(ms) * 1_000_000n });

function watchdog(): Watchdog {
  let ids = 0;
  return new Watchdog({ cluster: 'lab', node: 'node-a', newId: () => `s${(ids += 1)}` }, at(0));
}

function streaming(): Watchdog {
  const dog = watchdog();
  dog.noteState({ state: 'streaming', detail: 'Falco 0.40.0' }, at(0));
  return dog;
}

function execution(commandLine: string): Exec {
  const one = event(0, { fields: { 'proc.cmdline': commandLine } });
  const mapped = observe(one, hostContainer(), 'n');
  if (!mapped.ok || mapped.observation.kind !== 'exec') throw new Error('not an exec');
  return mapped.observation;
}

test('silence while containers run is an alert, once, with the last executions', () => {
  const dog = streaming();
  for (let number = 0; number < 20; number += 1) dog.noteExec(execution(`run ${number}`));
  expect(dog.check(at(SILENT_MS - 1), 3)).toBeNull();
  const news = dog.check(at(SILENT_MS), 3);
  expect(news?.alert).toMatchObject({ kind: 'sensor', severity: 'high', revision: 1 });
  expect(news?.alert.reason.en).toContain('while 3 containers run');
  expect(news?.alert.behaviours.length).toBe(EXECUTIONS_MAX);
  expect(news?.alert.behaviours.at(-1)?.process.commandLine).toBe('run 19');
  expect(dog.check(at(SILENT_MS + 1_000), 3)).toBeNull();
});

test('silence of a node without containers is peace', () => {
  expect(streaming().check(at(10 * SILENT_MS), 0)).toBeNull();
});

test('when events come again the same alert says so, and there is a gap', () => {
  const dog = streaming();
  const raised = dog.check(at(SILENT_MS), 1);
  dog.noteEvents(at(SILENT_MS + 60_000));
  const news = dog.check(at(SILENT_MS + 60_000), 1);
  expect(news?.alert).toMatchObject({ id: raised?.alert.id, revision: 2 });
  expect(news?.alert.reason.en).toContain('it is back after 360 s');
  expect(news?.gap).toEqual({
    fromNs: at(0).nowNs,
    toNs: at(SILENT_MS + 60_000).nowNs,
    cause: 'falco-silent',
    eventsEstimate: -1,
  });
  expect(dog.isAlarmed).toBe(false);
});

test('a Falco that cannot be reached is an alert also without containers', () => {
  const dog = watchdog();
  dog.noteState({ state: 'disconnected', detail: '14 UNAVAILABLE' }, at(10));
  expect(dog.check(at(LOST_MS - 1), 0)).toBeNull();
  expect(dog.check(at(LOST_MS), 0)?.alert.reason.en).toContain('(14 UNAVAILABLE)');
  dog.noteState({ state: 'streaming', detail: 'Falco 0.40.0' }, at(LOST_MS + 5_000));
  expect(dog.check(at(LOST_MS + 5_000), 0)?.alert.revision).toBe(2);
});

test('a restart of Falco that is over in time is no alert', () => {
  const dog = streaming();
  dog.noteState({ state: 'disconnected', detail: 'OK' }, at(100_000));
  dog.noteState({ state: 'connecting', detail: '' }, at(100_100));
  expect(dog.check(at(100_000 + LOST_MS - 1), 5)).toBeNull();
  dog.noteState({ state: 'streaming', detail: 'Falco 0.40.0' }, at(100_000 + LOST_MS - 1));
  expect(dog.check(at(100_000 + LOST_MS + 1_000), 5)).toBeNull();
});

test('a recording at its end is not a silent sensor', () => {
  const dog = streaming();
  dog.noteState({ state: 'ended', detail: 'the recording is at its end' }, at(1));
  expect(dog.check(at(10 * SILENT_MS), 5)).toBeNull();
});
