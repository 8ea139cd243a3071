import { readFileSync, writeFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { GAPS_PER_BATCH_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { GapRecord } from '../../proto/lanner/v1/frames.ts';
import { GAPS_MAX } from './gaps.ts';
import { alert, gapAt, gapBalance, OutboxRig } from './testing/outbox-rig.ts';

const rig = new OutboxRig();
const open = rig.open.bind(rig);
const { replaced } = rig;

test('gaps travel in batches, survive a restart, and go with the acknowledgement', () => {
  const before = open();
  before.put([alert('a')]);
  before.addGap(gapAt(1));
  const sealed = before.seal();
  expect(sealed).toMatchObject({ sequence: 1, gaps: [gapAt(1)] });
  before.addGap(gapAt(2, { cause: 'overload' }));
  before.close();
  const after = open();
  expect(after.counts().gaps).toMatchObject({ found: 2, pending: 2 });
  expect(after.batchesAfter(0, 10)).toEqual([sealed]);
  expect(after.hasUnsealed()).toBe(true);
  const second = after.seal();
  expect(second).toMatchObject({ sequence: 2, alerts: [], gaps: [{ cause: 'overload' }] });
  expect(after.batchesAfter(0, 10).map(({ sequence }) => sequence)).toEqual([1, 2]);
  expect(after.isEmpty()).toBe(false);
  after.acknowledge(after.epoch, 1);
  after.acknowledge(after.epoch, 2);
  expect(after.isEmpty()).toBe(true);
  expect(after.counts().gaps).toMatchObject({ acknowledged: 2, pending: 0 });
});

test('more gaps than one batch takes go in several', () => {
  const outbox = open();
  for (let second = 0; second < GAPS_PER_BATCH_MAX + 2; second += 1) outbox.addGap(gapAt(second));
  expect(outbox.seal()?.gaps.length).toBe(GAPS_PER_BATCH_MAX);
  expect(outbox.seal()?.gaps.length).toBe(2);
  expect(outbox.seal()).toBeNull();
});

test('a full gap table unites neighbours of one cause instead of dropping', () => {
  const outbox = open();
  outbox.addGap(gapAt(1_001, { cause: 'overload' }));
  for (let index = 1; index < GAPS_MAX; index += 1) outbox.addGap(gapAt(index * 100));
  outbox.addGap(gapAt(1_001, { eventsEstimate: 4 }));
  expect(outbox.counts().gaps).toMatchObject({ pending: GAPS_MAX, folded: 1 });
  expect(gapBalance(outbox.counts())).toBe(0);
  const told: GapRecord[] = [];
  for (let batch = outbox.seal(); batch !== null; batch = outbox.seal()) told.push(...batch.gaps);
  expect(told).toContainEqual({ ...gapAt(1_000), to: gapAt(1_001).to, eventsEstimate: 7 });
  expect(told.reduce((sum, gap) => sum + gap.eventsEstimate, 0)).toBe(GAPS_MAX * 3 + 4);
});

test('a batch that cannot be sent keeps its gaps', () => {
  const outbox = open();
  outbox.put([alert('a')]);
  outbox.addGap(gapAt(1));
  const batch = outbox.seal();
  outbox.foldBatch(batch?.sequence ?? 0);
  expect(outbox.batchesAfter(0, 10)).toEqual([{ ...batch, alerts: [] }]);
});

test('under a new epoch gaps are sent anew, with one for what the newer file held', () => {
  let nowNs = 1_000_000_000n;
  const outbox = open({ nowNs: () => nowNs });
  outbox.addGap(gapAt(1));
  outbox.seal();
  nowNs = 5_000_000_000n;
  outbox.renewEpoch();
  expect(outbox.seal()?.gaps).toEqual([
    gapAt(1),
    { from: rfc3339(1_000_000_000n), to: rfc3339(nowNs), cause: 'outbox-lost', eventsEstimate: -1 },
  ]);
  expect(outbox.counts().losses).toBe(1);
});

test('a file of the version before is taken over with its alerts and gaps', () => {
  const before = open();
  before.put([alert('a')]);
  before.close();
  const database = new DatabaseSync(rig.path);
  database.exec(`DROP TABLE gap;
    CREATE TABLE gap (row INTEGER PRIMARY KEY, document TEXT NOT NULL) STRICT;
    PRAGMA user_version = 1`);
  const insert = database.prepare('INSERT INTO gap (document) VALUES (?)');
  insert.run(JSON.stringify(gapAt(1)));
  insert.run('{"from":"written by a stranger"}');
  database.exec('DROP TABLE flow_chunk');
  database.close();
  const after = open();
  expect(replaced).toEqual([]);
  expect(after.seal()).toMatchObject({ alerts: [{ id: 'a' }], gaps: [gapAt(1)] });
});

test('the file of a newer agent is set aside, not misread', () => {
  open().close();
  const database = new DatabaseSync(rig.path);
  database.exec('PRAGMA user_version = 99');
  database.close();
  const after = open();
  expect(replaced.length).toBe(1);
  expect(after.seal()?.gaps).toMatchObject([{ cause: 'outbox-lost' }]);
});

test('what a broken file still says is since when alerts may be lost', () => {
  let nowNs = 10_000_000_000n;
  const before = open({ nowNs: () => nowNs });
  before.put(Array.from({ length: 200 }, (_, index) => alert(`a${index}`)));
  before.seal();
  nowNs = 20_000_000_000n;
  before.acknowledge(before.epoch, 1);
  nowNs = 30_000_000_000n;
  before.put([alert('late')]);
  before.close();
  const whole = readFileSync(rig.path);
  // The last pages hold alerts; the row with the time is in one of the first.
  whole.fill(0xa5, whole.length - 20 * 4_096);
  writeFileSync(rig.path, whole);
  nowNs = 40_000_000_000n;
  const after = open({ nowNs: () => nowNs });
  expect(replaced.length).toBe(1);
  expect(after.seal()?.gaps).toMatchObject([
    { from: rfc3339(20_000_000_000n), to: rfc3339(nowNs), cause: 'outbox-lost' },
  ]);
});

