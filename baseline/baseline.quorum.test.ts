import { describe, expect, test } from 'vitest';
import type { Container, Observation } from './observation.ts';
import { mergeDocuments, stampReporter, type ProfileDocument } from './profile/document.ts';
import { podHash, reporterOf } from './profile/pod-set.ts';
import { connect, exec, pod, read, start } from './testing/observations.ts';
import { Stage } from './testing/stage.ts';

/** What one stolen agent can teach the others, and what it cannot. */

const KEY = 'shop/web@sha256:shop/web:1.0';

const podsOf = (node: string, count: number): Container[] =>
  Array.from({ length: count }, (_, n) => pod({ pod: `web-${node}-${n}` }));

/** Three honest nodes that learned the image to the end, each with its own pods. */
function honestFleet(nodes = ['a', 'b', 'c'], seconds = 110): ProfileDocument {
  const documents = nodes.map((node) => {
    const stage = new Stage({ node });
    const pods = podsOf(node, 3);
    stage.launch(...pods);
    stage.pass(seconds, pods);
    return evidenceOf(stage, node);
  });
  return documents.reduce(mergeDocuments);
}

function evidenceOf(stage: Stage, node: string): ProfileDocument {
  const evidence = stage.baseline.takeEvidence().find(({ key }) => key === KEY);
  if (evidence === undefined) throw new Error('nothing learned');
  return stampReporter(evidence.document, `test/${node}`);
}

/** What an attacker who holds node x would like to be normal, claimed for a thousand pods. */
function hostile(
  observations: readonly Observation[],
  { atSeconds = 50, exempt = true, podsEach = 8, podsClaimed = 1_000 } = {},
): ProfileDocument {
  const stage = new Stage({ node: 'x' });
  const [container] = podsOf('x', 1) as [Container];
  stage.now = atSeconds;
  for (const o of observations) {
    stage.baseline.observe({ ...o, container, timeNs: o.timeNs });
  }
  stage.now += 5;
  stage.take();
  const { document } = stage.baseline.takeEvidence()[0] as { document: ProfileDocument };
  const claimed = Array.from({ length: podsClaimed }, (_, n) => podHash(`claimed-${n}`));
  claimed.sort((a, b) => a - b);
  const [row] = document.pods as [ProfileDocument['pods'][number]];
  const pods = claimed.map((hash): ProfileDocument['pods'][number] => [
    hash, reporterOf('test/a'), row[2], row[3], 1e9, 1e9, 1e9, row[7], row[8],
  ]);
  for (const { families } of Object.values(document.channels)) {
    for (const { names } of families) {
      for (const [n, name] of names.entries()) {
        name[1] = claimed.slice(n, n + podsEach);
        name[2] = [reporterOf('test/a'), reporterOf('test/b')].sort((a, b) => a - b);
        name[5] = exempt;
      }
    }
  }
  return stampReporter({ ...document, pods }, 'test/x');
}

/** A node that never ran the image hears of it, and one pod of it does something. */
function judged(document: ProfileDocument, ...observations: readonly Observation[]): Stage {
  const stage = new Stage({ node: 'd' });
  stage.now = 200;
  expect(stage.baseline.adopt(KEY, document)).toEqual({ ok: true });
  stage.see(...observations.map((o) => ({ ...o, container: pod({ pod: 'web-d' }) })));
  stage.now += 5;
  stage.take();
  return stage;
}

const CURL = exec({ at: 200, exe: '/usr/bin/curl', pid: 9, commandLine: 'curl evil' });
const GZIP = exec({ at: 200, exe: '/usr/bin/gzip', pid: 9, commandLine: 'gzip -k access.log' });
const early = <T extends Observation>(o: T, at = 50): T => ({ ...o, timeNs: exec({ at }).timeNs });

describe('an image that the fleet knows and this node never ran', () => {
  test('is judged at once with the fleet’s profile', () => {
    const fleet = honestFleet();
    expect(judged(fleet, GZIP).loud).toEqual([]);
    expect(judged(fleet, CURL).loud).toHaveLength(1);
    expect(judged(fleet, GZIP).baseline.progress()[0]).toMatchObject({ state: 'complete' });
  });
});

