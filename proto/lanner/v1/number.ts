/**
 * Numbers at the border of the link. protobufjs writes what it is given modulo 2^32 and reads
 * 64-bit values as Long, so both directions check: a count that silently became another count
 * would be a lie in the SOC's face.
 */
import assert from 'node:assert/strict';
import { FrameError } from './frame-error.ts';

const UINT32_MAX = 4_294_967_295;

/** A protobufjs value of a 64-bit field. */
export type Wide = number | { toNumber(): number } | null | undefined;

/** Counts saturate: four billion of something is "many", and not a reason to lose an alert. */
export const encodedCount = (value: number, field: string): number => {
  assert(Number.isInteger(value) && value >= 0, `${field} is a count`);
  return Math.min(value, UINT32_MAX);
};

export const encodedInteger = (value: number, field: string): number => {
  assert(Number.isSafeInteger(value), `${field} is an exact integer`);
  return value;
};

export const encodedNumber = (value: number, field: string): number => {
  assert(Number.isFinite(value), `${field} is finite`);
  return value;
};

export const decodedInteger = (wide: Wide, field: string): number => {
  const value = typeof wide === 'object' && wide !== null ? wide.toNumber() : (wide ?? 0);
  if (!Number.isSafeInteger(value)) throw new FrameError('bad-number', field);
  return value;
};

export const decodedUnsigned = (wide: Wide, field: string): number => {
  const value = decodedInteger(wide, field);
  if (value < 0) throw new FrameError('bad-number', field);
  return value;
};

export const decodedNumber = (value: number | null | undefined, field: string): number => {
  const number = value ?? 0;
  if (!Number.isFinite(number)) throw new FrameError('bad-number', field);
  return number;
};
