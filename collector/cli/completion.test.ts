import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { runLannerctl } from './run.ts';
import { shells } from './completion.ts';

const folder = mkdtempSync(join(tmpdir(), 'lanner-completion-'));
const scripts = new Map<string, string>();

beforeAll(async () => {
  for (const shell of shells) {
    let text = '';
    const exit = await runLannerctl(['completion', shell], {
      write: (part) => {
        text += part;
      },
      writeError: () => undefined,
      env: {},
      isTerminal: false,
      columns: undefined,
      signal: new AbortController().signal,
    });
    if (exit !== 0) throw new Error(`completion ${shell} ended with ${exit}`);
    scripts.set(shell, text);
    writeFileSync(join(folder, shell), text);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

/** What bash itself offers after these words. */
function offered(...words: readonly string[]): readonly string[] {
  const script = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _lannerctl; ' +
    'printf "%s\\n" "${COMPREPLY[@]}"';
  const said = execFileSync('bash', ['-c', script, 'bash', join(folder, 'bash'), 'lannerctl',
    ...words], { encoding: 'utf8' });
  return said.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  test('in bash leads through the commands and their options', () => {
    expect(offered('inc')).toEqual(['incidents', 'incident']);
    expect(offered('incident', '')).toEqual(
      ['show', 'ack', 'assign', 'comment', 'close', 'reopen', '--help']);
    expect(offered('incident', 'close', '--v')).toEqual(['--verdict']);
    expect(offered('--json', 'alerts', '--fo')).toEqual(['--follow']);
    expect(offered('pki', 'issue', 'a')).toEqual(['agent']);
    expect(offered('alerts', '--namespace', 'incident', '--sev')).toEqual(['--severity']);
    expect(offered('nothing-like-it')).toEqual([]);
  });

  test.each([['zsh', ['-n']], ['fish', ['--no-execute']]] as const)(
    'for %s can be read by it where it is installed, and names every command',
    (shell, check) => {
      const text = scripts.get(shell) ?? '';
      for (const name of ['alerts', 'incident', 'reopen', 'completion']) {
        expect(text).toContain(name);
      }
      const found = spawnSync(shell, [...check, join(folder, shell)], { encoding: 'utf8' });
      if (found.error === undefined) expect(found.stderr).toBe('');
    },
  );
});
