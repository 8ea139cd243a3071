import { describe, expect, test } from 'vitest';
import type { Container } from './observation.ts';
import { connect, exec, pod } from './testing/observations.ts';
import { learnedStage, type Stage } from './testing/stage.ts';

const NEW = [1, 2, 3].map((n) => pod({ pod: `web-new-${n}`, tag: '1.1' }));
const [FIRST, SECOND, THIRD] = NEW as [Container, Container, Container];

/** What version 1.1 does at its start and 1.0 never did. */
function startUp(stage: Stage, container: Container): void {
  const openssl = { exe: '/usr/bin/openssl', pid: 102, commandLine: 'openssl rand 16' };
  stage.launch(container);
  stage.see(exec({ in: container, at: stage.now, ...openssl }));
  stage.see(connect('10.0.0.8', 6379, { in: container, at: stage.now }));
}

function rollOut(stage: Stage, pods: readonly Container[]): void {
  for (const container of pods) {
    startUp(stage, container);
    stage.pass(3, pods);
  }
}

describe('after an upgrade', () => {
  test('what all its pods start with is one informational diff and no alert', () => {
    const stage = learnedStage();
    rollOut(stage, NEW);
    stage.pass(60, NEW);
    expect(stage.loud).toEqual([]);
    expect(stage.alerts).toHaveLength(1);
    expect(stage.alerts[0]).toMatchObject({
      kind: 'upgrade',
      severity: 'informational',
      pod: '',
      image: { tag: '1.1' },
    });
    expect(stage.alerts[0]?.reason.en).toMatch(
      /^shop\/web:1\.1 does what 1\.0 never did, on all its pods: /,
    );
    expect(stage.alerts[0]?.reason.zh).toMatch(
      /^shop\/web:1\.1 的所有 Pod 出现 1\.0 从未有过的行为：/,
    );
    for (const part of ['/usr/bin/openssl', 'connect 10.0.0.8:6379/tcp by web']) {
      expect(stage.alerts[0]?.reason.en).toContain(part);
    }
  });

  test('a diff that grows later stays one record', () => {
    const stage = learnedStage();
    rollOut(stage, NEW);
    stage.pass(40, NEW);
    for (const container of [
      pod({ pod: 'web-new-4', tag: '1.1' }),
      pod({ pod: 'web-new-5', tag: '1.1' }),
    ]) {
      startUp(stage, container);
      stage.see(exec({ in: container, at: stage.now, exe: '/usr/bin/tee', pid: 103 }));
      stage.pass(3, [...NEW, container]);
    }
    stage.pass(60, NEW);
    expect(stage.loud).toEqual([]);
    expect(stage.alerts.map((alert) => alert.kind)).toEqual(['upgrade']);
    expect(stage.alerts[0]?.reason.en).toContain('/usr/bin/tee');
  });

  test('what the version before knew is known from the first second', () => {
    const stage = learnedStage();
    stage.launch(...NEW);
    stage.pass(30, NEW);
    expect(stage.alerts).toEqual([]);
  });

  test('what one pod does after its start-up is raised, and its reason says which is new', () => {
    const stage = learnedStage();
    rollOut(stage, NEW);
    stage.pass(30, NEW);
    stage.see(exec({ in: FIRST, at: stage.now, exe: '/usr/bin/curl', pid: 300 }));
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]).toMatchObject({ pod: 'web-new-1', kind: 'anomaly' });
    expect(stage.loud[0]?.reason.en).toContain('(1.1 is new, compared with 1.0)');
    expect(stage.loud[0]?.reason.zh).toContain('（1.1 为新版本，与 1.0 比较）');
  });

  test('what one pod does in its start-up and no other is raised when nobody followed', () => {
    const stage = learnedStage();
    rollOut(stage, NEW);
    const odd = pod({ pod: 'web-new-4', tag: '1.1' });
    startUp(stage, odd);
    stage.pass(15, [...NEW, odd]);
    const odder = pod({ pod: 'web-new-5', tag: '1.1' });
    startUp(stage, odder);
    stage.see(exec({ in: odder, at: stage.now, exe: '/usr/bin/rsync', pid: 300 }));
    expect(stage.loud).toEqual([]);
    stage.pass(30, [...NEW, odd, odder]);
    expect(stage.loud.map((alert) => alert.pod)).toEqual(['web-new-5']);
    expect(stage.loud[0]?.reason.en).toContain('/usr/bin/rsync started by web');
  });

  test('what came with an innate finding never joins the diff, on however many pods', () => {
    const stage = learnedStage();
    for (const container of NEW) {
      startUp(stage, container);
      stage.see(exec({ in: container, at: stage.now, exe: '/tmp/x', isUpperLayer: true, pid: 8 }));
      stage.see(exec({ in: container, at: stage.now, exe: '/usr/bin/nc', pid: 9 }));
      stage.pass(3, NEW);
    }
    stage.pass(60, NEW);
    expect(stage.loud.map((alert) => alert.pod).sort()).toEqual(NEW.map((one) => one.pod));
    for (const { behaviours } of stage.loud) {
      expect(behaviours.map((b) => b.value).join()).toContain('/usr/bin/nc');
    }
    const diff = stage.alerts.find((alert) => alert.kind === 'upgrade');
    expect(diff?.reason.en ?? '').not.toContain('/usr/bin/nc');
  });

  test('the start-up of a lone pod is the diff', () => {
    const stage = learnedStage();
    startUp(stage, FIRST);
    stage.pass(40, [FIRST]);
    expect(stage.loud).toEqual([]);
    expect(stage.alerts.map((alert) => alert.kind)).toEqual(['upgrade']);
    expect(stage.alerts[0]?.reason.en).toContain('/usr/bin/openssl');
  });

  test('the start-up of a lone pod that alarmed is not', () => {
    const stage = learnedStage();
    startUp(stage, FIRST);
    stage.see(exec({ in: FIRST, at: stage.now, exe: '/tmp/x', isUpperLayer: true, pid: 8 }));
    stage.pass(40, [FIRST]);
    expect(stage.alerts.map((alert) => alert.kind)).toEqual(['anomaly']);
    expect(stage.loud[0]?.behaviours.map((b) => b.value).join()).toContain('/usr/bin/openssl');
  });

  test('a shell waits for a second pod less long than another program', () => {
    const stage = learnedStage();
    rollOut(stage, [FIRST, SECOND]);
    startUp(stage, THIRD);
    stage.now += 5;
    stage.see(exec({ in: THIRD, at: stage.now, exe: '/usr/bin/touch', pid: 300 }));
    expect(stage.loud).toEqual([]);
    stage.see(exec({ in: THIRD, at: stage.now, exe: '/bin/dash', pid: 301 }));
    expect(stage.loud.map((alert) => alert.pod)).toEqual(['web-new-3']);
  });
});

