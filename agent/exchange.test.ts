import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Exchange } from './exchange.ts';
import type { ProfileSide } from './exchange.ts';
import { EVIDENCE_BYTES_MAX, EVIDENCE_PROFILES_MAX, EvidenceBox } from './link/evidence-box.ts';
import { MemoryDisk } from './profiles/memory-disk.ts';
import { ProfileCache } from './profiles/profile-cache.ts';

function exchange(cache: ProfileCache | null = null, partly: Partial<ProfileSide> = {}) {
  const adopted: unknown[] = [];
  const refused: string[] = [];
  const changed = [{ key: 'sha256:d2', revision: 4, document: { items: ['a'] } }];
  const box = new EvidenceBox();
  const side = new Exchange({
    profiles: {
      eachEvidence: () => changed.splice(0),
      adopt: (key, document) => {
        if (key === 'other') return { ok: false, error: 'it is another profile' };
        adopted.push(document);
        return { ok: true };
      },
      ...partly,
    },
    box,
    cache,
    onRefused: (_key, error) => refused.push(error),
  });
  return { side, box, adopted, refused };
}

const push = (profileKey: string, document: Uint8Array) =>
  ({ kind: 'profile', profileKey, revision: 1, document }) as const;

function cacheOn(disk = new MemoryDisk()): ProfileCache {
  return new ProfileCache({
    disk,
    onFailure: (error) => {
      throw error;
    },
  });
}

test('what changed is packed once, and nothing changed is nothing', async () => {
  const { side, box } = exchange();
  expect(await side.gather()).toBe(true);
  expect(await side.gather()).toBe(false);
  const evidence = box.next();
  expect(evidence).toMatchObject({ key: 'sha256:d2', revision: 4 });
  expect(JSON.parse(gunzipSync(evidence?.document ?? '').toString())).toEqual({ items: ['a'] });
});

test('a pushed profile is unpacked and adopted, or refused with the reason', async () => {
  const { side, adopted, refused } = exchange();
  await side.adopt(push('k', gzipSync('{"a":1}')));
  await side.adopt(push('other', gzipSync('{}')));
  expect(adopted).toEqual([{ a: 1 }]);
  expect(refused).toEqual(['it is another profile']);
  expect(side.adoptions).toMatchObject({ adopted: 1, refused: 1 });
});

test('bytes that are no gzip, no JSON, or a bomb change nothing', async () => {
  const { side, adopted } = exchange();
  await side.adopt(push('k', Buffer.from('not gzip')));
  await side.adopt(push('k', gzipSync('{"a":')));
  await side.adopt(push('k', gzipSync(Buffer.alloc(65 * 1_024 * 1_024))));
  expect(adopted).toEqual([]);
  expect(side.adoptions.malformed).toBe(3);
});

const decisionsFrame = (revision: number, document: Uint8Array) =>
  ({ kind: 'decisions', revision, document }) as const;

test('of lists of decisions the last one holds, and those passed over are counted', async () => {
  const decided: unknown[] = [];
  const { side, refused } = exchange(null, {
    decide: (decisions) => {
      decided.push(decisions);
      return Array.isArray(decisions) ? { ok: true } : { ok: false, error: 'no list' };
    },
  });
  await Promise.all([1, 2, 3, 4].map((revision) =>
    side.decide(decisionsFrame(revision, gzipSync(JSON.stringify([revision]))))));
  expect(decided).toEqual([[1], [4]]);
  await side.decide(decisionsFrame(5, gzipSync('{}')));
  await side.decide(decisionsFrame(6, Buffer.from('no gzip')));
  expect(side.decisions).toEqual({ adopted: 2, refused: 1, malformed: 1, overflow: 2 });
  expect(refused[0]).toBe('no list');
});

test('after a restart everything comes back: what was learned, pushed and decided', async () => {
  const disk = new MemoryDisk();
  const cache = cacheOn(disk);
  const before = exchange(cache, { decide: () => ({ ok: true }) });
  await before.side.gather();
  await before.side.adopt(push('k', gzipSync('{"a":1}')));
  await before.side.adopt(push('other', gzipSync('{"b":1}')));
  await before.side.decide(decisionsFrame(3, gzipSync('["d"]')));
  await cache.flush();
  const told: unknown[] = [];
  const after = exchange(cacheOn(disk), {
    restore: (key, document) => {
      told.push([key, document]);
      return { ok: true };
    },
    decide: (decisions) => {
      told.push(decisions);
      return { ok: true };
    },
  });
  await after.side.restore();
  // The decisions last: they are about profiles that are there by then.
  expect(told).toEqual([['sha256:d2', { items: ['a'] }], ['d']]);
  expect(after.adopted).toEqual([{ a: 1 }]);
  expect(after.side.restored).toMatchObject({ adopted: 2, refused: 0 });
  // The collector may have been away when it was learned.
  expect(after.box.next()).toMatchObject({ key: 'sha256:d2', revision: 4 });
});

test('without a way to restore, what was learned is adopted', async () => {
  const disk = new MemoryDisk();
  const cache = cacheOn(disk);
  await exchange(cache).side.gather();
  await cache.flush();
  const after = exchange(cacheOn(disk));
  await after.side.restore();
  expect(after.adopted).toEqual([{ items: ['a'] }]);
});

test('the box keeps the newest of each profile within its bounds', () => {
  const box = new EvidenceBox();
  const document = new Uint8Array(EVIDENCE_BYTES_MAX / 4);
  for (let revision = 1; revision <= 6; revision += 1) {
    box.put({ key: `k${revision % 5}`, revision, document });
  }
  expect(box.dropped).toBe(2);
  const kept: string[] = [];
  for (let one = box.next(); one !== null; one = box.next()) {
    kept.push(`${one.key}@${one.revision}`);
  }
  expect(kept).toEqual(['k3@3', 'k4@4', 'k0@5', 'k1@6']);
  expect(box.next()).toBeNull();
  box.sendAllAgain();
  expect(box.next()?.key).toBe('k3');
  for (let index = 0; index < 2 * EVIDENCE_PROFILES_MAX; index += 1) {
    box.put({ key: `many${index}`, revision: 1, document: new Uint8Array(1) });
  }
  box.sendAllAgain();
  let count = 0;
  while (box.next() !== null) count += 1;
  expect(count).toBe(EVIDENCE_PROFILES_MAX);
});
