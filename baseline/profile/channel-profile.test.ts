import { describe, expect, test } from 'vitest';
import { behavioursOf, type Behaviour } from '../behaviour/behaviour.ts';
import type { Observation } from '../observation.ts';
import { connect, exec, read, write } from '../testing/observations.ts';
import { ChannelProfile, isTrusted, ITEMS_MAX, type Item } from './channel-profile.ts';
import { POD_SET_MAX } from './pod-set.ts';

function first(o: Observation): Behaviour {
  return behavioursOf(o, () => null)[0] as Behaviour;
}

const ONCE = { pod: 1, ms: 0 };

function learn(
  channel: ChannelProfile,
  o: Observation,
  at: Partial<typeof ONCE> = {},
): Item | null {
  return channel.learn(first(o), { ...ONCE, ...at });
}

function reads(paths: readonly string[], pods = { count: 1 }): ChannelProfile {
  const channel = new ChannelProfile('file-read', { podCount: () => pods.count });
  for (const path of paths) channel.learn(first(read(path)), { pod: 1, ms: 1_000 });
  channel.settle();
  return channel;
}

function knows(channel: ChannelProfile, path: string): boolean {
  return channel.find(first(read(path))) !== undefined;
}

const NUMBERED = Array.from({ length: 40 }, (_, n) => n);

describe('what is never generalised', () => {
  test('files in /etc, however many one pod reads', () => {
    const channel = reads(NUMBERED.map((n) => `/etc/cron.d/job-${n}`));
    expect(channel.items.size).toBe(40);
    expect(knows(channel, '/etc/cron.d/job-7')).toBe(true);
    expect(knows(channel, '/etc/cron.d/job-40')).toBe(false);
  });

  test('executables', () => {
    const channel = new ChannelProfile('exec');
    for (const n of NUMBERED) learn(channel, exec({ exe: `/tmp/job-${n}` }));
    expect(channel.find(first(exec({ exe: '/tmp/job-7' })))).toBeDefined();
    expect(channel.find(first(exec({ exe: '/tmp/job-40' })))).toBeUndefined();
  });

  test('fewer than eight addresses of one /24', () => {
    const channel = new ChannelProfile('net');
    const to = (n: number): Behaviour => first(connect(`203.0.113.${n}`, 443));
    for (let n = 1; n <= 7; n += 1) channel.learn(to(n), ONCE);
    channel.settle();
    expect(channel.find(to(200))).toBeUndefined();
    channel.learn(to(8), ONCE);
    channel.settle();
    expect(channel.find(to(200))).toBeDefined();
    expect(channel.find(first(connect('203.0.114.1', 443)))).toBeUndefined();
    expect(channel.find(first(connect('203.0.113.200', 4444)))).toBeUndefined();
  });
});

describe('a file with the name of a pattern', () => {
  test.each(['<N>', '*', '**', '<x2>', '\\<N>'])('%s opens no directory', (name) => {
    const channel = reads([`/var/${name}`, `/var/${name}/${name}`]);
    for (const other of ['7', 'ab', 'anything', '\\7']) {
      expect(knows(channel, `/var/${other}`)).toBe(false);
      expect(knows(channel, `/var/${other}/${other}`)).toBe(false);
    }
    expect(knows(channel, `/var/${name}`)).toBe(true);
  });

  test.each(['<N>', '*', '<M>'])('%s is not known because its pattern is', (name) => {
    const channel = reads([1, 2, 3, 4].map((n) => `/var/${n}`));
    expect(knows(channel, '/var/77')).toBe(true);
    expect(knows(channel, `/var/${name}`)).toBe(false);
  });
});

test('a group that collapsed becomes one item with the pods of all its names', () => {
  const channel = new ChannelProfile('file-read', { podCount: () => 3 });
  for (const pod of [1, 2, 3]) learn(channel, read(`/var/job-${pod}`), { pod, ms: pod * 100 });
  expect([...channel.items.keys()]).toEqual(['read /var/job-<N> by web']);
  const [item] = channel.items.values();
  expect(item?.pods).toEqual([1, 2, 3]);
  expect(item?.firstMs).toBe(100);
});

test('reading and writing are generalised apart, and programs are told apart', () => {
  const channel = reads([1, 2, 3].map((n) => `/var/${n}`));
  expect(channel.find(first(read('/var/9', { exe: '/bin/cat' })))).toBeUndefined();
  const writes = new ChannelProfile('file-write');
  expect(writes.find(first(write('/var/9')))).toBeUndefined();
});

test('a process id under /proc means nothing from the first one on', () => {
  const channel = reads(['/proc/4711/stat', '/proc/4711/task/4712/comm']);
  expect(knows(channel, '/proc/815/stat')).toBe(true);
  expect(knows(channel, '/proc/815/task/816/comm')).toBe(true);
  expect(knows(channel, '/proc/815/environ')).toBe(false);
  expect(knows(channel, '/proc/self/stat')).toBe(false);
});

test('literals come back when more pods do without them', () => {
  const pods = { count: 1 };
  const channel = reads([1, 2, 3].map((n) => `/var/${n}`), pods);
  expect(knows(channel, '/var/9')).toBe(true);
  pods.count = 100;
  channel.settle();
  expect(knows(channel, '/var/9')).toBe(false);
});

