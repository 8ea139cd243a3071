import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

/** The rules of the house that a machine can check, over all files that git knows. */

const ROOT = join(import.meta.dirname, '..');
const FILE_LINES_MAX = 500;
const COLUMNS_MAX = 110;
const FUNCTION_LINES_MAX = 75;

const tracked = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  // Git still lists what was removed and not committed.
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));
const sources = tracked.filter((path) => /\.tsx?$/.test(path) && !path.startsWith('proto/gen/'));
const product = sources.filter((path) => !/\.test\.ts$|^test\/|\/testing\//.test(path));

const text = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const lines = (path: string): string[] => text(path).split('\n');

function importsOf(path: string): string[] {
  const found = text(path).matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g);
  return [...found].map((match) => normalize(join(dirname(path), match[1] ?? '')));
}

const room = (path: string): string => {
  const [top, second] = path.split('/');
  const hasRooms = top === 'agent' || top === 'collector' || top === 'baseline';
  return hasRooms && (second ?? '').indexOf('.') < 0 ? `${top}/${second}` : (top ?? '');
};

/** A room may import from itself and from these; wiring files of a program from anywhere in it. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  config: [],
  'baseline/behaviour': [],
  'baseline/profile': ['baseline/behaviour'],
  'baseline/judge': ['baseline/behaviour', 'baseline/profile'],
  'baseline/episode': ['baseline/behaviour', 'baseline/profile', 'baseline/judge'],
  proto: ['baseline'],
  'agent/source': ['proto'],
  'agent/identity': ['proto', 'agent/source'],
  'agent/flows': ['proto'],
  'agent/images': ['proto'],
  'agent/outbox': ['proto', 'agent/source', 'agent/identity'],
  'agent/link': ['proto', 'agent/source', 'agent/outbox'],
  'agent/profiles': ['proto'],
  'agent/contain': ['proto', 'agent/source', 'agent/outbox', 'agent/link'],
  'collector/incident': [],
  'collector/policy': ['collector/incident'],
  'collector/kube': [],
  'collector/respond': ['proto', 'collector/incident', 'collector/policy', 'collector/kube'],
  'collector/access': ['collector/respond'],
  'collector/fatigue': ['proto', 'collector/incident', 'collector/policy', 'collector/respond'],
  'collector/flows': ['proto'],
  'collector/store': [
    'proto', 'collector/incident', 'collector/policy', 'collector/kube', 'collector/respond',
    'collector/access', 'collector/fatigue', 'collector/flows', 'collector/outputs',
  ],
  'collector/profiles': ['proto', 'collector/store'],
  'collector/outputs': [
    'collector/incident', 'collector/policy', 'collector/respond', 'collector/store',
    'collector/desk',
  ],
  'collector/images': [
    'proto', 'collector/incident', 'collector/store', 'collector/profiles', 'collector/desk',
  ],
  'collector/generate': [
    'collector/kube', 'collector/flows', 'collector/respond', 'collector/profiles',
  ],
  'collector/desk': [
    'collector/incident', 'collector/respond', 'collector/store', 'collector/profiles',
  ],
};

describe('the tree', () => {
  test('a room imports only from itself, baseline, proto, config and the rooms before it', () => {
    const wrong: string[] = [];
    for (const path of product) {
      const from = room(path);
      const allowed = MAY_IMPORT[from];
      if (allowed === undefined) continue;
      for (const target of importsOf(path)) {
        const to = room(target);
        const isFree = to === from || allowed.includes(to) || to === from.split('/')[0];
        const isWord =
          !from.startsWith('baseline') && (to.startsWith('baseline') || to === 'config');
        if (!isFree && !isWord) wrong.push(`${path} imports ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  test('agent and collector share nothing but baseline, proto and config', () => {
    const crossing = product.flatMap((path) =>
      importsOf(path)
        .filter((target) => {
          const pair = `${path.split('/')[0]}→${target.split('/')[0]}`;
          return pair === 'agent→collector' || pair === 'collector→agent';
        })
        .map((target) => `${path} imports ${target}`),
    );
    expect(crossing).toEqual([]);
  });

  test('the baseline is pure: no node module, no clock, no timer, no chance', () => {
    const impure = product
      .filter((path) => path.startsWith('baseline/'))
      .filter((path) =>
        /from 'node:|Date\.now|new Date\(\)|Math\.random|setTimeout|setInterval|\bprocess\.(env|argv|hrtime|nextTick)/.test(
          text(path),
        ),
      );
    expect(impure).toEqual([]);
  });

  test('the console takes types alone from the collector, and pure words from baseline', () => {
    const pure = /\/(collector\/access\/(principal|roles)|baseline\/alert)\.ts$/;
    const wrong = product.filter((path) => path.startsWith('console/src/')).flatMap((path) =>
      [...text(path).matchAll(/^import (?!type )[^;]*?from\s+'([^']*\/(?:collector|agent|baseline|proto|config)\/[^']*)';/gm)]
        .map(([, target]) => target ?? '')
        .filter((target) => !pure.test(target))
        .map((target) => `${path} imports ${target}`));
    expect(wrong).toEqual([]);
  });

  test('only one file imports the Kubernetes client', () => {
    const importers = product.filter((path) => /'@kubernetes\/client-node'/.test(text(path)));
    expect(importers.filter((path) => !path.startsWith('collector/kube/'))).toEqual([]);
  });
});

describe('the files', () => {
  test(`no file is longer than ${FILE_LINES_MAX} lines or wider than ${COLUMNS_MAX} columns`, () => {
    const long = sources.filter((path) => lines(path).length > FILE_LINES_MAX);
    const wide = product.filter((path) =>
      lines(path).some((line) => line.length > COLUMNS_MAX && !line.includes('http')),
    );
    expect({ long, wide }).toEqual({ long: [], wide: [] });
  });

  test(`no function of the product is longer than ${FUNCTION_LINES_MAX} lines`, () => {
    const long: string[] = [];
    for (const path of product) {
      let start = -1;
      let indent = '';
      lines(path).forEach((line, index) => {
        const opens = line.match(/^( {0,2})(?:export |async |static |#|get |readonly )*.*\) ?(?::.*)?(?:=> )?\{$/);
        if (start < 0 && opens !== null && !/\b(class|if|for|while|switch)\b/.test(line)) {
          start = index;
          indent = opens[1] ?? '';
        } else if (start >= 0 && line.startsWith(`${indent}}`)) {
          const body = lines(path).slice(start + 1, index);
          // A factory that returns an object of functions is as long as they are together.
          const isFactory = body.some((inner) => inner.startsWith(`${indent}  return {`));
          if (body.length > FUNCTION_LINES_MAX && !isFactory) long.push(`${path}:${start + 1}`);
          start = -1;
        }
      });
    }
    expect(long).toEqual([]);
  });

  test('nothing is left behind: no to-do, no focused or skipped test, no debugger', () => {
    const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', '\\.on' + 'ly\\(', 'debug' + 'ger;'].join('|'));
    expect(sources.filter((path) => marks.test(text(path)))).toEqual([]);
  });

  test('no path of the machine it was written on is in the tree', () => {
    const home = new RegExp(`/${'work'}/|/${'root'}/\\.`);
    const own = tracked.filter((path) => /\.(ts|md|json|ya?ml)$/.test(path));
    const leaks = own.filter((path) => {
      if (path === 'package-lock.json') return false;
      return /recording|fixtures/.test(path) ? false : home.test(text(path));
    });
    expect(leaks.filter((path) => !path.endsWith('.test.ts'))).toEqual([]);
  });

  test('names say what a thing is: no utils, helpers or managers', () => {
    expect(sources.filter((path) => /(util|helper|manager|misc|common)s?\b/.test(path))).toEqual([]);
  });
});
