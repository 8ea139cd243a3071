import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * ADFA-LD as its authors distribute it: three directories of text files, each one process as the
 * numbers of its system calls. It is not shipped here: its licence is unclear.
 */
export type Adfa = {
  readonly training: readonly Trace[];
  readonly validation: readonly Trace[];
  readonly attacks: readonly Trace[];
};

export type Trace = readonly number[];

export class AdfaError extends Error {
  readonly code: 'no-directory' | 'no-traces' | 'bad-trace';

  constructor(code: AdfaError['code'], message: string) {
    super(message);
    this.name = 'AdfaError';
    this.code = code;
  }
}

/** Linux has some 450 system calls; what is far beyond is another kind of file. */
export const SYSTEM_CALLS_MAX = 1024;
const DIRECTORIES = {
  training: 'Training_Data_Master',
  validation: 'Validation_Data_Master',
  attacks: 'Attack_Data_Master',
} as const;

export function readAdfa(directory: string): Adfa {
  const of = (part: keyof typeof DIRECTORIES): readonly Trace[] =>
    readTraces(join(directory, DIRECTORIES[part]));
  return { training: of('training'), validation: of('validation'), attacks: of('attacks') };
}

function readTraces(directory: string): readonly Trace[] {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new AdfaError('no-directory', `${directory}: there is no such directory`);
  }
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.txt'))
    .sort();
  const traces = files
    .map((name) => readTrace(join(directory, name)))
    .filter((trace) => trace.length > 0);
  if (traces.length === 0) throw new AdfaError('no-traces', `${directory}: no traces in it`);
  return traces;
}

function readTrace(file: string): Trace {
  const words = readFileSync(file, 'utf8').split(/\s+/).filter((word) => word !== '');
  return words.map((word) => {
    const call = Number(word);
    if (/^[0-9]+$/.test(word) && call < SYSTEM_CALLS_MAX) return call;
    const shown = JSON.stringify(word.slice(0, 20));
    throw new AdfaError('bad-trace', `${file}: ${shown} is not the number of a system call`);
  });
}