test('a flood of distinct paths of one pod is a bounded number of items', () => {
  const channel = new ChannelProfile('file-read');
  for (let n = 0; n < 100_000; n += 1) {
    const path = `/f/${word(n % 100)}/${word(n)}`;
    learn(channel, read(path));
  }
  expect(channel.items.size).toBeLessThanOrEqual(200);
  expect(channel.refused).toBe(0);
  expect(knows(channel, '/other/place')).toBe(false);
});

test('a full channel is frozen, counts what it refused and keeps what it knew', () => {
  const channel = new ChannelProfile('exec');
  const program = (n: number): Behaviour => first(exec({ exe: `/usr/bin/${word(n)}` }));
  for (let n = 0; n < ITEMS_MAX + 50; n += 1) {
    channel.learn(program(n), { pod: 10 + Math.floor(n / 100), ms: 0 });
  }
  expect(channel.items.size).toBe(ITEMS_MAX);
  expect(channel.frozen).toBe(true);
  expect(channel.refused).toBe(50);
  expect(channel.find(program(0))).toBeDefined();
  expect(channel.learn(program(ITEMS_MAX + 1), ONCE)).toBeNull();
  expect(channel.learn(program(1), { pod: 2, ms: 0 })?.pods).toHaveLength(2);
});

test('the pods of an item are bounded', () => {
  const channel = new ChannelProfile('exec');
  for (let pod = 0; pod < 100; pod += 1) learn(channel, exec({}), { pod });
  expect([...channel.items.values()][0]?.pods).toHaveLength(POD_SET_MAX);
});

test('first and last are the earliest and the latest, whatever the order', () => {
  const channel = new ChannelProfile('exec');
  for (const ms of [500, 900, 100]) learn(channel, exec({}), { ms });
  expect([...channel.items.values()][0]).toMatchObject({ firstMs: 100, lastMs: 900 });
});

test('novelty is counted once per directory', () => {
  const channel = new ChannelProfile('file-read');
  const group = (path: string): string => channel.groupOf(first(read(path)));
  expect(group('/srv/app/a')).toBe(group('/srv/app/b'));
  expect(group('/srv/app/a')).not.toBe(group('/srv/lib/a'));
});

test('directories are known after names were derived anew while one is asked about', () => {
  const channel = new ChannelProfile('file-write');
  const group = (path: string): string => channel.groupOf(first(write(path)));
  learn(channel, write('/srv/app/a'));
  expect(channel.knowsGroup(group('/srv/app/x'))).toBe(true);
  // Asking derives names anew, which forgets the directories that are asked for.
  learn(channel, write('/srv/lib/b'));
  expect(channel.knowsGroup(group('/srv/lib/x'))).toBe(true);
  expect(channel.knowsGroup(group('/srv/app/x'))).toBe(true);
  expect(channel.knowsGroup(group('/srv/other/x'))).toBe(false);
});

describe('what the fleet told', () => {
  const told = { pods: [7, 9], reporters: [3], firstMs: 5, lastMs: 6, exempt: false };
  const tell = (channel: ChannelProfile, ...paths: readonly string[]): void => {
    channel.tell((fleet) => {
      for (const path of paths) fleet.add(first(read(path)), told);
    });
  };

  test('is known, found and told of the same at rest, and joined with what is told later', () => {
    const channel = new ChannelProfile('file-read');
    tell(channel, '/srv/a', '/srv/b');
    channel.rest();
    channel.rest();
    expect(knows(channel, '/srv/a')).toBe(true);
    expect([...channel.soleReporters()]).toEqual([3]);
    tell(channel, '/srv/c');
    channel.rest();
    expect([...channel.items.keys()].length).toBe(3);
    expect(channel.fleet.records).toBe(3);
    expect(channel.items.get('read /srv/a by web')).toMatchObject({ ...told, isOwn: false });
  });

  test('is joined with what pods of this node show, which is told apart', () => {
    const channel = new ChannelProfile('file-read');
    tell(channel, '/srv/a', '/srv/b');
    channel.rest();
    expect(learn(channel, read('/srv/a'), { pod: 8, ms: 9 })?.pods).toEqual([7, 8, 9]);
    channel.settle();
    const [a, b] = [...channel.items.values()].toSorted((x, y) => (x.key < y.key ? -1 : 1));
    expect(a).toMatchObject({ pods: [7, 8, 9], firstMs: 5, lastMs: 9, isOwn: true });
    expect(b).toMatchObject({ pods: [7, 9], isOwn: false });
    expect(channel.own.literalOf(first(read('/srv/a')))?.trace.pods).toEqual([8]);
    expect(channel.fleet.literalOf(first(read('/srv/a')))?.trace.pods).toEqual([7, 9]);
  });

  test('of nothing is nothing', () => {
    const channel = new ChannelProfile('file-read');
    tell(channel);
    channel.rest();
    expect(learn(channel, read('/srv/a'))?.isOwn).toBe(true);
    expect(channel.fleet.isEmpty).toBe(true);
  });
});

test('two pods make an item trusted, one does not unless it is the only one', () => {
  const channel = new ChannelProfile('exec');
  const item = learn(channel, exec({}));
  if (item === null) throw new Error('not learned');
  expect(isTrusted(item, false)).toBe(false);
  expect(isTrusted(item, true)).toBe(true);
  learn(channel, exec({}), { pod: 2 });
  expect(isTrusted(item, false)).toBe(true);
});

/** A word of letters beyond hexadecimal, so that no shape but itself fits. */
function word(n: number): string {
  const letters = [...n.toString(16)].map((digit) => 'ghijklmnopqrstuv'[parseInt(digit, 16)]);
  return letters.join('');
}
