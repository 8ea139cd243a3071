import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

/** What documents say of the tree, as far as a machine can check it. */

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
}).split('\n').filter((path) => path !== '' && existsSync(join(ROOT, path)));
const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);

/** Lines of code blocks that somebody would type. */
const commandsIn = (text: string): readonly string[] =>
  [...text.matchAll(/^```\w*\n([\s\S]*?)^```/gm)]
    .flatMap(([, block = '']) => block.split('\n'))
    .filter((line) => /^(npm|docker|helm|kubectl) /.test(line));

describe('the documents', () => {
  test('every link to a file of the tree leads there', () => {
    const broken = documents.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#)([^)#\s]+)[^)]*\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(ROOT, dirname(path), target)))
        .map((target) => `${path}: ${target}`));
    expect(documents.length).toBeGreaterThan(10);
    expect(broken).toEqual([]);
  });

  test('every script that they name is there', () => {
    const missing = documents.flatMap((path) =>
      [...read(path).matchAll(/`npm run ([a-z][a-z:]*)/g)]
        .map(([, script = '']) => script)
        .filter((script) => !scripts.includes(script))
        .map((script) => `${path}: ${script}`));
    expect(missing).toEqual([]);
  });

  test('the Chinese README gives the commands of the English one', () => {
    const english = commandsIn(read('README.md'));
    const chinese = commandsIn(read('README.zh-CN.md'));
    expect(chinese.length).toBeGreaterThan(5);
    expect(chinese.filter((command) => !english.includes(command))).toEqual([]);
  });
});