describe('one bad replica, where the others know the image', () => {
  const fleet = honestFleet();

  test('cannot make a behaviour normal by claiming it for a thousand pods', () => {
    const merged = mergeDocuments(fleet, hostile([early(CURL)]));
    expect(judged(merged, CURL).loud).toHaveLength(1);
    expect(judged(merged, GZIP).loud).toEqual([]);
  });

  test('not even if it is the first to bring what others show later as well', () => {
    const merged = mergeDocuments(fleet, hostile([early(CURL), early(GZIP)]));
    expect(judged(merged, GZIP).loud).toEqual([]);
    expect(judged(merged, CURL).loud).toHaveLength(1);
  });

  test('two nodes can: that is the quorum', () => {
    const second = stampReporter(hostile([early(CURL)]), 'test/y');
    const merged = [fleet, hostile([early(CURL)]), second].reduce(mergeDocuments);
    expect(judged(merged, CURL).loud).toEqual([]);
  });

  test('cannot keep the profile in learning by bringing something new again and again', () => {
    let merged = fleet;
    for (let at = 150; at < 200; at += 1) {
      const news = exec({ exe: `/opt/new${'x'.repeat(at)}`, at, pid: 9 });
      const brought = hostile([early(news, at)], {
        atSeconds: at,
        exempt: false,
        podsEach: 1,
        podsClaimed: 1,
      });
      merged = mergeDocuments(merged, brought);
    }
    const stage = judged(merged, CURL);
    expect(stage.loud).toHaveLength(1);
    expect(stage.baseline.progress()[0]).toMatchObject({ state: 'complete' });
  });

  test('cannot widen what others showed by showing more of its kind', () => {
    const near = Array.from({ length: 12 }, (_, n) => early(connect(`10.0.0.${100 + n}`, 5432)));
    const merged = mergeDocuments(fleet, hostile(near, { podsEach: 1, podsClaimed: 12 }));
    const stage = judged(merged, connect('10.0.0.7', 5432, { at: 200 }));
    expect(stage.loud).toEqual([]);
    expect(judged(merged, connect('10.0.0.99', 5432, { at: 200 })).loud).toHaveLength(1);
  });

  test('cannot make an operator’s command a probe', () => {
    const claimed = hostile([early(CURL)]);
    claimed.probes['sh -c id'] = { pods: [[1, 3]], reporters: [] };
    const isProbe = (document: ProfileDocument): boolean | undefined =>
      judged(document).baseline.profiles.get(KEY)?.isProbe({ tty: false, command: 'sh -c id' });
    const bad = stampReporter(claimed, 'test/x');
    expect(isProbe(mergeDocuments(fleet, bad))).toBe(false);
    const second = stampReporter(claimed, 'test/y');
    expect(isProbe([fleet, bad, second].reduce(mergeDocuments))).toBe(true);
  });

  test('cannot make a start-up’s novelty a habit by claiming that another pod had it', () => {
    const claimed = hostile([early(GZIP)]);
    const [family] = fleet.channels['exec']?.families ?? [];
    const candidate = {
      channel: 'exec' as const, verb: 'exec', object: '/usr/bin/curl', tree: 'none' as const,
      detail: ' as user', by: family?.by ?? '', pods: [[1, 1], [2, 1]] as [number, number][],
      reporters: [], raised: false, suspicious: false,
    };
    claimed.calibration.candidates.push({ ...candidate, by: 'web' });
    const merged = mergeDocuments(fleet, stampReporter(claimed, 'test/x'));
    expect(merged.calibration.candidates).toHaveLength(1);
    const begin = start({ at: 199 });
    const said = (document: ProfileDocument): readonly string[] =>
      judged(document, begin, CURL).loud.flatMap(({ behaviours }) =>
        behaviours.map(({ value }) => value),
      );
    expect(said(merged)).toContain('exec /usr/bin/curl as user ← web');
    const honest = { ...merged.calibration.candidates[0], reporters: [1, 2] } as typeof candidate;
    const calibration = { ...merged.calibration, candidates: [honest] };
    expect(said({ ...merged, calibration })).not.toContain('exec /usr/bin/curl as user ← web');
  });
});

test('where nobody else knows the image yet, its word is all there is', () => {
  const merged = mergeDocuments(honestFleet(['a'], 5), hostile([early(CURL)]));
  expect(judged(merged, CURL).loud).toEqual([]);
});

describe('what an agent sends', () => {
  test('is what its own pods showed, not what it heard', () => {
    const stage = judged(honestFleet(), GZIP);
    const [evidence] = stage.baseline.takeEvidence();
    const names = Object.values(evidence?.document.channels ?? {}).flatMap(({ families }) =>
      families.flatMap((family) => family.names.map(([object]) => `${family.verb} ${object}`)),
    );
    expect(names.sort()).toEqual(['args gzip -k access.log', 'exec /usr/bin/gzip']);
    expect(evidence?.document.pods.map(([hash]) => hash)).toEqual([podHash('uid-web-d')]);
  });

  test('is its own again after a restart: what it reported before is not another’s word', () => {
    const before = new Stage({ node: 'd' });
    const mine = podsOf('d', 3);
    before.launch(...mine);
    before.pass(20, mine);
    before.see(exec({ in: mine[0] as Container, at: before.now, exe: '/usr/bin/own', pid: 9 }));
    before.pass(3, mine);
    const merged = mergeDocuments(honestFleet(), evidenceOf(before, 'd'));
    const own = exec({ at: 200, exe: '/usr/bin/own', pid: 9 });
    expect(judged(merged, own).loud).toEqual([]);
    const elsewhere = mergeDocuments(honestFleet(), stampReporter(merged, 'test/x'));
    expect(judged(elsewhere, own).loud).toHaveLength(1);
  });
});

test('a document that claims to be reported by others is stamped all the same', () => {
  const stamped = hostile([early(CURL), early(read('/srv/app/page.html'))]);
  const reporters = Object.values(stamped.channels).flatMap(({ families }) =>
    families.flatMap(({ names }) => names.map(([, , who]) => who)),
  );
  const x = reporterOf('test/x');
  expect(new Set(reporters.map((who) => who.join()))).toEqual(new Set([String(x)]));
  expect(new Set(stamped.pods.map(([, who]) => who))).toEqual(new Set([x]));
});
