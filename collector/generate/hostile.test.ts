import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

import { jsonArtefact, yamlComment, yamlDocuments, yamlText } from './artefact-text.ts';
import type { Value } from './artefact-text.ts';
import { ConditionError, parseCondition } from './falco-condition.ts';
import { isTrue } from './falco-evaluate.ts';
import { falcoRules } from './falco-rules.ts';
import { falcoPath, falcoRole, falcoValue } from './falco-words.ts';
import { kubeArmorOf } from './kubearmor.ts';
import type { Learned } from './learned.ts';
import { literalSegment } from '../../baseline/behaviour/shape.ts';
import { kubeArmorProblems } from './testing/kubearmor-schema.ts';

/** What an intruder may call a file, a process or an image. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('"', "'", '\\', '\n', '#', ': ', '- ', '%', '{', '\u2028', '\u0085',
    '\u202e', '(', ')', '*', '<N>', '[', 'or', ' and ', '\u001b[2J', '/'), maxLength: 8 }),
  fc.constantFrom('true', 'null', '~', '0x10', '1e3', '---', '...', '&a', '*a', '!!str', '<<', '=', ''),
);
const none = { macros: new Map(), lists: new Map() };

describe('hostile texts', () => {
  test('are the same after YAML and JSON were read again', () => {
    const value = fc.letrec<{ value: Value }>((tie) => ({
      value: fc.oneof({ maxDepth: 3 }, nasty, fc.integer(), fc.boolean(),
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(nasty, tie('value')), { maxLength: 3 }).map((pairs) =>
          Object.fromEntries(pairs.filter(([key]) => key !== '__proto__')) as Value)),
    })).value;
    fc.assert(fc.property(value, (one) => {
      const plain = JSON.parse(JSON.stringify(one)) as unknown;
      expect(parse(yamlText(one), { schema: 'core' })).toEqual(plain);
      expect(JSON.parse(jsonArtefact(one))).toEqual(plain);
      expect(jsonArtefact(one)).toMatch(/^[\n -~]*$/);
    }), { numRuns: 300 });
  });

  test('stay within a comment, and act on no terminal', () => {
    fc.assert(fc.property(fc.array(nasty, { maxLength: 3 }), (lines) => {
      const text = yamlComment(lines);
      expect(text.split('\n')).toHaveLength(lines.length + 1);
      expect(text).not.toMatch(/[^\P{Cc}\n]|[\p{Cf}\p{Zl}]/u);
      const [document] = parseAllDocuments(text + yamlDocuments([{ a: 1 }]));
      expect((document as { toJS: () => unknown }).toJS()).toEqual({ a: 1 });
    }));
  });

  test('in Falco’s conditions mean themselves, or are not said', () => {
    fc.assert(fc.property(nasty, nasty, (text, other) => {
      const value = falcoValue(text);
      if (value !== null && text !== '') {
        const condition = parseCondition(`fd.name = ${value}`);
        expect(isTrue(condition, () => text, none)).toBe(true);
        expect(isTrue(condition, () => other, none)).toBe(other === text);
      }
      const path = falcoPath('fd.name', `/srv/${literalSegment(text.replaceAll('/', ''))}/x`);
      if (path === null) return;
      const literal = parseCondition(path);
      expect(isTrue(literal, () => `/srv/${text.replaceAll('/', '')}/x`, none)).toBe(true);
      expect(isTrue(literal, () => `/srv/${text.replaceAll('/', '')}/x/y`, none)).toBe(false);
    }), { numRuns: 500 });
  });

  test('make no rule of Falco’s and no policy of KubeArmor’s that is not one', () => {
    fc.assert(fc.property(fc.array(fc.tuple(nasty, nasty, nasty), { maxLength: 4 }), nasty,
      (entries, name) => {
        const learned = hostile(entries, name);
        const made = falcoRules(learned);
        if (made.ok) {
          expect(parse(made.rules.text)).toEqual(made.rules.items);
          for (const item of made.rules.items) if ('condition' in item) parseCondition(item.condition);
        }
        const { text, policy } = kubeArmorOf(learned, null);
        expect(kubeArmorProblems(policy).filter((one) => !one.startsWith('/metadata'))).toEqual([]);
        expect(parse(text)).toEqual(policy);
      }), { numRuns: 300 });
  });
});

function hostile(entries: readonly (readonly [string, string, string])[], name: string): Learned {
  const file = entries.map(([object, detail, by]) =>
    ({ verb: 'write', object: `/${object}`, tree: 'path' as const, detail, by }));
  const exec = entries.map(([object, detail, by]) =>
    ({ verb: 'exec', object, tree: 'none' as const, detail, by }));
  const net = entries.map(([object, detail, by]) =>
    ({ verb: 'connect', object, tree: 'address' as const, detail, by }));
  return {
    key: name,
    image: { repository: `r/${name}`, tag: name, digest: '' },
    workload: '',
    coverage: 0,
    channels: new Map([
      ['exec', { isComplete: false, behaviours: exec }],
      ['net', { isComplete: false, behaviours: net }],
      ['file-write', { isComplete: false, behaviours: file }],
    ]),
  };
}

describe('Falco’s grammar', () => {
  test.each([
    'evt.type = open', 'not proc.name exists', 'a and (b or not c)', 'fd.name in (a, "b c", \'d\')',
    'proc.aname[2] = x', 'evt.rawres >= -1', 'fd.name pmatch (/etc)', 'fd.name in (list)', 'a or(b)',
  ])('takes %s', (text) => {
    expect(() => parseCondition(text)).not.toThrow();
  });

  test.each([
    '', 'evt.type =', 'evt.type = a b', 'evt.type = (a)', 'a and', 'a b', '(a', 'a)', 'fd.name in (a b)',
    'evt.rawres > x', 'fd.name like x', 'fd.name = "x', `${'('.repeat(200)}a${')'.repeat(200)}`,
  ])('refuses %s', (text) => {
    expect(() => parseCondition(text)).toThrow(ConditionError);
  });

  test('a role is its program and its name', () => {
    const condition = parseCondition(falcoRole('python3.11(gunicorn)') ?? '');
    const fields = new Map([['proc.name', 'gunicorn'], ['proc.exepath', '/usr/bin/python3.11']]);
    expect(isTrue(condition, (field) => fields.get(field), none)).toBe(true);
    fields.set('proc.exepath', '/tmp/python3.11x');
    expect(isTrue(condition, (field) => fields.get(field), none)).toBe(false);
  });
});
