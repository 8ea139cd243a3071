import fc from 'fast-check';
import { expect, test } from 'vitest';
import { behaviourText, type Behaviour } from '../behaviour/behaviour.ts';
import { ItemTable, type Item } from './item-table.ts';
import { mergePodSets, withPod } from './pod-set.ts';
import { join, type Trace } from './trace.ts';

type Known = Trace & { behaviour: Behaviour; object: string; isOwn: boolean };

const text = fc.oneof(
  fc.constantFrom('', 'a', 'ab', '/var/log', '/var/log/<N>', 'é', '日本', '\ud800'),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const behaviour = fc.record({
  channel: fc.constant('file-read' as const),
  verb: fc.constantFrom('read', 'write'),
  object: text,
  tree: fc.constantFrom('path', 'none', 'address'),
  detail: fc.constantFrom('', ':80'),
  by: fc.constantFrom('web', 'sh'),
});
const pods = fc.array(fc.nat(12), { maxLength: 10 })
  .map((list) => list.reduce<readonly number[]>(withPod, []));
const trace: fc.Arbitrary<Trace> = fc.record({
  pods,
  reporters: pods.map((list) => list.slice(0, 4)),
  firstMs: fc.oneof(fc.nat(9), fc.constant(Number.MAX_SAFE_INTEGER)),
  lastMs: fc.oneof(fc.nat(9), fc.constant(Number.MAX_SAFE_INTEGER)),
  exempt: fc.boolean(),
});

type Step = (table: ItemTable, model: Map<string, Known>) => void;

const keyOf = ({ verb, detail, by }: Behaviour, object: string): string =>
  JSON.stringify([verb, object, detail, by]);

const adding = fc.tuple(behaviour, fc.option(text, { nil: null }), trace, fc.boolean()).map(
  ([seen, general, evidence, isOwn]): Step => (table, model) => {
    const object = general ?? seen.object;
    const key = keyOf(seen, object);
    const known = model.get(key);
    const index = table.add(seen, object, evidence, isOwn);
    if (known === undefined) model.set(key, { ...evidence, behaviour: seen, object, isOwn });
    else {
      Object.assign(known, join(known, evidence), { isOwn: known.isOwn || isOwn });
      // What was seen is settled with the texts; see `noteSeen`.
      known.behaviour = table.at(index).behaviour;
    }
  },
);

const showing = fc.tuple(fc.nat(200), fc.nat(12), fc.nat(20)).map(
  ([which, pod, ms]): Step => (table, model) => {
    const known = [...model.values()][which % Math.max(1, model.size)];
    if (known === undefined) return;
    table.find(known.behaviour, known.object)?.noteShown(pod, ms);
    known.pods = withPod(known.pods, pod);
    known.isOwn = true;
    known.firstMs = Math.min(known.firstMs, ms);
    known.lastMs = Math.max(known.lastMs, ms);
  },
);

const sealing = fc.constant<Step>((table) => table.seal());
const steps = fc.array(
  fc.oneof({ weight: 12, arbitrary: adding }, { weight: 4, arbitrary: showing }, sealing),
  { maxLength: 80 },
);

const shown = (item: Item | Known): unknown => [
  item.behaviour, item.object, item.pods, item.reporters,
  item.firstMs, item.lastMs, item.exempt, item.isOwn,
];

test('a table holds what a map of objects would, whatever is added, shown and put together', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const table = new ItemTable('file-read');
      const model = new Map<string, Known>();
      for (const step of list) step(table, model);
      expect(table.size).toBe(model.size);
      expect(Array.from(table.values(), shown)).toEqual([...model.values()].map(shown));
      for (const known of model.values()) {
        const found = table.find(known.behaviour, known.object);
        expect(found === undefined ? null : shown(found)).toEqual(shown(known));
      }
    }),
    { numRuns: 300 },
  );
});

const read = (object: string): Behaviour =>
  ({ channel: 'file-read', verb: 'read', object, tree: 'path', detail: '', by: 'web' });

test('of several that a pattern stands for the first by text is shown', () => {
  const table = new ItemTable('file-read');
  const once: Trace = { pods: [1], reporters: [], firstMs: 1, lastMs: 1, exempt: false };
  for (const n of [7, 3, 5]) table.add(read(`/var/${n}`), '/var/<N>', once, false);
  table.seal();
  const [item] = table.values();
  expect(item?.behaviour.object).toBe('/var/3');
  expect(item?.key).toBe(behaviourText(read(''), '/var/<N>'));
  expect(item?.group).toBe('read /var/ by web');
  expect(table.has('read /var/<N> by web')).toBe(true);
  expect(table.has('read /var/3 by web')).toBe(false);
});

test('what one item is shown by is not what others that were alike are shown by', () => {
  const table = new ItemTable('file-read');
  const once: Trace = { pods: [1, 5], reporters: [], firstMs: 1, lastMs: 1, exempt: false };
  for (const name of ['/a', '/b', '/c']) table.add(read(name), name, once, false);
  table.seal();
  table.find(read('/a'), '/a')?.noteShown(3, 9);
  table.find(read('/b'), '/b')?.noteShown(3, 9);
  const [a, b, c] = table.values();
  expect(a?.pods).toEqual([1, 3, 5]);
  expect(b?.pods).toBe(a?.pods);
  expect(c?.pods).toEqual(mergePodSets([1], [5]));
  expect(once.pods).toEqual([1, 5]);
});

test('thousands of items are found, and what is like them is not', () => {
  const table = new ItemTable('file-read');
  const once: Trace = { pods: [1], reporters: [], firstMs: 1, lastMs: 1, exempt: false };
  for (let n = 0; n < 8_000; n += 1) {
    table.add(read(`/data/${n}`), `/data/${n}`, once, false);
    table.compact();
  }
  for (let n = 0; n < 8_000; n += 1) {
    expect(table.find(read(''), `/data/${n}`)?.object).toBe(`/data/${n}`);
  }
  expect(table.find(read(''), '/data/8000')).toBeUndefined();
  expect(table.find({ ...read(''), by: 'sh' }, '/data/1')).toBeUndefined();
});
