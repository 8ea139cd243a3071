import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { channels, type Channel } from '../alert.ts';
import type { IsMeant } from './meant.ts';

/**
 * What people decided about profiles, as the collector keeps it and every agent obeys it. The
 * whole list is replaced at once: a list half taken over would be nobody's decision.
 *
 * - `accept`: known and trusted there, however few pods showed it; not learned by it, so that an
 *   undo takes all of it back
 * - `reject`: never learned, and raised every time, even where the profile holds it
 * - `lock` / `unlock`: the profile learns nothing new; novelties raise as in a complete one
 * - `reset`: what was learned before `at` is forgotten, by the collector and by every agent
 *
 * Of several that hold for one behaviour the last word counts, whatever its scope; of two at the
 * same time the stricter one. Bounds: `DECISIONS_MAX` decisions, `DECISION_TEXT_MAX` characters
 * a text. A list that breaks them is refused as a whole and changes nothing.
 */

export const DECISIONS_MAX = 4096;
export const DECISION_TEXT_MAX = 1024;
/** A behaviour as alerts show it: as long as a text of an event becomes as a shape. */
export const DECISION_VALUE_MAX = 16_384;

export const decisionKinds = ['accept', 'reject', 'lock', 'unlock', 'reset'] as const;
export type DecisionKind = (typeof decisionKinds)[number];
export const decisionScopes = ['image', 'lineage', 'everywhere'] as const;
export type DecisionScope = (typeof decisionScopes)[number];

export type Decision = {
  readonly id: string;
  readonly kind: DecisionKind;
  readonly scope: DecisionScope;
  /** The profile it was decided at; its repository names the lineage. */
  readonly profileKey: string;
  readonly repository: string;
  readonly channel: Channel;
  /** The behaviour as alerts show it; empty for `lock`, `unlock` and `reset`. */
  readonly value: string;
  readonly by: string;
  /** RFC 3339. */
  readonly at: string;
  readonly why: string;
  readonly undoneBy?: string;
  readonly undoneAt?: string;
};

const Line = Type.String({ maxLength: DECISION_TEXT_MAX });
const Long = Type.String({ maxLength: DECISION_VALUE_MAX });
const Time = Type.String({ maxLength: 64 });

const DecisionSchema = Type.Object(
  {
    id: Type.String({ minLength: 1, maxLength: 128 }),
    kind: Type.Enum([...decisionKinds]),
    scope: Type.Enum([...decisionScopes]),
    profileKey: Long,
    repository: Long,
    channel: Type.Enum([...channels]),
    value: Long,
    by: Line,
    at: Time,
    why: Line,
    undoneBy: Type.Optional(Line),
    undoneAt: Type.Optional(Time),
  },
  { additionalProperties: false },
);

const ListSchema = Type.Array(DecisionSchema, { maxItems: DECISIONS_MAX });

export type ParsedDecisions =
  | { readonly ok: true; readonly decisions: readonly Decision[] }
  | { readonly ok: false; readonly error: string };

const RFC_3339 = /^\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;

export function parseDecisions(value: unknown): ParsedDecisions {
  if (!Value.Check(ListSchema, value)) {
    const [first] = Value.Errors(ListSchema, value);
    const where = first?.instancePath || 'the list';
    return { ok: false, error: `${where}: ${first?.message ?? 'not valid'}` };
  }
  const ids = new Set<string>();
  for (const [index, { id, at, undoneAt }] of (value as readonly Decision[]).entries()) {
    if (ids.has(id)) return { ok: false, error: `/${index}/id: there are two of "${id}"` };
    ids.add(id);
    for (const [name, time] of [['at', at], ['undoneAt', undoneAt]] as const) {
      if (time === undefined || isTime(time)) continue;
      return { ok: false, error: `/${index}/${name}: expected a time as in RFC 3339` };
    }
  }
  return { ok: true, decisions: value as readonly Decision[] };
}

function isTime(text: string): boolean {
  const ms = Date.parse(text);
  return RFC_3339.test(text) && Number.isFinite(ms) && ms >= 0;
}

/** The profile that is asked about. */
export type ProfileName = {
  readonly key: string;
  readonly image: { readonly repository: string };
};

export type Ruling = 'accept' | 'reject' | null;

type Word = { readonly atMs: number; readonly decision: Decision };

/** Stricter first, for two decisions of one millisecond. */
const STRICTNESS: Readonly<Record<DecisionKind, number>> = {
  reject: 1,
  accept: 0,
  lock: 1,
  unlock: 0,
  reset: 0,
};

