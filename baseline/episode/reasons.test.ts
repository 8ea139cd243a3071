import { describe, expect, test } from 'vitest';
import type { Alert, Words } from '../alert.ts';
import type { Observation } from '../observation.ts';
import {
  accept,
  change,
  connect,
  exec,
  HOST,
  listen,
  pod,
  privileged,
  read,
  ruleMatch,
  write,
} from '../testing/observations.ts';
import { learnedStage, SIX_PODS, Stage } from '../testing/stage.ts';
import { TECHNIQUE_NAMES } from './technique-names.ts';
import { meaningWords, neverSeen, placeOf, recentWords, shorten, whatHappened } from './words.ts';

/** What is said of one observation that a learned image never made. */
function toldOf(o: (at: number) => Observation): Words {
  const stage = learnedStage();
  stage.now += 90;
  stage.see(o(stage.now));
  const [alert] = stage.loud;
  if (alert === undefined) throw new Error('nothing was raised');
  return alert.reason;
}

describe('the reason of a novelty', () => {
  test('says what happened, why it is unusual, what is normal, and what it may mean', () => {
    expect(
      toldOf((at) => exec({ at, exe: '/bin/bash', pid: 300, commandLine: 'bash -c id' })),
    ).toEqual({
      en:
        '/bin/bash started by web in shop/web: never seen in 3,007 observations from 6 pods; ' +
        'normal here: gzip. May be a Unix shell (T1059.004)',
      zh:
        'shop/web 中 web 启动了 /bin/bash：在 6 个 Pod 的 3,007 次观测中从未出现；' +
        '通常为：gzip。可能是Unix Shell（T1059.004）',
    });
  });

  test('of a connection names the peer, and what the program connects to otherwise', () => {
    const { en, zh } = toldOf((at) => connect('198.51.100.9', 443, { at }));
    expect(en).toContain('web connected to 198.51.100.9:443/tcp in shop/web: never seen in 3,007');
    expect(en).toContain('; normal here: 10.0.0.7:5432/tcp. May be command and control (T1071)');
    expect(zh).toContain('web 连接了 198.51.100.9:443/tcp：在 6 个 Pod 的 3,007 次观测中从未出现');
    expect(zh).toContain('；通常为：10.0.0.7:5432/tcp');
  });

  test('of a door names the port, and the doors that are usual', () => {
    const { en } = toldOf((at) => accept('203.0.113.5', 2222, { at }));
    expect(en).toContain('web accepted a connection from 203.0.113.5 on port 2222 in shop/web');
    expect(en).toContain('normal here: outside:8080/tcp');
  });

  test('of arguments quotes them, and gives the usual ones', () => {
    const { en, zh } = toldOf((at) =>
      exec({ at, exe: '/usr/bin/gzip', pid: 300, commandLine: 'gzip -d secret.gz' }),
    );
    expect(en).toContain('/usr/bin/gzip started by web in shop/web with new arguments');
    expect(en).toContain('"gzip -d secret.gz": never seen in 3,007');
    expect(en).toContain('normal here: gzip -k access.log');
    expect(zh).toContain('，参数为“gzip -d secret.gz”');
  });

  test('of something that has nothing normal beside it says only that', () => {
    const { en, zh } = toldOf((at) => privileged('setuid', { at, result: 'EPERM' }));
    expect(en).toContain('web called setuid (EPERM) in shop/web: never seen');
    expect(en).not.toContain('normal here');
    expect(zh).not.toContain('通常为');
  });

  test('tells what else the pod did in the minute before, oldest first', () => {
    const stage = learnedStage();
    stage.now += 90;
    stage.see(
      exec({ at: stage.now, exe: '/usr/bin/gzip', pid: 9, commandLine: 'gzip -k access.log' }),
    );
    stage.see(connect('10.0.0.7', 5432, { at: stage.now + 1 }));
    stage.see(exec({ at: stage.now + 2, exe: '/usr/bin/curl', pid: 10, commandLine: 'curl x' }));
    const reason = stage.loud[0]?.reason;
    expect(reason?.en).toMatch(
      /\. In the minute before: gzip -k access\.log · web → 10\.0\.0\.7:5432$/,
    );
    expect(reason?.zh).toMatch(/。此前一分钟：gzip -k access\.log · web → 10\.0\.0\.7:5432$/);
  });

  test('does not tell what was done more than a minute before', () => {
    const { en } = toldOf((at) => exec({ at, exe: '/usr/bin/curl', pid: 10 }));
    expect(en).not.toContain('In the minute before');
  });
});

