import { Type, type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import type { Behaviour } from '../behaviour/behaviour.ts';
import { CandidateSchema } from './candidate-document.ts';
import { familyKey, FAMILIES_MAX, LEVEL_MAX, LITERALS_MAX } from './evidence.ts';
import { LEARNED_CHANNELS, type LearnedChannel } from './image-profile.ts';
import { namesOf } from './names.ts';
import { PODS_MAX } from './pods.ts';
import { POD_SET_MAX, REPORTERS_MAX } from './pod-set.ts';
import { PROBE_RUNS_MIN, PROBES_MAX } from './probe-book.ts';
import { RATE_PODS_MAX, RATES_MAX } from './rate-book.ts';
import { CANDIDATES_MAX } from './upgrade-diff.ts';

/** The form of a profile's document, checked as hostile input: an agent may be stolen. */

export const DOCUMENT_FORMAT = 'lanner-profile/2';
/** A text of an event is at most 4,096 bytes; its shape is at most three times as long. */
export const TEXT_MAX = 16_384;

const Text = Type.String({ maxLength: TEXT_MAX });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Milliseconds = Count;
const Hash = Type.Integer({ minimum: 0, maximum: 2 ** 48 });
const Hashes = (max: number) => Type.Array(Hash, { maxItems: max });
const Pods = Hashes(POD_SET_MAX);
const Reporters = Hashes(REPORTERS_MAX);

/** Pods, reporters, first and last ms, exempt. */
const TraceSchema = Type.Tuple([Pods, Reporters, Milliseconds, Milliseconds, Type.Boolean()]);
/** The name as it was seen, and its trace. */
const NameSchema = Type.Tuple([Text, Pods, Reporters, Milliseconds, Milliseconds, Type.Boolean()]);

const FamilySchema = Type.Object(
  {
    verb: Text,
    tree: Type.Enum(['path', 'address', 'none']),
    detail: Text,
    by: Text,
    names: Type.Array(NameSchema, { minItems: 1, maxItems: LITERALS_MAX }),
    /** Of names of this family, and of families of its place, that are no longer kept. */
    rest: Type.Optional(TraceSchema),
    placeRest: Type.Optional(TraceSchema),
  },
  { additionalProperties: false },
);

const ChannelSchema = Type.Object(
  {
    /** How often its bounds were halved. */
    level: Type.Integer({ minimum: 0, maximum: LEVEL_MAX }),
    families: Type.Array(FamilySchema, { maxItems: FAMILIES_MAX }),
  },
  { additionalProperties: false },
);

/** Pod, reporter (0: nobody), first and last ms, windows, of them with events, observations,
 * workload, start in ms (0: not seen). */
const PodSchema = Type.Tuple([
  Hash,
  Hash,
  Milliseconds,
  Milliseconds,
  Count,
  Count,
  Count,
  Text,
  Milliseconds,
]);

/** Pod, windows with some, their sum, sum of squares, maximum. */
const RateSchema = Type.Tuple([Hash, Count, Count, Count, Count]);

const ProbeSchema = Type.Object(
  {
    pods: Type.Array(Type.Tuple([Hash, Type.Integer({ minimum: 1, maximum: PROBE_RUNS_MIN })]), {
      maxItems: POD_SET_MAX,
    }),
    reporters: Reporters,
  },
  { additionalProperties: false },
);

const DocumentSchema = Type.Object(
  {
    format: Type.Literal(DOCUMENT_FORMAT),
    /** When it was last reset, in ms: the higher one is the only one that counts. */
    generation: Milliseconds,
    key: Text,
    image: Type.Object(
      { repository: Text, tag: Text, digest: Text },
      { additionalProperties: false },
    ),
    /** The application, where one image runs several. */
    workload: Text,
    pods: Type.Array(PodSchema, { maxItems: PODS_MAX }),
    channels: Type.Record(Type.String(), ChannelSchema),
    probes: Type.Record(Text, ProbeSchema),
    /** How much of everything is usual, and what waits to be judged: for agents, not for people. */
    calibration: Type.Object(
      {
        rates: Type.Record(Text, Type.Array(RateSchema, { maxItems: RATE_PODS_MAX })),
        candidates: Type.Array(CandidateSchema, { maxItems: CANDIDATES_MAX }),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);

export type ProfileDocument = Static<typeof DocumentSchema>;
export type ChannelDocument = Static<typeof ChannelSchema>;
export type FamilyDocument = Static<typeof FamilySchema>;
export type TraceDocument = Static<typeof TraceSchema>;
export type NameDocument = Static<typeof NameSchema>;
export type PodDocument = Static<typeof PodSchema>;
export type RateDocument = Static<typeof RateSchema>;

export type Parsed =
  | { readonly ok: true; readonly document: ProfileDocument }
  | { readonly ok: false; readonly error: string };

/** A hundred times faster than looking at the schema anew for each of thousands of names. */
const DOCUMENT = Compile(DocumentSchema);

export function parseDocument(value: unknown): Parsed {
  if (!DOCUMENT.Check(value)) {
    const [first] = DOCUMENT.Errors(value);
    const where = first?.instancePath || 'the document';
    return { ok: false, error: `${where}: ${first?.message ?? 'not valid'}` };
  }
  const error = namesError(value) ?? familiesError(value);
  return error === null ? { ok: true, document: value } : { ok: false, error };
}

function namesError({ channels, probes, calibration }: ProfileDocument): string | null {
  const unknown = Object.keys(channels).find((name) => !isLearned(name));
  if (unknown !== undefined) return `/channels: no channel "${unknown.slice(0, 40)}"`;
  const bounded = [
    ['calibration/rates', calibration.rates, RATES_MAX],
    ['probes', probes, PROBES_MAX],
  ] as const;
  for (const [path, record, namesMax] of bounded) {
    const names = Object.keys(record);
    if (names.length <= namesMax && names.every((key) => key.length <= TEXT_MAX)) continue;
    return `/${path}: more than ${namesMax} names, or one is too long`;
  }
  return null;
}

/** Names of one family have one shape; a family that says otherwise would generalise others'. */
function familiesError({ channels }: ProfileDocument): string | null {
  for (const [channel, { families }] of Object.entries(channels)) {
    for (const [index, family] of families.entries()) {
      if (family.names.length < 2) continue;
      const keys = new Set(
        family.names.map(([object]) => {
          const behaviour = behaviourOf(channel as LearnedChannel, family, object);
          return familyKey(behaviour, namesOf(behaviour));
        }),
      );
      if (keys.size > 1) return `/channels/${channel}/families/${index}: names of different shapes`;
    }
  }
  return null;
}

export function behaviourOf(
  channel: LearnedChannel,
  { verb, tree, detail, by }: Pick<FamilyDocument, 'verb' | 'tree' | 'detail' | 'by'>,
  object: string,
): Behaviour {
  return { channel, verb, object, tree, detail, by };
}

function isLearned(name: string): boolean {
  return (LEARNED_CHANNELS as readonly string[]).includes(name);
}
