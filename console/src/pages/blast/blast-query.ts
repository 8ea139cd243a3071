import { addressOf } from '../../data/api.ts';
import type { Query } from '../../data/api.ts';

/**
 * What is asked about stands in the address: an alert links here, and the answer goes into a
 * ticket. One kind at a time, as the API has it.
 */
export const blastKinds = ['image', 'behaviour', 'layer', 'base', 'alert'] as const;
export type BlastKind = (typeof blastKinds)[number];

export const dayChoices = ['1', '7', '30', '90', '366'] as const;
export const USUAL_DAYS = '30';

export type BlastQuestion = {
  readonly kind: BlastKind;
  readonly value: string;
  readonly days: string;
};

export function blastQuestionOf(search: URLSearchParams): BlastQuestion {
  return {
    kind: blastKinds.find((one) => one === search.get('kind')) ?? 'image',
    value: search.get('value') ?? '',
    days: dayChoices.find((one) => one === search.get('days')) ?? USUAL_DAYS,
  };
}

/** Null for what the collector would refuse. */
export function blastQueryOf({ kind, value, days }: BlastQuestion): Query | null {
  const text = value.trim();
  if (text === '' || text.length > VALUE_CHARACTERS_MAX) return null;
  if (kind === 'layer' && !/^sha256:[0-9a-f]{64}$/.test(text)) return null;
  if (kind === 'behaviour' && !/^[a-z-]+:./.test(text)) return null;
  return { [kind]: text, days: Number(days) };
}

/** The longest that any kind may have; a behaviour is a command line. */
export const VALUE_CHARACTERS_MAX = 4_200;

export const blastAddressOf = (kind: BlastKind, value: string): string =>
  addressOf('/blast-radius', { kind: kind === 'image' ? '' : kind, value });
