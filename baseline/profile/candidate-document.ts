import { Type, type Static } from 'typebox';
import type { Behaviour } from '../behaviour/behaviour.ts';
import type { ImageProfile } from './image-profile.ts';
import { CANDIDATE_PODS_MAX, type Candidate } from './upgrade-diff.ts';

/**
 * Novelties that wait for a second pod, as part of a profile's document: the pods of one version
 * run on many nodes, and only together they show what is its diff. Merged as a union; whether a
 * candidate is shared is for each agent to say, so that merging stays free of order.
 */

const TEXT_MAX = 16_384;
const Text = Type.String({ maxLength: TEXT_MAX });

export const CandidateSchema = Type.Object(
  {
    channel: Type.Union([Type.Literal('exec'), Type.Literal('net'), Type.Literal('priv')]),
    verb: Text,
    object: Text,
    tree: Type.Union([Type.Literal('address'), Type.Literal('none')]),
    detail: Text,
    by: Text,
    /** Pod hash and when it showed it first, in ms; sorted. */
    pods: Type.Array(
      Type.Tuple([
        Type.Integer({ minimum: 0, maximum: 2 ** 48 }),
        Type.Integer({ minimum: 0 }),
      ]),
      { maxItems: CANDIDATE_PODS_MAX },
    ),
    raised: Type.Boolean(),
    suspicious: Type.Boolean(),
  },
  { additionalProperties: false },
);

export type CandidateDocument = Static<typeof CandidateSchema>;

/** Sorted by what they are; those that are known by now are left out. */
export function candidateDocuments(profile: ImageProfile): CandidateDocument[] {
  const documents: [string, CandidateDocument][] = [];
  for (const [key, candidate] of profile.diff.candidates) {
    if (profile.find(candidate.behaviour) !== undefined) continue;
    documents.push([key, toDocument(candidate)]);
  }
  return documents.sort((a, b) => (a[0] < b[0] ? -1 : 1)).map(([, document]) => document);
}

function toDocument({ behaviour, pods, raised, suspicious }: Candidate): CandidateDocument {
  const { channel, verb, object, tree, detail, by } = behaviour;
  return {
    channel: channel as CandidateDocument['channel'],
    verb,
    object,
    tree: tree === 'address' ? 'address' : 'none',
    detail,
    by,
    pods: [...pods].sort((a, b) => a[0] - b[0]).slice(0, CANDIDATE_PODS_MAX),
    raised,
    suspicious,
  };
}

export function restoreCandidates(
  profile: ImageProfile,
  documents: readonly CandidateDocument[],
): void {
  for (const { pods, raised, suspicious, ...behaviour } of documents) {
    const candidate: Behaviour = behaviour;
    if (profile.find(candidate) !== undefined) continue;
    const value = profile.channel(behaviour.channel).keyOf(candidate);
    const key = candidateKey(behaviour.channel, value);
    profile.diff.restore(key, { behaviour: candidate, pods: new Map(pods), raised, suspicious });
  }
}

export function candidateKey(channel: string, value: string): string {
  return `${channel}\u0000${value}`;
}
