import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { AdfaError, readAdfa } from './adfa.ts';
import { measure } from './measure.ts';
import { rocOf } from './roc.ts';
import { syntheticData } from './synthetic.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lanner-adfa-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function write(part: string, name: string, calls: readonly number[] | string): void {
  const file = join(directory, part, name);
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, typeof calls === 'string' ? calls : `${calls.join(' ')} `);
}

/** Normal processes go round one circle of calls, attacks another with the same calls. */
function writeSmallData(): void {
  const normal = (from: number) => Array.from({ length: 60 }, (_, at) => 3 + ((from + at) % 5));
  const attack = (from: number) => Array.from({ length: 60 }, (_, at) => 3 + ((from + 2 * at) % 5));
  for (let n = 0; n < 20; n += 1) {
    write('Training_Data_Master', `UTD-${n}.txt`, normal(n));
    write('Validation_Data_Master', `UVD-${n}.txt`, normal(n + 1));
    write('Attack_Data_Master', `Adduser_${n % 3}/UAD-${n}.txt`, attack(n));
  }
}

describe('reading ADFA-LD', () => {
  test('finds every trace, those of attacks one directory further down', () => {
    writeSmallData();
    const adfa = readAdfa(directory);
    expect(adfa.training).toHaveLength(20);
    expect(adfa.validation).toHaveLength(20);
    expect(adfa.attacks).toHaveLength(20);
    expect(adfa.training[0]?.slice(0, 6)).toEqual([3, 4, 5, 6, 7, 3]);
  });

  test('says which directory is missing', () => {
    write('Training_Data_Master', 'UTD-1.txt', [1, 2]);
    expect(() => readAdfa(directory)).toThrow(/Validation_Data_Master: there is no such directory/);
  });

  test('says which file holds something that is no system call', () => {
    writeSmallData();
    write('Validation_Data_Master', 'notes.txt', 'these are the validation traces');
    expect(() => readAdfa(directory)).toThrow(AdfaError);
    expect(() => readAdfa(directory)).toThrow(/notes\.txt: "these" is not the number/);
  });

  test('refuses a directory without traces', () => {
    writeSmallData();
    rmSync(join(directory, 'Attack_Data_Master'), { recursive: true });
    mkdirSync(join(directory, 'Attack_Data_Master'));
    expect(() => readAdfa(directory)).toThrow(/no traces in it/);
  });
});

describe('measuring', () => {
  test('tells the attacks of the small data apart completely', () => {
    writeSmallData();
    const measured = measure(readAdfa(directory), 3);
    expect(measured.auc).toBe(1);
    expect(measured.detectedAt.get(0.01)).toBe(1);
    expect(measured.refused).toBe(0);
  });

  test('cannot tell processes apart that are alike', () => {
    writeSmallData();
    const adfa = readAdfa(directory);
    expect(measure({ ...adfa, attacks: adfa.validation }, 5).auc).toBe(0.5);
  });

  test('finds made-up attacks by a few steps, and nothing where there is no attack', () => {
    expect(measure(syntheticData(0.05), 3).auc).toBeGreaterThan(0.99);
    expect(measure(syntheticData(0), 3).auc).toBeGreaterThan(0.4);
    expect(measure(syntheticData(0), 3).auc).toBeLessThan(0.6);
  });

  test('the program prints a line per order, and how it is used without a directory', () => {
    writeSmallData();
    const main = join(import.meta.dirname, 'main.ts');
    const good = spawnSync(process.execPath, [main, '--adfa', directory], { encoding: 'utf8' });
    expect(good.status).toBe(0);
    expect(good.stdout).toContain('20 training, 20 validation, 20 attack processes');
    expect(good.stdout.match(/^ +[3-8] {2}1\.000/gm)).toHaveLength(6);
    const bad = spawnSync(process.execPath, [main], { encoding: 'utf8' });
    expect(bad.status).toBe(2);
    expect(bad.stderr).toContain('one of --adfa DIR, --data DIR and --synthetic is missing');
    const typo = spawnSync(process.execPath, [main, '--adfq', 'x'], { encoding: 'utf8' });
    expect(typo.status).toBe(2);
    expect(typo.stderr).toContain('--adfq');
  });
});

describe('the ROC curve', () => {
  const scores = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 });

  test('has the area that counting all pairs gives', () => {
    fc.assert(
      fc.property(scores, scores, (normal, attacks) => {
        let wins = 0;
        for (const a of attacks) for (const n of normal) wins += a > n ? 1 : a === n ? 0.5 : 0;
        const expected = wins / (normal.length * attacks.length);
        expect(rocOf(normal, attacks, []).auc).toBeCloseTo(expected, 12);
      }),
    );
  });

  test('keeps the promised share of false alarms', () => {
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 1, noNaN: true }), (normal, share) => {
        // Normal processes taken for attacks are the false alarms at that threshold.
        const detected = rocOf(normal, normal, [share]).detectedAt.get(share) ?? 1;
        expect(detected).toBeLessThanOrEqual(share + 1e-12);
      }),
    );
  });

  test('detects more when more false alarms are allowed', () => {
    const normal = Array.from({ length: 100 }, (_, at) => at);
    const roc = rocOf(normal, [99.5, 97, 93, 50], [0.01, 0.05, 0.1]);
    expect([...roc.detectedAt.values()]).toEqual([0.25, 0.5, 0.75]);
  });
});
