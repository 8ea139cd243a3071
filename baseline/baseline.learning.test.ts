import { describe, expect, test } from 'vitest';
import type { Container } from './observation.ts';
import { NEW_PER_POD_AND_DAY } from './profile/share.ts';
import {
  accept,
  change,
  connect,
  exec,
  fromOutside,
  pod,
  privileged,
  read,
  ruleMatch,
  timeNs,
  write,
} from './testing/observations.ts';
import { learnedStage, SIX_PODS, Stage } from './testing/stage.ts';

const WEB_1 = pod({ pod: 'web-1' });

/** The profile of the image, whose key the builders make. */
function profile(
  stage: Stage,
  tag = '1.0',
): NonNullable<ReturnType<typeof stage.baseline.profiles.get>> {
  const found = stage.baseline.profiles.get(`shop/web@sha256:shop/web:${tag}`);
  if (found === undefined) throw new Error('no such profile');
  return found;
}

function curl(at: number, container: Container = WEB_1): ReturnType<typeof exec> {
  return exec({ at, in: container, exe: '/usr/bin/curl', pid: 300, commandLine: 'curl -s x' });
}

describe('while an image is learned', () => {
  test('nothing novel is raised, and it is known at the end of its window', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.pass(5);
    stage.see(curl(stage.now));
    expect(profile(stage).channel('exec').items.has('exec /usr/bin/curl as user ← web')).toBe(
      false,
    );
    stage.pass(3);
    expect(profile(stage).channel('exec').items.has('exec /usr/bin/curl as user ← web')).toBe(true);
    expect(stage.alerts).toEqual([]);
    expect(stage.baseline.progress()[0]).toMatchObject({ state: 'learning' });
  });

  test('Falco’s own warnings are raised once and then known, its notices are not raised', () => {
    const stage = new Stage();
    stage.pass(5);
    const match = (at: number): ReturnType<typeof ruleMatch> =>
      ruleMatch('Write below etc', { at, in: WEB_1 });
    stage.see(match(stage.now), ruleMatch('Some notice', { at: stage.now, priority: 'notice' }));
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]).toMatchObject({ kind: 'anomaly', profile: { state: 'learning' } });
    expect(stage.loud[0]?.reason.en).toContain('Falco\'s rule "Write below etc" matched web');
    expect(stage.loud[0]?.reason.en).toContain('(learning, 99 % known)');
    stage.pass(40);
    stage.see(match(stage.now));
    expect(stage.loud).toHaveLength(1);
  });

  test('the never-learn list raises from the first event on, and is not learned', () => {
    const stage = new Stage();
    const dropped = exec({ exe: '/tmp/miner', isUpperLayer: true, pid: 9 });
    stage.see(dropped);
    expect(stage.loud).toHaveLength(1);
    stage.pass(100);
    expect(profile(stage).channel('exec').items.has('exec /tmp/miner as user ← web')).toBe(false);
    stage.see({ ...dropped, timeNs: dropped.timeNs + 100_000_000_000n });
    expect(stage.loud).toHaveLength(2);
  });

  test('what the image’s own program reads is normal, what a tool reads is not', () => {
    const stage = new Stage();
    const token = '/var/run/secrets/kubernetes.io/serviceaccount/token';
    stage.see(read(token, { at: 1 }));
    expect(stage.loud).toEqual([]);
    stage.see(read(token, { at: 2, in: pod({ repository: 'shop/api' }), exe: '/bin/cat' }));
    expect(stage.loud).toHaveLength(1);
  });

  test('a pod teaches a bounded number of new behaviours a channel and day', () => {
    const stage = new Stage();
    for (let n = 0; n < NEW_PER_POD_AND_DAY + 100; n += 1) {
      stage.see(exec({ at: n / 10, exe: `/usr/bin/p${'x'.repeat(n)}`, commandLine: 'p' }));
    }
    stage.pass(100, [WEB_1]);
    const { items, refused } = profile(stage).channel('exec');
    const programs = [...items.values()].filter(({ behaviour }) => behaviour.verb === 'exec');
    const ofOthers = programs.filter(({ behaviour }) => behaviour.object.includes('/p'));
    expect(ofOthers.length).toBeLessThanOrEqual(NEW_PER_POD_AND_DAY);
    expect(refused).toBeGreaterThan(0);
  });

  test('a hole in the events makes no clean window', () => {
    const whole = new Stage();
    const holed = new Stage();
    for (let second = 0; second < 50; second += 1) {
      whole.pass(1);
      holed.baseline.noteGap({ fromNs: timeNs(second), toNs: timeNs(second) });
      holed.pass(1);
    }
    expect(profile(whole).windows).toBeGreaterThan(200);
    expect(profile(holed).windows).toBe(0);
  });
});

