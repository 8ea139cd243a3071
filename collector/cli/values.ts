import { InvalidArgumentError } from 'commander';

import { CliFailure, exitCodes } from './exit-codes.ts';

/** For commander: one of these words, or a usage error that lists them. */
export function choice<T extends string>(values: readonly T[]): (text: string) => T {
  return (text) => {
    const found = values.find((value) => value === text);
    if (found === undefined) throw new InvalidArgumentError(`One of ${values.join(', ')}.`);
    return found;
  };
}

/** For commander: a whole number above zero. */
export function countOf(text: string): number {
  if (!/^[1-9][0-9]{0,5}$/.test(text)) throw new InvalidArgumentError('A number from 1 to 999999.');
  return Number(text);
}

export function itemsOf(reply: unknown): readonly unknown[] {
  const items = (reply as { items?: unknown } | null)?.items;
  if (!Array.isArray(items)) {
    throw new CliFailure(exitCodes.failed, 'the answer is not a list: is this a collector?');
  }
  return items;
}

export function secondsInWords(seconds: number): string {
  if (seconds < 0) return '-';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}