/** One node tells another what it learned, as the collector would. */
function tell(from: Stage, to: Stage): void {
  for (const { key, document } of from.baseline.takeEvidence()) {
    expect(to.baseline.adopt(key, JSON.parse(JSON.stringify(document)))).toEqual({ ok: true });
  }
}

describe('when the pods of a new version run on several nodes', () => {
  test('what a pod of another node showed before is shared and not raised again', () => {
    const [here, there] = [learnedStage(), learnedStage({ node: 'node-b' })];
    rollOut(here, [FIRST]);
    rollOut(there, [SECOND]);
    here.pass(30, [FIRST]);
    there.pass(30, [SECOND]);
    const rare = { exe: '/usr/bin/tar', pid: 400, commandLine: 'tar c /srv' };
    here.see(exec({ in: FIRST, at: here.now, ...rare }));
    expect(here.loud.map((alert) => alert.pod)).toEqual(['web-new-1']);
    tell(here, there);
    there.see(exec({ in: SECOND, at: there.now, ...rare }));
    there.pass(3, [SECOND]);
    expect(there.loud).toEqual([]);
    const diff = there.alerts.find((alert) => alert.kind === 'upgrade');
    expect(diff?.reason.en).toContain('/usr/bin/tar');
  });

  test('what came with something never to be learned is raised on every node', () => {
    const [here, there] = [learnedStage(), learnedStage({ node: 'node-b' })];
    rollOut(here, [FIRST]);
    rollOut(there, [SECOND]);
    here.pass(30, [FIRST]);
    there.pass(30, [SECOND]);
    const shell = { exe: '/bin/bash', pid: 500, commandLine: 'bash -i' };
    here.see(exec({ in: FIRST, at: here.now, ...shell }));
    here.see(exec({ in: FIRST, at: here.now, exe: '/tmp/x', isUpperLayer: true, pid: 501 }));
    tell(here, there);
    there.see(exec({ in: SECOND, at: there.now, ...shell }));
    expect(there.loud.map((alert) => alert.pod)).toEqual(['web-new-2']);
  });
});

test('an image of another repository does not inherit', () => {
  const stage = learnedStage();
  const api = pod({ pod: 'api-1', repository: 'shop/api' });
  stage.launch(api);
  stage.see(exec({ in: api, at: stage.now, exe: '/usr/bin/curl', pid: 300 }));
  stage.pass(5, [api]);
  expect(stage.alerts).toEqual([]);
});

test('one image with two applications is split, and each is judged by its own', () => {
  const stage = learnedStage();
  const pods = (workload: string): readonly Container[] =>
    [1, 2, 3, 4, 5].map((n) =>
      pod({ pod: `${workload}-${n}`, workload, repository: 'base/python' }),
    );
  const [shop, mail] = [pods('shop'), pods('mail')];
  for (let second = 0; second < 100; second += 1) {
    for (const container of [...shop, ...mail]) {
      const isShop = container.workload === 'shop';
      const who = { in: container, at: stage.now, pid: 300 };
      stage.see(exec({ ...who, exe: isShop ? '/usr/bin/gzip' : '/usr/sbin/sendmail' }));
      stage.see(connect(isShop ? '10.0.0.7' : '10.0.0.9', isShop ? 5432 : 25, who));
    }
    stage.now += 1;
  }
  const keys = stage.baseline.progress().map((image) => image.key);
  expect(keys).toContain('base/python@sha256:base/python:1.0#shop/shop');
  expect(keys).toContain('base/python@sha256:base/python:1.0#shop/mail');
  expect(keys).not.toContain('base/python@sha256:base/python:1.0');
  expect(stage.loud).toEqual([]);
  const who = { in: shop[0] as Container, at: stage.now, pid: 300 };
  stage.see(exec({ ...who, exe: '/usr/sbin/sendmail' }));
  expect(stage.loud.map((alert) => alert.pod)).toEqual(['shop-1']);
});
