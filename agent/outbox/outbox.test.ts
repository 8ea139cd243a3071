import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { severities } from '../../baseline/alert.ts';
import { BATCH_ALERTS_MAX, OUTBOX_BYTES_MIN } from './outbox.ts';
import type { Outbox } from './outbox.ts';
import { alertWith } from './sample-alerts.ts';
import { SET_ASIDE_MAX } from './set-aside.ts';
import { alert, balance, gapAt, gapBalance, OutboxRig } from './testing/outbox-rig.ts';

const rig = new OutboxRig();
const open = rig.open.bind(rig);
const { replaced } = rig;
const ids = (alerts: readonly { readonly id: string }[]): readonly string[] =>
  alerts.map(({ id }) => id);

test('alerts become batches in sequence, and an acknowledgement deletes them', () => {
  const outbox = open();
  outbox.put(Array.from({ length: BATCH_ALERTS_MAX + 5 }, (_, index) => alert(`a${index}`)));
  const first = outbox.seal();
  const second = outbox.seal();
  expect(first?.alerts.length).toBe(BATCH_ALERTS_MAX);
  expect([first?.sequence, second?.sequence]).toEqual([1, 2]);
  expect(outbox.seal()).toBeNull();
  expect(outbox.acknowledge(outbox.epoch, 1)).toEqual({ ok: true, alerts: BATCH_ALERTS_MAX });
  expect(outbox.counts().pending).toBe(5);
  expect(outbox.batchesAfter(0, 10).map(({ sequence }) => sequence)).toEqual([2]);
  outbox.acknowledge(outbox.epoch, 2);
  expect(outbox.counts()).toMatchObject({ pending: 0, bytes: 0, acknowledged: 55 });
});

test('a sealed batch is the same batch after a restart', () => {
  const before = open();
  before.put([alert('low', { severity: 'low' }), alert('worst', { severity: 'critical' })]);
  before.put([alert('b', { severity: 'low' })]);
  const sealed = before.seal();
  const { epoch } = before;
  before.close();
  const after = open();
  expect(after.epoch).toBe(epoch);
  expect(after.batchesAfter(0, 10)).toEqual([sealed]);
  after.put([alert('c')]);
  expect(after.seal()?.sequence).toBe(2);
});

test('what waits goes out under the name that the node has now', () => {
  const before = open();
  before.put([alert('sealed')]);
  before.seal();
  before.put([alert('waiting')]);
  before.close();
  const after = open({ node: 'node-renamed', cluster: 'lab-2' });
  const alerts = [...after.batchesAfter(0, 10), after.seal()].flatMap((batch) =>
    batch?.alerts ?? []);
  expect(alerts.map(({ id, node, cluster }) => [id, node, cluster])).toEqual([
    ['sealed', 'node-renamed', 'lab-2'],
    ['waiting', 'node-renamed', 'lab-2'],
  ]);
});

test('the worst severity goes first, and within it the oldest', () => {
  const outbox = open();
  outbox.put([
    alert('1', { severity: 'low' }),
    alert('2', { severity: 'critical' }),
    alert('3', { severity: 'low' }),
    alert('4', { severity: 'critical' }),
  ]);
  expect(ids(outbox.seal()?.alerts ?? [])).toEqual(['2', '4', '1', '3']);
});

test('a newer revision replaces an unsent one and never a sealed one', () => {
  const outbox = open();
  outbox.put([alert('a', { revision: 1, count: 1 })]);
  outbox.put([alert('a', { revision: 2, count: 2 })]);
  outbox.put([alert('a', { revision: 1, count: 1 })]);
  const first = outbox.seal();
  outbox.put([alert('a', { revision: 3, count: 3 })]);
  const second = outbox.seal();
  expect(first?.alerts.map(({ revision }) => revision)).toEqual([2]);
  expect(second?.alerts.map(({ revision }) => revision)).toEqual([3]);
  expect(outbox.counts()).toMatchObject({ accepted: 4, superseded: 2, pending: 2 });
});

