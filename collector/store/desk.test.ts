import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import type { Alert } from '../../baseline/alert.ts';
import type { AlertSearch, IncidentSearch, WorkChange } from './desk-face.ts';
import { UNTOUCHED, stepped } from '../incident/work.ts';
import type { IncidentWork, Step } from '../incident/work.ts';
import type { Incident } from '../incident/incident.ts';
import { aBehaviour, anAlert } from '../testing/alerts.ts';
import { ManualClock } from '../testing/clock.ts';
import { anIncident } from '../testing/records.ts';
import { storeKinds, storePlace } from '../testing/store-places.ts';
import type { StorePlace } from '../testing/store-places.ts';
import { ROWS_PER_SCAN } from './desk-scan.ts';
import { openStore } from './open-store.ts';
import type { Store } from './faces.ts';

const T0 = Date.parse('2026-03-01T10:00:00Z');

describe.each(storeKinds)('the desk on %s', (kind) => {
  let place: StorePlace;
  let store: Store;
  let clock: ManualClock;
  let sequence = 0;

  beforeAll(async () => {
    place = await storePlace(kind);
  });
  afterAll(() => place.remove());
  beforeEach(async () => {
    clock = new ManualClock(T0);
    store = await openStore({ path: place.path, clock });
  });
  afterEach(async () => {
    await store.close();
    await place.empty();
  });

  const put = async (...alerts: readonly Alert[]): Promise<void> => {
    sequence += 1;
    await store.commitBatches([
      { cluster: 'c1', node: 'node-1', epoch: 'e1', sequence, alerts, gaps: [] },
    ]);
  };

  const walk = async (search: Partial<AlertSearch>, limit = 3): Promise<string[]> => {
    const ids: string[] = [];
    let before: number | undefined;
    do {
      const page = { limit, ...(before === undefined ? {} : { before }) };
      const { rows, next } = await store.pageAlerts({ scope: 'all', ...search }, page);
      ids.push(...rows.map(({ alert }) => alert.id));
      before = next;
    } while (before !== undefined);
    return ids;
  };

  const correlate = async (
    incidents: readonly Incident[],
    merged: ReadonlyMap<string, string> = new Map(),
  ): Promise<void> =>
    store.saveCorrelation({
      incidents,
      correlated: new Map(),
      merged,
      fatigue: { coolDowns: [], hits: new Map(), tallies: [] },
      nowMs: clock.now(),
    });

  const changeOf = (work: IncidentWork, step: Step, by: string, id = 'incident-1'): WorkChange => {
    const said = { by, atMs: clock.now() };
    const next = stepped(work, step, said);
    if (!next.ok) throw new Error(next.reason);
    return {
      incidentId: id,
      work: next.work,
      note: { id: `${by}-${step.kind}-${Math.random()}`, kind: step.kind, ...said, text: next.text },
      audit: { ...said, actor: by, action: `incident.${step.kind}`, subject: id, detail: {} },
    };
  };

  test('each filter finds what it says, alone and together', async () => {
    await put(
      anAlert({ id: 'a', namespace: 'shop', workload: 'web', pod: 'web-1', severity: 'low' }),
      anAlert({ id: 'b', namespace: 'pay', workload: 'api', pod: 'api-1', node: 'node-2' }),
      anAlert({ id: 'c', namespace: 'shop', pod: 'web-2', kind: 'session', techniques: ['T1071'] }),
      anAlert({ id: 'd', namespace: 'ops', image: { repository: 'x/y', tag: '', digest: '' } }),
    );
    expect(await walk({})).toEqual(['d', 'c', 'b', 'a']);
    expect(await walk({ namespace: 'shop' })).toEqual(['c', 'a']);
    expect(await walk({ severityMin: 'high' })).toEqual(['d', 'c', 'b']);
    expect(await walk({ workload: 'api', node: 'node-2' })).toEqual(['b']);
    expect(await walk({ pod: 'web-1', severityMin: 'high' })).toEqual([]);
    expect(await walk({ kind: 'session' })).toEqual(['c']);
    expect(await walk({ technique: 'T1059' })).toEqual(['d', 'b', 'a']);
    expect(await walk({ image: 'x/y' })).toEqual(['d']);
    expect(await walk({ scope: ['shop', 'pay'] })).toEqual(['c', 'b', 'a']);
    expect(await walk({ scope: ['shop'], namespace: 'pay' })).toEqual([]);
    expect(await walk({ scope: [] })).toEqual([]);
    expect(await walk({ handling: 'suppressed' })).toEqual([]);
    expect(await walk({ handling: 'none', namespace: 'pay' })).toEqual(['b']);
  });

  test('free text is found wherever it stands, as it is written, whatever it is', async () => {
    const hostile = `%_'"\\;DROP TABLE alerts;--\u202e\u0007`;
    await put(
      anAlert({ id: 'command', process: { ...anAlert().process, commandLine: 'NC -e 10.0.0.1' } }),
      anAlert({ id: 'behaviour', behaviours: [aBehaviour({ value: 'connect evil.example' })] }),
      anAlert({ id: 'hostile', pod: hostile }),
      anAlert({ id: 'chinese', reason: { en: 'x', zh: '启动了反弹 shell' } }),
    );
    expect(await walk({ q: 'nc -E' })).toEqual(['command']);
    expect(await walk({ q: 'EVIL.example' })).toEqual(['behaviour']);
    expect(await walk({ q: `%_'"` })).toEqual(['hostile']);
    expect(await walk({ q: hostile })).toEqual(['hostile']);
    expect(await walk({ q: '反弹' })).toEqual(['chinese']);
    expect(await walk({ q: '%' })).toEqual(['hostile']);
    expect(await walk({ q: 'nothing like it' })).toEqual([]);
  });

  test('a time range holds to the collector’s clock', async () => {
    for (let minute = 0; minute < 20; minute += 1) {
      await put(anAlert({ id: `m${minute}` }));
      clock.advance(60_000);
    }
    expect(await walk({ fromMs: T0 + 5 * 60_000, toMs: T0 + 8 * 60_000 }))
      .toEqual(['m7', 'm6', 'm5']);
    expect(await walk({ fromMs: T0 + 60 * 60_000 })).toEqual([]);
    expect(await walk({ toMs: T0 - 60 * 60_000 })).toEqual([]);
    // Of one batch, with one time, whatever their severity.
    await put(anAlert({ id: 'x', severity: 'high' }), anAlert({ id: 'y', severity: 'low' }),
      anAlert({ id: 'z', severity: 'medium' }));
    expect((await walk({ fromMs: clock.now() })).toSorted()).toEqual(['x', 'y', 'z']);
  });

  test('pages neither skip nor double while alerts arrive, grow and are looked for', async () => {
    const filters: readonly Partial<AlertSearch>[] = [
      {},
      { namespace: 'shop' },
      { severityMin: 'high' },
      { q: 'needle' },
      { scope: ['shop', 'pay'] },
    ];
    let round = 0;
    await fc.assert(fc.asyncProperty(
      fc.array(fc.nat({ max: 2 }), { minLength: 1, maxLength: 12 }),
      fc.array(fc.nat({ max: 3 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 4 }),
      fc.constantFrom(...filters),
      async (old, arriving, limit, filter) => {
        round += 1;
        const mark = `r${round}`;
        const make = (id: string, which: number): Alert =>
          anAlert({
            id,
            namespace: which === 0 ? 'shop' : 'pay',
            severity: which === 1 ? 'low' : 'high',
            node: mark,
            reason: { en: which === 2 ? 'a NEEDLE' : 'hay', zh: '' },
          });
        for (const [n, which] of old.entries()) await put(make(`${mark}-old-${n}`, which));
        const expected = (await walk({ ...filter, node: mark }, 500));
        const seen: string[] = [];
        let before: number | undefined;
        let next = 0;
        do {
          const page = { limit, ...(before === undefined ? {} : { before }) };
          const found = await store.pageAlerts({ scope: 'all', ...filter, node: mark }, page);
          seen.push(...found.rows.map(({ alert }) => alert.id));
          before = found.next;
          const which = arriving[next];
          next += 1;
          if (which === undefined) continue;
          await put(make(`${mark}-new-${next}`, which));
          await put({ ...make(`${mark}-old-0`, old[0] ?? 0), revision: next + 1 });
        } while (before !== undefined);
        expect(seen).toEqual(expected);
      },
    ), { numRuns: 25 });
  });

  test('looking for something rare stops after a while and goes on where it stopped', async () => {
    const count = ROWS_PER_SCAN * 5;
    const slim = anAlert({ behaviours: [], scoreParts: [] });
    await put({ ...slim, id: 'needle', reason: { en: 'needle', zh: '' } });
    for (let n = 0; n < count; n += 2_500) {
      await put(...Array.from({ length: 2_500 }, (_, k) => ({ ...slim, id: `a${n + k}` })));
    }
    const first = await store.pageAlerts({ scope: 'all', q: 'needle' }, { limit: 10 });
    expect(first.rows).toEqual([]);
    expect(first.next).toBeGreaterThan(1);
    expect(await walk({ q: 'needle' })).toEqual(['needle']);
    expect((await store.listPods({ scope: 'all', limit: 5 })).isPartial).toBe(true);
  }, 120_000);

  test('counts add up to the list, by bucket and by what is asked', async () => {
    for (let n = 0; n < 30; n += 1) {
      await put(anAlert({
        id: `a${n}`,
        namespace: n % 3 === 0 ? 'shop' : 'pay',
        severity: n % 2 === 0 ? 'high' : 'low',
        techniques: n % 2 === 0 ? ['T1059', 'T1071'] : [],
      }));
      clock.advance(30_000);
    }
    const query = { scope: 'all', fromMs: T0, toMs: T0 + 900_000, bucketMs: 60_000 } as const;
    const plain = await store.countAlerts(query);
    expect(plain.map(({ atMs }) => atMs).toSorted((a, b) => a - b))
      .toEqual(Array.from({ length: 15 }, (_, n) => T0 + n * 60_000));
    expect(plain.every(({ count }) => count === 2)).toBe(true);
    const sum = (rows: readonly { key: string; count: number }[], key: string): number =>
      rows.filter((row) => row.key === key).reduce((total, { count }) => total + count, 0);
    expect(sum(await store.countAlerts({ ...query, by: 'severity' }), 'high')).toBe(15);
    expect(sum(await store.countAlerts({ ...query, by: 'namespace' }), 'shop')).toBe(10);
    expect(sum(await store.countAlerts({ ...query, by: 'technique' }), 'T1071')).toBe(15);
    expect(sum(await store.countAlerts({ ...query, by: 'namespace', scope: ['shop'] }), 'pay'))
      .toBe(0);
    expect(sum(await store.countAlerts({ ...query, severityMin: 'high' }), '')).toBe(15);
  });

  test('pods come by their newest alert, with how many they raised', async () => {
    await put(anAlert({ id: 'a', pod: 'web-1' }));
    await put(anAlert({ id: 'b', pod: 'web-2', namespace: 'pay' }));
    await put(anAlert({ id: 'c', pod: 'web-1' }), anAlert({ id: 'd', pod: '' }));
    const pods = async (over: object = {}): Promise<unknown> =>
      (await store.listPods({ scope: 'all', limit: 10, ...over })).rows
        .map(({ alerts, last }) => [last.alert.pod, last.alert.id, alerts]);
    expect(await pods()).toEqual([['web-1', 'c', 2], ['web-2', 'b', 1]]);
    expect(await pods({ scope: ['pay'] })).toEqual([['web-2', 'b', 1]]);
    expect(await pods({ q: 'EB-2' })).toEqual([['web-2', 'b', 1]]);
  });

  test('incidents are found by what they are and by who works on them', async () => {
    await correlate([
      anIncident({ id: 'i1', severity: 'low', namespace: 'shop' }),
      anIncident({ id: 'i2', namespace: 'pay', imageRepository: 'x/y',
        pods: [{ namespace: 'pay', pod: 'p', podUid: 'u', node: 'n' }] }),
      anIncident({ id: 'i3', state: 'closed', closedBecause: 'quiet' }),
    ]);
    const find = async (search: Partial<IncidentSearch>): Promise<readonly string[]> =>
      (await store.pageIncidents({ scope: 'all', ...search }, { limit: 10 })).rows
        .map(({ incident }) => incident.id);
    await store.writeWork(changeOf(UNTOUCHED, { kind: 'assign', assignee: 'mei' }, 'li', 'i1'));
    expect(await find({})).toEqual(['i3', 'i2', 'i1']);
    expect(await find({ state: 'open' })).toEqual(['i2', 'i1']);
    expect(await find({ state: 'closed' })).toEqual(['i3']);
    expect(await find({ severityMin: 'high' })).toEqual(['i3', 'i2']);
    expect(await find({ namespace: 'pay' })).toEqual(['i2']);
    expect(await find({ scope: ['shop'] })).toEqual(['i3', 'i1']);
    expect(await find({ image: 'x/y' })).toEqual(['i2']);
    expect(await find({ assignee: 'mei' })).toEqual(['i1']);
    expect(await find({ assignee: '' })).toEqual([]);
    expect(await find({ isAcknowledged: true })).toEqual([]);
    expect(await find({ q: 'SHOP/web 中' })).toEqual(['i3', 'i2', 'i1']);
    expect(await find({ q: 'x/Y' })).toEqual(['i2']);
  });

  test('of two steps on the same revision one is refused, and each is audited once', async () => {
    await correlate([anIncident()]);
    const [first, second] = await Promise.all([
      store.writeWork(changeOf(UNTOUCHED, { kind: 'acknowledge' }, 'li')),
      store.writeWork(changeOf(UNTOUCHED, { kind: 'assign', assignee: 'mei' }, 'mei')),
    ]);
    expect([first, second].toSorted()).toEqual(['conflict', 'done']);
    expect((await store.listAudit({ limit: 10 })).length).toBe(1);
    expect((await store.readWorkedIncident('incident-1'))?.work.revision).toBe(1);
    const position = await store.newestChange();
    await store.writeWork(changeOf(UNTOUCHED, { kind: 'comment', text: 'hm' }, 'li'));
    expect(await store.changesAfter(position, 10)).toMatchObject([
      { kind: 'incident', document: { id: 'incident-1' }, work: { revision: 1 } },
    ]);
    expect((await store.listNotes('incident-1')).at(-1)).toMatchObject({ text: 'hm', by: 'li' });
    expect(await store.writeWork(changeOf(UNTOUCHED, { kind: 'acknowledge' }, 'li', 'none')))
      .toBe('conflict');
  });

  test('a closed incident opens again with a new alert, not with a later revision', async () => {
    await correlate([anIncident({ revision: 3 })]);
    const close: Step = { kind: 'close', verdict: 'benign', why: 'a test' };
    const closing = changeOf(UNTOUCHED, close, 'li');
    expect(await store.writeWork({ ...closing, incidentRevision: 2 })).toBe('grown');
    expect(await store.writeWork({ ...closing, incidentRevision: 3 })).toBe('done');
    await correlate([anIncident({ revision: 4, eventCount: 9 })]);
    expect((await store.readWorkedIncident('incident-1'))?.work.closed).toMatchObject({ by: 'li' });
    await correlate([anIncident({ revision: 5, alertCount: 2 })]);
    const worked = await store.readWorkedIncident('incident-1');
    expect(worked?.work).toMatchObject({ closed: null, revision: 2, acknowledged: { by: 'li' } });
    expect((await store.listNotes('incident-1')).map(({ kind: step }) => step))
      .toEqual(['close', 'reopen']);
    expect((await store.listAudit({ limit: 1 }))[0])
      .toMatchObject({ actor: 'lanner', action: 'incident.reopen' });
    expect(await store.verifyAudit()).toMatchObject({ ok: true });
  });

  test('what was said goes with the alerts when incidents become one, and with retention', async () => {
    await correlate([anIncident(), anIncident({ id: 'other' })]);
    await store.writeWork(changeOf(UNTOUCHED, { kind: 'comment', text: 'look' }, 'li', 'other'));
    const gone = anIncident({ id: 'other', revision: 2, state: 'closed', closedBecause: 'merged' });
    await correlate([anIncident({ revision: 2, alertCount: 2 }), gone],
      new Map([['other', 'incident-1']]));
    expect(await store.listNotes('incident-1')).toMatchObject([{ text: 'look' }]);
    await correlate([anIncident({ revision: 3, state: 'closed', closedBecause: 'quiet' })]);
    await store.retain({ ageMs: 1, alertsMax: 1_000 }, clock.now() + 1_000);
    expect(await store.listNotes('incident-1')).toEqual([]);
    expect(await store.readWorkedIncident('incident-1')).toBeUndefined();
  });
});