/** The decisions in force, by where they hold: a look costs three map look-ups. */
export class Decisions {
  #behaviours = new Map<string, Word>();
  /** Texts that may mean more than one behaviour. */
  readonly #patterns = new Map<Channel, Set<string>>();
  #locks = new Map<string, Word>();
  #resets = new Map<string, Word>();
  /** Grows with each new list, so that what was derived from the old one is made anew. */
  revision = 0;

  /** Replaces all of them; a list that is not valid changes nothing. */
  replace(list: unknown): ParsedDecisions {
    const parsed = parseDecisions(list);
    if (!parsed.ok) return parsed;
    this.#behaviours = new Map();
    this.#patterns.clear();
    this.#locks = new Map();
    this.#resets = new Map();
    for (const decision of parsed.decisions) {
      if (decision.undoneAt === undefined) this.#take(decision);
    }
    this.revision += 1;
    return parsed;
  }

  /** Nothing was decided about any behaviour: the common case, asked once per novelty. */
  get isEmpty(): boolean {
    return this.#behaviours.size === 0;
  }

  rulingOn(channel: Channel, value: string, profile: ProfileName): Ruling {
    if (this.isEmpty) return null;
    return rulingOf(lastOf(this.#behaviours, profile, `\u0000${channel}\u0000${value}`));
  }

  /** The last word on those texts with a pattern in them that mean what is asked about. */
  rulingOnPattern(channel: Channel, profile: ProfileName, isMeant: IsMeant): Ruling {
    let last: Word | null = null;
    for (const value of this.#patterns.get(channel) ?? []) {
      if (!isMeant(value)) continue;
      const word = lastOf(this.#behaviours, profile, `\u0000${channel}\u0000${value}`);
      if (word !== null) last = last === null ? word : later(last, word);
    }
    return rulingOf(last);
  }

  /** Whether some text that means what is asked about is accepted there. Walks through all. */
  accepts(channel: Channel, profile: ProfileName, isMeant: IsMeant): boolean {
    for (const { decision } of this.#behaviours.values()) {
      if (decision.kind !== 'accept' || decision.channel !== channel) continue;
      if (!isMeant(decision.value)) continue;
      if (this.rulingOn(channel, decision.value, profile) === 'accept') return true;
    }
    return false;
  }

  isLocked(profile: ProfileName): boolean {
    return this.#locks.size > 0 && lastOf(this.#locks, profile, '')?.decision.kind === 'lock';
  }

  /** Time of the last reset in ms, which is the generation of what is learned after it; or 0. */
  generationOf(profile: ProfileName): number {
    return this.#resets.size === 0 ? 0 : (lastOf(this.#resets, profile, '')?.atMs ?? 0);
  }

  #notePattern({ channel, value }: Decision): void {
    if (!/[<*]/.test(value)) return;
    const patterns = this.#patterns.get(channel);
    if (patterns === undefined) this.#patterns.set(channel, new Set([value]));
    else patterns.add(value);
  }

  #take(decision: Decision): void {
    const word = { atMs: Date.parse(decision.at), decision };
    const place = placeOf(decision);
    switch (decision.kind) {
      case 'accept':
      case 'reject': {
        const entry = `${place}\u0000${decision.channel}\u0000${decision.value}`;
        keepLast(this.#behaviours, entry, word);
        this.#notePattern(decision);
        return;
      }
      case 'lock':
      case 'unlock':
        keepLast(this.#locks, place, word);
        return;
      case 'reset':
        keepLast(this.#resets, place, word);
    }
  }
}

function rulingOf(word: Word | null): Ruling {
  const kind = word?.decision.kind;
  return kind === 'reject' || kind === 'accept' ? kind : null;
}

function keepLast(words: Map<string, Word>, key: string, word: Word): void {
  const known = words.get(key);
  words.set(key, known === undefined ? word : later(known, word));
}

function later(a: Word, b: Word): Word {
  if (a.atMs !== b.atMs) return a.atMs > b.atMs ? a : b;
  return STRICTNESS[a.decision.kind] >= STRICTNESS[b.decision.kind] ? a : b;
}

function lastOf(words: ReadonlyMap<string, Word>, profile: ProfileName, rest: string): Word | null {
  let last: Word | null = null;
  const { repository } = profile.image;
  const places = ['everywhere', `lineage\u0000${repository}`, `image\u0000${profile.key}`];
  for (const place of places) {
    const word = words.get(`${place}${rest}`);
    if (word !== undefined) last = last === null ? word : later(last, word);
  }
  return last;
}

/** An image without a repository has no lineage: all such images are not one family. */
function placeOf(decision: Decision): string {
  switch (decision.scope) {
    case 'everywhere':
      return 'everywhere';
    case 'lineage':
      return decision.repository === ''
        ? `image\u0000${decision.profileKey}`
        : `lineage\u0000${decision.repository}`;
    case 'image':
      return `image\u0000${decision.profileKey}`;
  }
}