test('the reason of the never-learn list says what is wrong with it in itself', () => {
  const stage = new Stage();
  stage.pass(3);
  stage.now += 90;
  stage.see(exec({ at: stage.now, exe: '/tmp/x', isUpperLayer: true, pid: 9 }));
  expect(stage.loud[0]?.reason).toEqual({
    en:
      '/tmp/x started by web in shop/web: the program is not part of the image: ' +
      'it was written after the container started (learning, 99 % known). ' +
      'May be masquerading (T1036) or a tool brought in (T1105)',
    zh:
      'shop/web 中 web 启动了 /tmp/x：该程序不属于镜像，是容器启动后写入的（学习中，已知 99%）。' +
      '可能是伪装（T1036）或传入工具（T1105）',
  });
});

test('the reason of a rate says how many, of what, and how many at most before', () => {
  const stage = learnedStage();
  for (let n = 0; n < 3_000; n += 1) {
    stage.baseline.observe(read('/srv/app/page.html', { at: stage.now + n / 10_000 }));
  }
  stage.take();
  const reason = stage.loud[0]?.reason;
  expect(reason?.en).toMatch(
    /^shop\/web: files read: [0-9,]+ in one window, at most 1 in any window before/,
  );
  expect(reason?.zh).toMatch(/^shop\/web：files read：一个窗口内 [0-9,]+ 次，此前最多 1 次/);
});

test('the reason of a rule names the rule and the process', () => {
  const { en, zh } = toldOf((at) => ruleMatch('Write below root', { at }));
  expect(en).toMatch(
    /^Falco's rule "Write below root" matched web in shop\/web: never seen in 3,007/,
  );
  expect(zh).toMatch(/^shop\/web 中 Falco 规则 “Write below root” 命中 web：/);
});

describe.each([
  [
    'exec',
    exec({}),
    '/usr/sbin/web started by web in shop/web',
    'shop/web 中 web 启动了 /usr/sbin/web',
  ],
  [
    'an orphan',
    exec({ parent: '' }),
    '/usr/sbin/web started by an unknown parent in shop/web',
    'shop/web 中 未知父进程 启动了 /usr/sbin/web',
  ],
  [
    'an entry point',
    exec({ vpid: 1 }),
    '/usr/sbin/web started by the entry point in shop/web',
    'shop/web 中 入口进程 启动了 /usr/sbin/web',
  ],
  ['read', read('/a'), 'web read /a in shop/web', 'shop/web 中 web 读取了 /a'],
  [
    'write',
    write('/a'),
    'web opened /a for writing in shop/web',
    'shop/web 中 web 以写方式打开 /a',
  ],
  [
    'rename',
    change('rename', '/a', { target: '/b' }),
    'web did rename on /a → /b in shop/web',
    'shop/web 中 web 对 /a → /b 执行了 rename',
  ],
  [
    'remove',
    change('unlink', '/a'),
    'web did unlink on /a in shop/web',
    'shop/web 中 web 对 /a 执行了 unlink',
  ],
  [
    'a refused connection',
    connect('', 0, { protocol: '' }),
    'web connected to an address that refused in shop/web',
    undefined,
  ],
  [
    'listen',
    listen(99),
    'web listens on port 99/tcp in shop/web',
    'shop/web 中 web 监听端口 99/tcp',
  ],
  ['call', privileged('mount'), 'web called mount in shop/web', 'shop/web 中 web 调用了 mount'],
] as const)('what happened: %s', (_name, o, en, zh) => {
  test('in both languages', () => {
    expect(whatHappened(o).en).toBe(en);
    if (zh !== undefined) expect(whatHappened(o).zh).toBe(zh);
  });
});

test('the place is the workload, or the nearest name that there is', () => {
  expect(placeOf(pod())).toBe('shop/web');
  expect(placeOf(pod({ workload: '' }))).toBe('shop/web-1');
  expect(placeOf(pod({ workload: '', pod: '', namespace: '' }))).toBe('web');
  expect(placeOf(pod({ workload: '', pod: '', namespace: '', name: '', id: 'c0ffee' }))).toBe(
    'c0ffee',
  );
  expect(placeOf(HOST)).toBe('the node itself');
});