test('secrets do not reach the disk', () => {
  const outbox = open();
  const process = { ...alertWith().process, commandLine: 'mysql -uroot -phunter2hunter2' };
  outbox.put([alert('a', { process })]);
  outbox.close();
  for (const name of readdirSync(join(rig.dir, 'state'))) {
    expect(readFileSync(join(rig.dir, 'state', name), 'latin1')).not.toContain('hunter2hunter2');
  }
  const [stored] = open().seal()?.alerts ?? [];
  expect(stored?.process.commandLine).toBe('mysql -uroot -p***');
});

test('only the owner can read the file', () => {
  open();
  expect(statSync(rig.path).mode & 0o077).toBe(0);
});

test('an acknowledgement of another epoch or of the future deletes nothing', () => {
  const outbox = open();
  outbox.put([alert('a')]);
  outbox.seal();
  expect(outbox.acknowledge('other', 1)).toEqual({ ok: false, reason: 'other-epoch' });
  expect(outbox.acknowledge(outbox.epoch, 2)).toEqual({ ok: false, reason: 'ahead' });
  expect(outbox.counts().pending).toBe(1);
});

test('under a new epoch everything is sent anew, each alert in its newest revision', () => {
  const outbox = open();
  outbox.put([alert('a', { revision: 1 }), alert('b')]);
  outbox.seal();
  outbox.put([alert('a', { revision: 2 })]);
  const { epoch } = outbox;
  outbox.renewEpoch();
  expect(outbox.epoch).not.toBe(epoch);
  const batch = outbox.seal();
  expect(batch?.sequence).toBe(1);
  expect(batch?.alerts.map(({ id, revision }) => `${id}@${revision}`).toSorted())
    .toEqual(['a@2', 'b@1']);
  expect(balance(outbox.counts())).toBe(0);
});

test('a batch that cannot be sent becomes counts, and its sequence is not used again', () => {
  const outbox = open();
  outbox.put([alert('a', { severity: 'low' }), alert('b')]);
  const batch = outbox.seal();
  outbox.foldBatch(batch?.sequence ?? 0);
  expect(outbox.batchesAfter(0, 10)).toEqual([]);
  expect(outbox.counts()).toMatchObject({ pending: 0, folded: { low: 1, high: 1 } });
  expect(outbox.hasUnsealed()).toBe(true);
  const next = outbox.seal();
  expect(next?.sequence).toBe(2);
  expect(next?.alerts).toMatchObject([{ kind: 'sensor', severity: 'high', count: 2 }]);
  expect(next?.alerts[0]?.reason.en).toContain('1 low in shop/api');
  expect(balance(outbox.counts())).toBe(0);
});

const bulky = (id: string, severity: (typeof severities)[number]) => {
  const [behaviour] = alertWith().behaviours;
  if (behaviour === undefined) throw new Error('the sample has a behaviour');
  const fields = Object.fromEntries(
    Array.from({ length: 60 }, (_, index) => [`field${index}`, 'x'.repeat(1_000)]),
  );
  return alert(id, { severity, behaviours: [{ ...behaviour, fields }] });
};

test('full, the oldest alerts of the lowest severity become one counted alert', () => {
  const outbox = open({ bytesMax: OUTBOX_BYTES_MIN });
  for (let index = 0; index < 40; index += 1) {
    outbox.put([
      bulky(`high${index}`, 'high'),
      ...[0, 1, 2, 3].map((more) => bulky(`low${index}-${more}`, 'low')),
    ]);
  }
  const counts = outbox.counts();
  expect(counts.bytes).toBeLessThanOrEqual(OUTBOX_BYTES_MIN / 2);
  expect(counts.folded.low).toBeGreaterThan(0);
  expect(counts.folded.high).toBe(0);
  expect(balance(counts)).toBe(0);
  expect(statSync(rig.path).size).toBeLessThanOrEqual(OUTBOX_BYTES_MIN);
  const seen: string[] = [];
  let told = 0;
  for (let batch = outbox.seal(); batch !== null; batch = outbox.seal()) {
    seen.push(...ids(batch.alerts));
    for (const one of batch.alerts) if (one.kind === 'sensor') told += one.count;
  }
  expect(told).toBe(counts.folded.low);
  expect(seen.filter((id) => id.startsWith('high')).length).toBe(40);
  expect(seen).toContain('low39-3');
  expect(seen).not.toContain('low0-0');
});

