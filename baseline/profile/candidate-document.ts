import { Type, type Static } from 'typebox';
import type { Behaviour } from '../behaviour/behaviour.ts';
import type { ImageProfile } from './image-profile.ts';
import { REPORTERS_MAX } from './pod-set.ts';
import { CANDIDATE_PODS_MAX, type Candidate } from './upgrade-diff.ts';

/**
 * Novelties that wait for a second pod, as part of a profile's document: the pods of one version
 * run on many nodes, and only together they show what is its diff. Merged as a union; whether a
 * candidate is shared is for each agent to say, so that merging stays free of order.
 */

const TEXT_MAX = 16_384;
const Text = Type.String({ maxLength: TEXT_MAX });

const Reporters = Type.Array(Type.Integer({ minimum: 1, maximum: 2 ** 48 }), {
  maxItems: REPORTERS_MAX,
});

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
    reporters: Reporters,
    raised: Type.Boolean(),
    suspicious: Type.Boolean(),
  },
  { additionalProperties: false },
);

export type CandidateDocument = Static<typeof CandidateSchema>;

/** Of our own pods or with all that was told; without those that are known by now. */
export function candidateDocuments(
  profile: ImageProfile,
  whose: 'own' | 'all',
): CandidateDocument[] {
  const documents: [string, CandidateDocument][] = [];
  for (const [key, candidate] of profile.diff.candidates) {
    if (whose === 'own' && candidate.pods.size === 0) continue;
    if (profile.find(candidate.behaviour) !== undefined) continue;
    documents.push([key, toDocument(candidate, whose)]);
  }
  return documents.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, document]) => document);
}

function toDocument(candidate: Candidate, whose: 'own' | 'all'): CandidateDocument {
  const { channel, verb, object, tree, detail, by } = candidate.behaviour;
  const pods = new Map(candidate.pods);
  if (whose === 'all') {
    for (const [pod, ms] of candidate.told) pods.set(pod, Math.min(pods.get(pod) ?? ms, ms));
  }
  return {
    channel: channel as CandidateDocument['channel'],
    verb,
    object,
    tree: tree === 'address' ? 'address' : 'none',
    detail,
    by,
    pods: [...pods].sort((a, b) => a[0] - b[0]).slice(0, CANDIDATE_PODS_MAX),
    reporters: whose === 'all' ? [...candidate.reporters] : [],
    raised: candidate.raised,
    suspicious: candidate.suspicious,
  };
}

export function restoreCandidates(
  profile: ImageProfile,
  documents: readonly CandidateDocument[],
): void {
  for (const { pods, raised, suspicious, reporters, ...behaviour } of documents) {
    const candidate: Behaviour = behaviour;
    const value = profile.channel(behaviour.channel).keyOf(candidate);
    const told = { behaviour: candidate, pods: new Map(pods), reporters, raised, suspicious };
    profile.diff.tell(candidateKey(behaviour.channel, value), told);
  }
}

export function candidateKey(channel: string, value: string): string {
  return `${channel}\u0000${value}`;
}