describe('never seen', () => {
  const facts = { mode: 'complete', coverage: 1, version: '', before: '' } as const;

  test('counts in thousands and speaks of one pod in the singular', () => {
    const one = neverSeen({ ...facts, observations: 41_200, pods: 1, normal: [] });
    expect(one.en).toBe('never seen in 41,200 observations from 1 pod');
    expect(one.zh).toBe('在 1 个 Pod 的 41,200 次观测中从未出现');
    expect(neverSeen({ ...facts, observations: 1, pods: 4, normal: [] }).en).toContain('4 pods');
  });

  test('shows five that are normal and says how many more there are', () => {
    const five = ['a', 'b', 'c', 'd', 'e'];
    const exact = neverSeen({ ...facts, observations: 1, pods: 1, normal: five });
    expect(exact.en).toMatch(/; normal here: a, b, c, d, e$/);
    expect(exact.zh).toMatch(/；通常为：a、b、c、d、e$/);
    const more = neverSeen({ ...facts, observations: 1, pods: 1, normal: [...five, 'f', 'g'] });
    expect(more.en).toMatch(/; normal here: a, b, c, d, e and 2 more$/);
    expect(more.zh).toMatch(/；通常为：a、b、c、d、e 等 7 项$/);
  });
});

test('what is normal is given commonest first', () => {
  const stage = new Stage();
  stage.launch(...SIX_PODS);
  for (let second = 0; second < 100; second += 1) {
    for (const container of SIX_PODS) {
      const who = { in: container, at: stage.now, pid: 200 };
      for (let n = 0; n < 3; n += 1) stage.see(exec({ ...who, exe: '/usr/bin/df' }));
      for (let n = 0; n < 2; n += 1) stage.see(exec({ ...who, exe: '/usr/bin/find' }));
    }
    stage.pass(1);
  }
  stage.see(exec({ at: stage.now, exe: '/usr/bin/curl', pid: 300 }));
  expect(stage.loud[0]?.reason.en).toContain('normal here: df, find, gzip');
});

test('at most two meanings are named, an unknown one by its id', () => {
  expect(meaningWords([])).toEqual({ en: '', zh: '' });
  expect(meaningWords(['T1071', 'T9999', 'T1041']).en).toBe(
    '. May be command and control (T1071) or T9999',
  );
});

test('every technique has a name in both languages', () => {
  for (const [id, words] of TECHNIQUE_NAMES) {
    expect(id).toMatch(/^T[0-9]{4}(\.[0-9]{3})?$/);
    expect(words.en).not.toBe('');
    expect(words.zh).not.toBe('');
  }
});

test('of what came before the last six are told', () => {
  const { en } = recentWords(['a', 'b', 'c', 'd', 'e', 'f', 'g']);
  expect(en).toBe('. In the minute before: b · c · d · e · f · g');
  expect(recentWords([]).en).toBe('');
});

test('a shortened text ends in an ellipsis, keeps its bound and is well-formed', () => {
  expect(shorten('a'.repeat(160))).toBe('a'.repeat(160));
  expect(shorten('a'.repeat(161))).toBe(`${'a'.repeat(159)}…`);
  expect(shorten(`${'a'.repeat(158)}😀😀`).isWellFormed()).toBe(true);
  expect(shorten('abcdef', 3)).toBe('ab…');
});

test('no language is forgotten: both say the same numbers and names', () => {
  const stage = learnedStage();
  const at = stage.now;
  stage.see(
    exec({ at, exe: '/usr/bin/curl', pid: 300 }),
    connect('198.51.100.9', 443, { at }),
    privileged('ptrace', { at }),
    read('/etc/shadow', { at, exe: '/bin/cat', pid: 301 }),
    write('/etc/cron.d/x', { at }),
  );
  const behaviours = stage.loud.flatMap((alert: Alert) => alert.behaviours);
  expect(behaviours.length).toBeGreaterThanOrEqual(5);
  for (const { reason } of behaviours) {
    expect(reason.zh).toMatch(/\p{Script=Han}/u);
    const numbers = (text: string): readonly string[] =>
      (text.match(/[0-9][0-9.,:]+/g) ?? []).sort();
    expect(numbers(reason.zh)).toEqual(numbers(reason.en));
  }
});