test('when all that is stored is in flight, what comes is counted instead of stored', () => {
  const outbox = open({ bytesMax: OUTBOX_BYTES_MIN });
  const perFile = 110;
  outbox.put(Array.from({ length: perFile }, (_, index) => bulky(`a${index}`, 'critical')));
  while (outbox.seal() !== null);
  outbox.put(Array.from({ length: 20 }, (_, index) => bulky(`b${index}`, 'critical')));
  const counts = outbox.counts();
  expect(counts.folded.critical).toBeGreaterThan(0);
  expect(outbox.batchesAfter(0, 100).flatMap(({ alerts }) => alerts).length)
    .toBeGreaterThan(perFile - counts.folded.critical - 1);
  expect(outbox.hasUnsealed()).toBe(true);
  expect(balance(counts)).toBe(0);
});

test.each([
  ['is not a database', () => writeFileSync(rig.path, 'not a database at all'.repeat(500))],
  ['is cut off', () => {
    const whole = readFileSync(rig.path);
    writeFileSync(rig.path, whole.subarray(0, Math.floor(whole.length / 2) + 100));
  }],
  ['has garbage in its pages', () => {
    const whole = readFileSync(rig.path);
    whole.fill(0xa5, 4_096 + 8);
    writeFileSync(rig.path, whole);
  }],
])('a file that %s is set aside, with a new epoch and word to the caller', (_what, damage) => {
  const startMs = Date.now();
  const before = open();
  before.put(Array.from({ length: 200 }, (_, index) => alert(`a${index}`)));
  const { epoch } = before;
  before.close();
  damage();
  const after = open();
  expect(after.epoch).not.toBe(epoch);
  expect(replaced.map(({ code }) => code)).toEqual(['outbox-corrupt']);
  expect(existsSync(`${rig.path}.corrupt-1`)).toBe(true);
  after.put([alert('new')]);
  const batch = after.seal();
  expect(ids(batch?.alerts ?? [])).toEqual(['new']);
  expect(batch?.gaps).toMatchObject([{ cause: 'outbox-lost', eventsEstimate: -1 }]);
  // Since the begin or the last write of the old file, which were both within this test.
  expect(Date.parse(batch?.gaps[0]?.from ?? '')).toBeGreaterThanOrEqual(startMs - 1_000);
  expect(after.counts()).toMatchObject({ replaced: 1, losses: 1 });
});

test('a file that breaks while in use is replaced, and the work goes on', () => {
  const before = open();
  before.put(Array.from({ length: 150 }, (_, index) => bulky(`a${index}`, 'low')));
  before.close();
  const outbox = open();
  const file = openSync(rig.path, 'r+');
  const garbage = Buffer.alloc(4 * 1_024 * 1_024, 0xa5);
  writeSync(file, garbage, 0, garbage.length, 2 * 1_024 * 1_024);
  closeSync(file);
  while (replaced.length === 0 && outbox.seal() !== null);
  expect(replaced.map(({ code }) => code)).toEqual(['outbox-corrupt']);
  outbox.put([alert('new')]);
  expect(ids(outbox.seal()?.alerts ?? [])).toEqual(['new']);
  expect(balance(outbox.counts())).toBe(0);
});

test('broken files do not pile up', () => {
  for (let round = 0; round < SET_ASIDE_MAX + 2; round += 1) {
    open().close();
    writeFileSync(rig.path, 'broken'.repeat(1_000));
  }
  open();
  const kept = readdirSync(join(rig.dir, 'state')).filter((name) => /corrupt-\d$/.test(name));
  expect(kept.length).toBe(SET_ASIDE_MAX);
});

