import { expect, test } from 'vitest';
import { MS, event, at } from './identity/sample-events.ts';
import { CALM_LAG_MS, SHED_LAG_MS, Shedding, shedClasses } from './shedding.ts';

const read = event(0, { fields: { 'evt.type': 'openat', 'evt.arg.flags': 'O_RDONLY' } });

test('only what is old on arrival makes it shed, and only opens for reading go', () => {
  const shedding = new Shedding();
  shedding.judge(at(0), at(SHED_LAG_MS));
  expect(shedding.drops(read)).toBe(false);
  shedding.judge(at(0), at(SHED_LAG_MS) + MS);
  expect(shedding.drops(read)).toBe(true);
  const kept = [
    event(0),
    event(0, { fields: { 'evt.type': 'openat', 'evt.arg.flags': 'O_RDWR|O_CREAT' } }),
    event(0, { fields: { 'evt.type': 'openat', 'evt.is_open_write': 'true' } }),
    event(0, { tags: ['shell'], fields: { 'evt.type': 'openat' } }),
  ];
  expect(kept.map((one) => shedding.drops(one))).toEqual([false, false, false, false]);
});

test('it goes on until the lag is small again, and then tells the hole with its size', () => {
  const shedding = new Shedding();
  shedding.judge(at(0), at(SHED_LAG_MS + 1));
  shedding.drops(read);
  shedding.drops(read);
  expect(shedding.judge(at(100), at(100 + CALM_LAG_MS + 1))).toBeNull();
  expect(shedding.judge(at(200), at(200 + CALM_LAG_MS))).toEqual({
    fromNs: at(0),
    toNs: at(200),
    cause: 'overload',
    eventsEstimate: 2,
  });
  expect(shedding.drops(read)).toBe(false);
  expect(shedding.total).toBe(2);
});

const ofType = (type: string) => event(0, { fields: { 'evt.type': type } });
const inTurn = [
  [read],
  [ofType('unlinkat'), ofType('fchmod'), ofType('procexit'),
    event(0, { fields: { 'evt.type': 'openat', 'evt.arg.flags': 'O_WRONLY' } })],
  [ofType('connect'), ofType('accept4'), ofType('setuid'), ofType('mount')],
];

test('the older the events, the more classes go, and programs that start never do', () => {
  for (let level = 0; level <= shedClasses.length + 1; level += 1) {
    const shedding = new Shedding();
    shedding.judge(at(0), at(level * SHED_LAG_MS) + MS);
    inTurn.forEach((events, turn) => {
      for (const one of events) expect(shedding.drops(one)).toBe(turn < level);
    });
    for (const type of ['execve', 'execveat', 'bpf', '']) {
      expect(shedding.drops(ofType(type))).toBe(false);
    }
    const counts = shedClasses.map((name) => shedding.totalOf(name));
    expect(counts).toEqual([1, 4, 4].map((count, turn) => (turn < level ? count : 0)));
  }
});

test('a class that went comes back when all do, at once', () => {
  const shedding = new Shedding();
  const [, , [connect = read] = []] = inTurn;
  shedding.judge(at(0), at(3 * SHED_LAG_MS) + MS);
  expect(shedding.judge(at(1), at(1 + SHED_LAG_MS))).toBeNull();
  expect(shedding.drops(connect)).toBe(true);
  expect(shedding.judge(at(2), at(2))).toMatchObject({ cause: 'overload', eventsEstimate: 1 });
  expect([connect, read].map((one) => shedding.drops(one))).toEqual([false, false]);
});

test('what is old although nothing waited is judged and counted', () => {
  const shedding = new Shedding();
  const connect = ofType('connect');
  expect(shedding.judge(at(0), at(10 * SHED_LAG_MS), false)).toBeNull();
  expect([read, connect].map((one) => shedding.drops(one))).toEqual([false, false]);
  shedding.judge(at(10), at(10 + SHED_LAG_MS), false);
  shedding.drops(read);
  expect(shedding).toMatchObject({ stale: 2, total: 0, isShedding: false });
});

test('an overload is over when the agent has caught up, whatever the clocks say', () => {
  const shedding = new Shedding();
  shedding.judge(at(0), at(SHED_LAG_MS) + MS, true);
  shedding.drops(read);
  const gap = shedding.judge(at(5), at(5 + SHED_LAG_MS) + MS, false);
  expect(gap).toMatchObject({ cause: 'overload', eventsEstimate: 1 });
  expect(shedding.drops(read)).toBe(false);
  expect(shedding).toMatchObject({ stale: 1, total: 1 });
});

test('one late event among others is no hole', () => {
  const shedding = new Shedding();
  shedding.judge(at(0), at(SHED_LAG_MS) + MS);
  expect(shedding.judge(at(SHED_LAG_MS), at(SHED_LAG_MS) + MS)).toBeNull();
  expect(shedding.isShedding).toBe(false);
});
