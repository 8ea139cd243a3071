import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { anIncident } from '../testing/records.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import type { Store } from '../store/faces.ts';
import { openStore } from '../store/open-store.ts';
import { DEAD_LETTERS_MAX } from './output-store.ts';
import type { OutputProgress } from './output-store.ts';
import type { Pump } from './pump.ts';
import { ScriptedSender, Stream, away, refused } from './testing/stream.ts';

const NO_PROGRESS: OutputProgress = {
  state: 'waiting', sent: 0, failed: 0, deadLettered: 0, passedOver: 0, lastError: '',
  lastErrorAtMs: 0, lastSentAtMs: 0, untold: {}, untoldSinceMs: 0,
};
const audit = { atMs: 1, actor: 'anna', action: 'a', subject: 's', detail: {} };
const many = (count: number) =>
  Array.from({ length: count }, (_, index) => anAlert({ id: `alert-${index}` }));

describe.each(storeKinds)('an output on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let stream: Stream;
  let sender: ScriptedSender;
  const pumps: Pump[] = [];

  beforeAll(async () => {
    place = await storePlace(kind);
  });
  beforeEach(async () => {
    await place.empty();
    const clock = new ManualClock(Date.parse('2026-03-01T10:00:01Z'));
    store = await openStore({ path: place.path, clock });
    stream = new Stream(store, clock);
    sender = new ScriptedSender();
  });
  afterEach(async () => {
    for (const pump of pumps.splice(0)) await pump.stop();
    await store.close();
  });
  afterAll(() => place.remove());

  const start = (...options: Parameters<Stream['pump']>): Pump => {
    const pump = stream.pump(...options);
    pumps.push(pump);
    store.onChange(() => pump.wake());
    pump.start();
    return pump;
  };
  const position = async (): Promise<number> => (await store.readOutput('siem'))?.position ?? -1;

  test('sends each alert once and keeps its place over a restart', async () => {
    await stream.put(...many(3));
    const pump = start(sender);
    await stream.until(() => sender.taken.length === 3);
    await pump.stop();
    await stream.put(anAlert({ id: 'later' }));
    const next = new ScriptedSender();
    start(next);
    await stream.until(() => next.taken.length > 0);
    expect(next.uuids).toEqual(['later:1']);
    expect(new Set(sender.uuids)).toEqual(new Set(['alert-0:1', 'alert-1:1', 'alert-2:1']));
    expect(sender.uuids).toHaveLength(3);
    expect(sender.isClosed).toBe(true);
  });

  test('a new output begins now, not with what was before it', async () => {
    await stream.put(...many(2));
    const pump = start(sender, { from: 'now' });
    await stream.until(() => pump.current !== undefined);
    await stream.put(anAlert({ id: 'new' }));
    await stream.until(() => sender.taken.length > 0);
    expect(sender.uuids).toEqual(['new:1']);
  });

  test('an alert waits until somebody has decided what it is', async () => {
    const alert = anAlert();
    await stream.arrive(alert);
    start(sender, { severity: 'informational' });
    await stream.until(async () => (await position()) >= 0);
    expect(sender.taken).toEqual([]);
    await stream.decide(alert, { kind: 'maintenance', windowId: 'w' });
    pumps[0]?.wake();
    await stream.until(() => sender.taken.length > 0);
    expect(sender.taken[0]?.severity).toBe('informational');
  }, 60_000);

  test('what was suppressed or cooled goes nowhere', async () => {
    const [one, two, three] = many(3);
    if (one === undefined || two === undefined || three === undefined) throw new Error('three');
    await stream.arrive(one, two, three);
    await stream.decide(one, { kind: 'suppressed', ruleId: 'r', owner: 'o', reason: 'w' });
    await stream.decide(two, { kind: 'cooled', until: '2026-03-01T11:00:00Z' });
    await stream.decide(three);
    start(sender);
    await stream.until(() => sender.taken.length > 0);
    expect(sender.uuids).toEqual(['alert-2:1']);
  });

  test('a record comes again when its severity rises, not when it only grows', async () => {
    const grow = async (revision: number, severity: 'medium' | 'high'): Promise<void> => {
      const alert = anAlert({ revision, severity });
      await stream.put(alert);
      await stream.put(anAlert({ id: `mark-${revision}` }));
      await stream.until(() => sender.uuids.includes(`mark-${revision}:1`));
    };
    start(sender);
    await grow(1, 'medium');
    await grow(2, 'medium');
    await grow(3, 'high');
    expect(sender.uuids.filter((uuid) => uuid.startsWith('alert-1')))
      .toEqual(['alert-1:1', 'alert-1:3']);
  });

  test('while the receiver is away nothing is passed, and then all of it comes', async () => {
    let isAway = true;
    sender.answer = () => (isAway ? away : undefined);
    start(sender);
    await stream.put(...many(5));
    await stream.until(() => sender.calls.length >= 4);
    expect(await position()).toBe(0);
    isAway = false;
    await stream.until(() => sender.taken.length === 5);
    await stream.until(async () => (await store.countChanges(await position())) === 0);
    expect((await store.readOutput('siem'))?.progress).toMatchObject({
      sent: 5, lastError: 'ECONNREFUSED', deadLettered: 0 });
  });

  test('one bad record among many becomes a dead letter, and only that one', async () => {
    sender.answer = ({ uuid }, group) => {
      if (group.length > 1 && group.some((one) => one.uuid === 'alert-3:1')) {
        return { kind: 'permanent', class: 'http-4xx', detail: 'HTTP 400', isShared: true };
      }
      return uuid === 'alert-3:1' ? refused : undefined;
    };
    start(sender);
    await stream.put(...many(6));
    await stream.until(async () => (await store.countDeadLetters()).get('siem') === 1);
    await stream.until(() => sender.taken.length === 5);
    expect(sender.uuids).not.toContain('alert-3:1');
    const [letter] = await store.deadLetters('siem', { limit: 10 });
    expect(letter).toMatchObject({ uuid: 'alert-3:1', reason: 'http-4xx', isQueued: false });
  });

  test('a dead letter that is sent again is gone, one that is refused again stays', async () => {
    sender.answer = () => refused;
    start(sender);
    await stream.put(...many(2));
    await stream.until(async () => (await store.countDeadLetters()).get('siem') === 2);
    sender.answer = ({ uuid }) => (uuid === 'alert-0:1' ? undefined : refused);
    expect(await store.queueDeadLetters('siem', 'all', audit)).toBe(2);
    await stream.until(async () => (await store.queuedDeadLetters('siem', 9)).length === 0);
    expect(sender.uuids).toEqual(['alert-0:1']);
    expect((await store.deadLetters('siem', { limit: 9 })).map(({ uuid }) => uuid))
      .toEqual(['alert-1:1']);
    expect(await store.dropDeadLetters('siem', 'all', audit)).toBe(1);
  });

  test('dead letters are bounded, and how many went for new ones is told', async () => {
    const output = { name: 'siem', position: 0, progress: NO_PROGRESS };
    const bury = (count: number) => store.saveStep({
      output,
      sent: [],
      dead: many(count).map(({ id }) =>
        ({ uuid: id, kind: 'alert', reason: 'format', detail: '', atMs: 1, notice: {} })),
      replayed: [],
      lease: undefined,
    });
    for (let step = 0; step < DEAD_LETTERS_MAX / 200; step += 1) expect(await bury(200)).toBe(0);
    expect(await bury(7)).toBe(7);
    expect((await store.countDeadLetters()).get('siem')).toBe(DEAD_LETTERS_MAX);
  }, 60_000);

  test('too far behind: the oldest are passed over and told in one message', async () => {
    await stream.put(...many(150));
    start(sender, { lagMax: 100 });
    await stream.until(() => sender.taken.some((notice) => notice.kind === 'summary'));
    const summary = sender.taken.find((notice) => notice.kind === 'summary');
    expect(summary?.text.en).toContain('50 (lag)');
    expect(sender.taken).toHaveLength(101);
  }, 60_000);

  test('above its rate records are counted and told in one message', async () => {
    await stream.put(...many(10));
    start(sender, { ratePerMinute: 3 });
    await stream.until(() => sender.taken.some((notice) => notice.kind === 'summary'));
    expect(sender.taken.filter((notice) => notice.kind === 'alert')).toHaveLength(3);
    expect(sender.taken.at(-1)?.text.en).toContain('7 (rate)');
  });

  test('filters by severity, namespace and image; what is of no namespace passes', async () => {
    await stream.put(
      anAlert({ id: 'a', namespace: 'shop-1' }),
      anAlert({ id: 'b', namespace: 'bank' }),
      anAlert({ id: 'c', namespace: 'shop-2', severity: 'low' }),
      anAlert({ id: 'd', namespace: '', kind: 'sensor', image: { repository: '', tag: '', digest: '' } }),
      anAlert({ id: 'e', namespace: 'shop-3', image: { repository: 'x/y', tag: '', digest: '' } }),
    );
    start(sender, { namespaces: ['shop-*'], severity: 'medium', images: ['docker.io/*'] });
    await stream.until(() => sender.taken.length === 2);
    expect(sender.uuids).toEqual(['a:1', 'd:1']);
  });

  test('an incident is told when it opens and when it closes', async () => {
    start(sender, { kinds: ['incident'] });
    for (const [revision, state] of [[1, 'open'], [2, 'open'], [3, 'closed']] as const) {
      await stream.incidents(anIncident({ revision, state, updatedAtMs: stream.clock.now() }));
      await stream.until(async () => (await store.countChanges(pumps[0]?.current?.position ?? 0)) === 0);
    }
    expect(sender.uuids).toEqual(['incident-1:1.0', 'incident-1:3.0']);
  });

  test('a receiver that forgets hears again and again of what is open', async () => {
    sender = new ScriptedSender(60_000);
    await stream.incidents(anIncident({ id: 'x' }), anIncident({ id: 'y', state: 'closed' }));
    start(sender, { kind: 'alertmanager', from: 'now' });
    await stream.until(() => sender.uuids.filter((uuid) => uuid === 'x:1.0').length === 3);
    expect(sender.uuids).not.toContain('y:1.0');
  }, 60_000);

  test('a replica that lost its turn moves nothing', async () => {
    const lease = { name: 'work', holder: 'one' };
    await store.acquire('work', 'one', 60_000);
    await stream.put(...many(1));
    sender.before = async () => {
      await store.release('work', 'one');
      await store.acquire('work', 'two', 60_000);
    };
    start(sender, {}, lease);
    await stream.until(() => sender.taken.length === 1);
    await stream.put(anAlert({ id: 'more' }));
    for (let turn = 0; turn < 50; turn += 1) await stream.until(() => true);
    expect(await position()).toBe(0);
    expect(sender.uuids).toEqual(['alert-0:1']);
  });

  test('stopped in the middle of a send, it sends that part again', async () => {
    const gate = Promise.withResolvers<void>();
    sender.before = () => gate.promise;
    sender.answer = () => away;
    const pump = start(sender);
    await stream.put(...many(2));
    await stream.until(() => sender.calls.length === 1);
    const stopped = pump.stop();
    gate.resolve();
    await stopped;
    const next = new ScriptedSender();
    start(next);
    await stream.until(() => next.taken.length === 2);
  });
});