describe('support for what one pod showed', () => {
  const support = (stage: Stage): number | undefined =>
    profile(stage).channel('exec').items.get('exec /usr/bin/curl as user ← web')?.pods.length;

  function taughtByOne(): Stage {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.see(curl(stage.now));
    stage.pass(3);
    expect(support(stage)).toBe(1);
    return stage;
  }

  test('grows at the end of another pod’s window', () => {
    const stage = taughtByOne();
    stage.see(curl(stage.now, pod({ pod: 'web-2' })));
    expect(support(stage)).toBe(1);
    stage.pass(3);
    expect(support(stage)).toBe(2);
  });

  test('does not grow by a pod that alarmed, nor by an operator’s hands', () => {
    const stage = taughtByOne();
    const other = pod({ pod: 'web-2' });
    stage.see(exec({ at: stage.now, in: other, exe: '/tmp/miner', isUpperLayer: true, pid: 9 }));
    stage.see(curl(stage.now, other));
    const shell = { at: stage.now, in: pod({ pod: 'web-3' }), tty: true };
    stage.see(fromOutside({ ...shell, exe: '/bin/sh', pid: 900 }));
    stage.see(exec({ ...shell, exe: '/usr/bin/curl', parent: 'web', pid: 901, ppid: 900 }));
    stage.pass(3);
    expect(support(stage)).toBe(1);
  });
});

describe('when the image is complete', () => {
  test.each([
    ['a program', curl],
    ['a parent', (at: number) => exec({ at, exe: '/usr/bin/gzip', parent: 'sh', pid: 9 })],
    ['an address', (at: number) => connect('198.51.100.9', 443, { at })],
    ['a port', (at: number) => connect('10.0.0.7', 6379, { at })],
    ['a connecting program', (at: number) => connect('10.0.0.7', 5432, { at, exe: '/bin/x' })],
    ['a door', (at: number) => accept('203.0.113.5', 2222, { at })],
    ['a system call', (at: number) => privileged('setuid', { at })],
  ])('%s that was never seen is raised at once, without waiting for a window', (_name, o) => {
    const stage = learnedStage();
    stage.see(o(stage.now));
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]).toMatchObject({
      kind: 'anomaly',
      pod: 'web-1',
      profile: { state: 'complete' },
    });
  });

  test('what is normal is not raised', () => {
    const stage = learnedStage();
    stage.pass(50);
    expect(stage.alerts).toEqual([]);
  });

  test('a file that was never seen is not raised by itself', () => {
    const stage = learnedStage();
    stage.see(read('/srv/app/new.html', { at: stage.now }));
    stage.see(write('/var/log/web/new.log', { at: stage.now }));
    stage.pass(5);
    expect(stage.alerts).toEqual([]);
  });

  test('a novelty that was raised is raised again: it is not learned by being seen', () => {
    const stage = learnedStage();
    for (let round = 0; round < 3; round += 1) {
      stage.see(curl(stage.now));
      stage.pass(60);
    }
    expect(stage.loud).toHaveLength(3);
  });

  test('an inside connection is judged where it starts, not where it ends', () => {
    const stage = learnedStage();
    stage.see(accept('10.0.3.3', 8080, { at: stage.now }));
    stage.see(accept('10.0.3.3', 9090, { at: stage.now }));
    expect(stage.alerts).toEqual([]);
  });

  test('a notice of Falco’s is raised, too', () => {
    const stage = learnedStage();
    stage.see(ruleMatch('Some notice', { at: stage.now, priority: 'notice' }));
    stage.see(ruleMatch('Some debug', { at: stage.now, priority: 'debug' }));
    expect(stage.loud).toHaveLength(1);
  });
});

