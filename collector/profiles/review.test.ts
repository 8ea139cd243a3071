import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import { KEY, learned } from '../testing/profiles.ts';
import { diffRows } from './diff.ts';
import { merged } from './image-profiles.ts';
import { toReview } from './review.ts';
import { readReviewYaml, reviewYaml } from './review-yaml.ts';

const reviewed = (yaml: string) => {
  const read = readReviewYaml(yaml);
  if (!read.ok) throw new Error(read.detail);
  return read.review;
};

const yamlOf = (document: ReturnType<typeof learned>): string => reviewYaml(toReview(document));

const problem = (yaml: string): string => {
  const read = readReviewYaml(yaml);
  return read.ok ? 'ok' : read.detail;
};

describe('an exported profile', () => {
  test('is sorted YAML, one behaviour a line', () => {
    const document = learned({ pods: ['p1', 'p2'], files: ['b', 'a'], addresses: ['10.0.0.7'] });
    expect(reviewYaml(toReview(document))).toBe(`format: lanner-review/1
key: "docker.io/shop/web@sha256:1"
image:
  repository: docker.io/shop/web
  tag: "1.0"
  digest: "sha256:1"
workload: ""
behaviours:
  exec:
    - {verb: args, object: "nginx -g daemon", by: /usr/sbin/web}
    - {verb: exec, object: /usr/sbin/web, detail: " as user", by: web}
  net:
    - {verb: connect, object: "10.0.0.7", detail: ":443/tcp", by: web, tree: address}
  file-write:
    - {verb: write, object: /var/log/a, by: web, tree: path}
    - {verb: write, object: /var/log/b, by: web, tree: path}
`);
  });

  test('is the same whatever was counted, and when', () => {
    const [early, late] = [learned({ pods: ['p1', 'p2'], ms: 1 }),
      learned({ pods: ['p1', 'p2', 'p3'], ms: 9_000_000 })];
    expect(yamlOf(merged(early, late))).toBe(yamlOf(early));
    expect(yamlOf(learned({ pods: ['p1'] }))).toContain('pods: 1}');
  });

  test('is read back as it was, whatever an event said', () => {
    const empty = toReview(learned());
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('true', 'null', '~', '1.0', '0x1f', '- a', '# x', '{a: b}', '\u202e',
        '\u{e0001}', 'a\nb', '\r', '\ufeff', '<N>', '&a', '*a', '!!js', '%', '@', '`', '\ud800'),
    );
    fc.assert(fc.property(text, text, text, (verb, object, by) => {
      const exec = [{ verb: `v${verb}`, object, ...(object === '' ? {} : { detail: object }), by }];
      const yaml = reviewYaml({ ...empty, behaviours: { exec } });
      expect(yaml.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Co}]/u);
      const [back] = reviewed(yaml).behaviours.exec ?? [];
      expect(back).toEqual({
        verb: `v${verb}`.toWellFormed(),
        object: object.toWellFormed(),
        ...(object === '' ? {} : { detail: object.toWellFormed() }),
        by: by.toWellFormed(),
      });
      // What another reader of YAML makes of it.
      expect((parse(yaml, { version: '1.1' }) as { key: string }).key).toBe(KEY);
    }), { numRuns: 300 });
  });
});

describe('a file that is imported', () => {
  const yaml = yamlOf(learned({ pods: ['p1', 'p2'], files: ['a'] }));

  test('of what is wrong says the line and the field', () => {
    expect(problem(yaml.replace('format: lanner-review/1', 'format: x'))).toMatch(/^line 1, format/);
    expect(problem(yaml.replace('verb: write', 'verb: 7')))
      .toMatch(/^line \d+, behaviours\.file-write\[0\]\.verb: .*string/);
    expect(problem(yaml.replace('verb: write', 'werb: write')))
      .toMatch(/^line \d+, behaviours\.file-write\[0\].*(verb|werb)/);
    expect(problem(yaml.replace('  exec:', '  exex:'))).toMatch(/^line \d+, behaviours.*exex/);
    expect(problem(yaml.replace('  exec:', '  exec: ['))).toMatch(/^line \d+, column \d+: /);
    expect(problem(yaml.replace(/digest: .*/, 'digest: "sha256:2"'))).toMatch(/^line 2, key: .*:2/);
    expect(problem('[')).toMatch(/^line 1/);
    expect(problem('')).toMatch(/the document/);
    expect(problem(`a: &a [1]\nb: *a\n`)).toMatch(/alias/);
    expect(problem(`${yaml}format: again\n`)).toMatch(/^line \d+, column 1: .*unique/i);
  });

  test('refuses a bomb of aliases without unfolding it', () => {
    const levels = Array.from({ length: 30 }, (_, n) =>
      `l${n}: &l${n} [${Array(9).fill(n === 0 ? 'x' : `*l${n - 1}`).join(', ')}]`);
    expect(problem(levels.join('\n'))).toMatch(/alias/);
  });
});

describe('a comparison', () => {
  test('says what was added, removed, and shown by a second pod', () => {
    const before = learned({ files: ['a', 'b'] });
    const after = learned({ files: ['b', 'c'], pods: ['p1', 'p2'] });
    const rows = diffRows(toReview(before), toReview(after))
      .filter(({ channel }) => channel === 'file-write');
    expect(rows.map(({ change, value }) => `${change} ${value.split(' ')[1]}`)).toEqual([
      'removed /var/log/a',
      'changed /var/log/b',
      'added /var/log/c',
    ]);
    expect(diffRows(toReview(before), toReview(before))).toEqual([]);
    const later = learned({ files: ['a', 'b'], ms: 77 });
    expect(diffRows(toReview(before), toReview(later))).toEqual([]);
  });
});