test('a second agent on the same file is refused instead of sending everything twice', () => {
  open().put([alert('a')]);
  expect(() => open()).toThrow(expect.objectContaining({ code: 'outbox-locked' }));
}, 20_000);

test('a folder that cannot be written is an operating failure with its code', () => {
  writeFileSync(join(rig.dir, 'plain'), '');
  expect(() => open({ path: join(rig.dir, 'plain', 'outbox.sqlite') }))
    .toThrow(expect.objectContaining({ code: 'outbox-io' }));
});

test('a summary that could not be sent is counts again, and none of them is lost', () => {
  const outbox = open();
  outbox.put([alert('a', { severity: 'low' }), alert('b'), alert('c', { severity: 'low' })]);
  outbox.foldBatch(outbox.seal()?.sequence ?? 0);
  outbox.foldBatch(outbox.seal()?.sequence ?? 0);
  const counts = outbox.counts();
  expect(counts.folded).toMatchObject({ low: 2, high: 1 });
  expect(balance(counts)).toBe(0);
  expect(outbox.seal()?.alerts).toMatchObject([{ kind: 'sensor', count: 3, severity: 'high' }]);
});

test('the summary goes with the first batch, however much of higher severity waits', () => {
  const outbox = open();
  outbox.put([alert('low', { severity: 'low' })]);
  outbox.foldBatch(outbox.seal()?.sequence ?? 0);
  const worse = Array.from({ length: 2 * BATCH_ALERTS_MAX }, (_, index) =>
    alert(`a${index}`, { severity: 'critical' }));
  outbox.put(worse);
  const batch = outbox.seal();
  expect(batch?.alerts.length).toBe(BATCH_ALERTS_MAX);
  expect(batch?.alerts.at(-1)).toMatchObject({ kind: 'sensor', severity: 'low', count: 1 });
});

test('nothing is lost or doubled, whatever is put, sealed, acknowledged and reopened', () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      id: fc.integer({ min: 0, max: 30 }),
      severity: fc.constantFrom(...severities),
    }),
    fc.record({ do: fc.constantFrom('seal', 'acknowledge', 'reopen', 'renew', 'gap') }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const path = join(mkdtempSync(join(rig.dir, 'run-')), 'outbox.sqlite');
      let outbox = open({ path });
      const revisions = new Map<string, number>();
      const delivered = new Map<string, number>();
      const gaps = new Set<string>();
      const gapsDelivered = new Set<string>();
      const deliver = (batch: ReturnType<Outbox['seal']>): void => {
        for (const { id, revision } of batch?.alerts ?? []) {
          delivered.set(id, Math.max(delivered.get(id) ?? 0, revision));
        }
        for (const { cause, from } of batch?.gaps ?? []) {
          if (cause !== 'outbox-lost') gapsDelivered.add(from);
        }
      };
      for (const one of steps) {
        if (one.do === 'put') {
          const id = `a${one.id}`;
          const revision = (revisions.get(id) ?? 0) + 1;
          revisions.set(id, revision);
          outbox.put([alert(id, { revision, severity: one.severity })]);
        } else if (one.do === 'seal') {
          outbox.seal();
        } else if (one.do === 'acknowledge') {
          for (const batch of outbox.batchesAfter(0, 1)) {
            deliver(batch);
            outbox.acknowledge(batch.epoch, batch.sequence);
          }
        } else if (one.do === 'renew') {
          outbox.renewEpoch();
        } else if (one.do === 'gap') {
          const gap = gapAt(gaps.size);
          gaps.add(gap.from);
          outbox.addGap(gap);
        } else {
          outbox.close();
          outbox = open({ path });
        }
        expect(balance(outbox.counts())).toBe(0);
        expect(gapBalance(outbox.counts())).toBe(0);
      }
      while (outbox.seal() !== null);
      for (const batch of outbox.batchesAfter(0, 10_000)) deliver(batch);
      expect(delivered).toEqual(revisions);
      expect(gapsDelivered).toEqual(gaps);
      outbox.close();
    }),
    { numRuns: 40 },
  );
});