describe('poisoning', () => {
  test('a pod that alarmed teaches nothing while it is tainted', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.pass(5);
    stage.see(exec({ at: stage.now, exe: '/tmp/x', isUpperLayer: true, pid: 9 }));
    stage.see(curl(stage.now), connect('198.51.100.9', 443, { at: stage.now }));
    stage.pass(10);
    const { items } = profile(stage).channel('exec');
    expect(items.has('exec /usr/bin/curl as user ← web')).toBe(false);
    expect(profile(stage).channel('net').items.has('connect 198.51.100.9:443/tcp by web')).toBe(
      false,
    );
    stage.pass(15);
    stage.see(curl(stage.now));
    stage.pass(3);
    expect(items.has('exec /usr/bin/curl as user ← web')).toBe(true);
  });

  test('one pod cannot make a behaviour trusted, however often it shows it', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.pass(5);
    for (let n = 0; n < 30; n += 1) {
      stage.see(curl(stage.now));
      stage.pass(2);
    }
    const item = profile(stage).channel('exec').items.get('exec /usr/bin/curl as user ← web');
    expect(item?.pods).toHaveLength(1);
    expect(item === undefined ? null : profile(stage).trusts(item)).toBe(false);
    stage.see(curl(stage.now, pod({ pod: 'web-2' })));
    stage.pass(3);
    expect(item === undefined ? null : profile(stage).trusts(item)).toBe(true);
  });

  test('windows of a tainted pod are no clean windows', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    stage.pass(20);
    const before = profile(stage).windows;
    for (let n = 0; n < 10; n += 1) {
      for (const container of SIX_PODS) {
        stage.see(exec({ at: stage.now, in: container, exe: '/tmp/x', isUpperLayer: true }));
      }
      stage.pass(2);
    }
    expect(profile(stage).windows).toBeLessThanOrEqual(before + SIX_PODS.length);
  });
});

test('a sidecar is judged by its own image, not by that of its pod’s first container', () => {
  const stage = new Stage();
  const app = pod({ pod: 'web-1' });
  const proxy = pod({ pod: 'web-1', repository: 'mesh/proxy', id: 'c-proxy', name: 'proxy' });
  stage.see(exec({ in: app, exe: '/usr/bin/gzip' }));
  stage.see(exec({ in: proxy, exe: '/usr/bin/envoy', pid: 500 }));
  stage.see(exec({ in: app, exe: '/usr/bin/gzip', at: 2 }));
  stage.see(exec({ in: proxy, exe: '/usr/bin/envoy', pid: 500, at: 2 }));
  const keys = (repository: string): readonly string[] => {
    const key = `${repository}@sha256:${repository}:1.0`;
    const items = stage.baseline.profiles.get(key)?.channel('exec').items ?? new Map();
    return [...items.keys()].filter((name) => name.startsWith('exec'));
  };
  expect(keys('shop/web')).toEqual(['exec /usr/bin/gzip as user ← web']);
  expect(keys('mesh/proxy')).toEqual(['exec /usr/bin/envoy as user ← web']);
});

describe('files in a complete profile', () => {
  const place = SIX_PODS[0] as Container;

  test('a program that writes where it never wrote is raised, with what it writes instead', () => {
    const stage = learnedStage();
    stage.see(write('/srv/app/shell.php', { in: place, at: stage.now }));
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]?.reason.en).toMatch(
      /opened \/srv\/app\/shell\.php for writing .*normal here: \/var\/log\/web\/access\.log/,
    );
  });

  test('a new file where it always wrote, a new read and a removal are weak evidence', () => {
    const stage = learnedStage();
    const who = { in: place, at: stage.now };
    stage.see(write('/var/log/web/other.log', who));
    stage.see(read('/srv/other/page.html', who));
    stage.see(change('unlink', '/srv/other/page.html', who));
    expect(stage.loud).toEqual([]);
  });
});

describe('start-ups', () => {
  /** Learned by pods that ran already when the agent came. */
  function learnedWithoutStarts(): Stage {
    const stage = new Stage();
    stage.pass(100);
    expect(stage.baseline.progress()[0]?.state).toBe('complete');
    return stage;
  }

  function startsWithChown(stage: Stage, name: string): Container {
    const container = pod({ pod: name });
    stage.launch(container);
    const chown = { exe: '/usr/bin/chown', commandLine: 'chown web /var', pid: 101, vpid: 8 };
    stage.see(exec({ ...chown, in: container, at: stage.now }));
    return container;
  }

  test('a complete profile that never saw a start does not raise on the first ones', () => {
    const stage = learnedWithoutStarts();
    startsWithChown(stage, 'web-8');
    startsWithChown(stage, 'web-9');
    stage.pass(3);
    expect(stage.loud).toEqual([]);
  });

  test('from the fourth start on a start-up is judged', () => {
    const stage = learnedWithoutStarts();
    const first = startsWithChown(stage, 'web-8');
    stage.pass(30, [...SIX_PODS, first]);
    const second = startsWithChown(stage, 'web-9');
    stage.pass(30, [...SIX_PODS, second]);
    const third = startsWithChown(stage, 'web-10');
    stage.pass(30, [...SIX_PODS, third]);
    const fourth = startsWithChown(stage, 'web-11');
    stage.pass(2, [...SIX_PODS, fourth]);
    expect(stage.loud).toEqual([]);
    stage.see(curl(stage.now, fourth));
    expect(stage.loud.map((alert) => alert.pod)).toEqual(['web-11']);
  });

  test('also among the first starts the never-learn list is raised', () => {
    const stage = learnedWithoutStarts();
    const container = startsWithChown(stage, 'web-8');
    stage.see(exec({ in: container, at: stage.now, exe: '/tmp/x', isUpperLayer: true, pid: 9 }));
    expect(stage.loud).toHaveLength(1);
  });

  test('a pod of before that does something new is raised: it is not starting up', () => {
    const stage = learnedWithoutStarts();
    startsWithChown(stage, 'web-8');
    stage.see(curl(stage.now));
    expect(stage.loud).toHaveLength(1);
  });
});

describe('rates', () => {
  const reads = (stage: Stage, count: number): void => {
    for (let n = 0; n < count; n += 1) {
      const at = stage.now + n / 10_000;
      stage.baseline.observe(read('/srv/app/page.html', { at, in: WEB_1 }));
    }
    stage.take();
  };

  test('a flood is raised while it happens, before its window ends', () => {
    const stage = learnedStage();
    reads(stage, 3_000);
    expect(stage.loud).toHaveLength(1);
    expect(stage.loud[0]?.behaviours[0]).toMatchObject({ channel: 'rate' });
    expect(stage.loud[0]?.reason.en).toContain('at most 1 in any window before');
    reads(stage, 3_000);
    expect(stage.loud).toHaveLength(1);
  });

  test('a reload that reads some dozens of files is not', () => {
    const stage = learnedStage();
    reads(stage, 96);
    stage.pass(5);
    expect(stage.alerts).toEqual([]);
  });

  test('a load that doubles is not', () => {
    const stage = new Stage();
    stage.launch(...SIX_PODS);
    for (let second = 0; second < 100; second += 1) {
      for (let n = 0; n < 50; n += 1) {
        stage.baseline.observe(connect('10.0.0.7', 5432, { at: stage.now, in: WEB_1 }));
      }
      stage.pass(1);
    }
    for (let n = 0; n < 150; n += 1) {
      stage.baseline.observe(connect('10.0.0.7', 5432, { at: stage.now, in: WEB_1 }));
    }
    stage.pass(2);
    expect(stage.alerts).toEqual([]);
  });
});
