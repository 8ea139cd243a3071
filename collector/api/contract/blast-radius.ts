import Type from 'typebox';

import { blastReasons, limitCodes } from '../../images/blast-words.ts';
import {
  closed,
  count,
  fixed,
  name,
  oneOf,
  text,
  texts,
  time,
  timeOrNone,
  words,
} from './words.ts';

/** Where an image, a layer or a behaviour runs now and ran in the last days. */
export const DAYS_MAX = 366;
const digest = Type.String({ pattern: '^sha256:[0-9a-f]{64}$' });

/** Exactly one of `image`, `behaviour`, `alert`, `layer` and `base`. */
export const blastRadiusQuery = Type.Object({
  /** `repository`, `repository:tag`, `repository@sha256:…` or `sha256:…`. */
  image: Type.Optional(name),
  /** `channel:value`, as alerts and profiles write them: `exec:exec /usr/bin/nc ← bash`. */
  behaviour: Type.Optional(Type.String({ minLength: 1, maxLength: 4_200 })),
  /** Id of an alert: the behaviours that it is about. */
  alert: Type.Optional(name),
  /** The digest of an unpacked layer (`diff_id`). */
  layer: Type.Optional(digest),
  /** All images that are built on this one. */
  base: Type.Optional(name),
  cluster: Type.Optional(name),
  days: Type.Integer({ minimum: 1, maximum: DAYS_MAX, default: 30 }),
  /** Of each of the lists. */
  limit: Type.Integer({ minimum: 1, maximum: 500, default: 200 }),
}, closed);
export type BlastRadiusQuery = Type.Static<typeof blastRadiusQuery>;

const seen = {
  /** A pod of it runs, by what its node said within the last half hour. */
  runsNow: Type.Boolean(),
  firstSeen: time,
  lastSeen: time,
};

export const blastImage = Type.Object({
  repository: text,
  tag: text,
  digest: text,
  reason: oneOf(blastReasons),
  /** Of the layers asked for, how many it has; absent where layers were not compared. */
  sharedLayers: Type.Optional(count),
  /** How many layers it has. */
  layers: Type.Optional(count),
  pods: count,
  runsNow: Type.Boolean(),
  /** Null: in these days nobody saw it run. */
  firstSeen: timeOrNone,
  lastSeen: timeOrNone,
}, closed);

export const blastWorkload = Type.Object({
  cluster: text,
  namespace: text,
  /** Empty for pods that nothing made. */
  workload: text,
  /** `repository:tag`, or with the digest where there is no tag. */
  images: texts,
  pods: count,
  podsNow: count,
  nodes: count,
  ...seen,
}, closed);

export const blastNode = Type.Object({
  cluster: text,
  node: text,
  pods: count,
  podsNow: count,
  ...seen,
}, closed);

export const blastNamespace = Type.Object({
  cluster: text,
  namespace: text,
  workloads: count,
  pods: count,
  podsNow: count,
  ...seen,
}, closed);

export const blastLimit = Type.Object({
  code: oneOf(limitCodes),
  text: words,
  /** Names of nodes, images or days that it is about; the first of them. */
  about: texts,
}, closed);

export const blastRadiusAnswer = fixed(Type.Object({
  query: Type.Object({
    kind: oneOf(['image', 'behaviour', 'alert', 'layer', 'base']),
    value: text,
    /** What was looked for: behaviours in general terms, or layers. */
    looked: texts,
    days: Type.Integer(),
  }, closed),
  asOf: time,
  since: time,
  images: Type.Array(blastImage),
  /** What runs now first, then the last seen. */
  workloads: Type.Array(blastWorkload),
  nodes: Type.Array(blastNode),
  namespaces: Type.Array(blastNamespace),
  /** Of all, also where lists are cut to `limit`. */
  totals: Type.Object({
    images: count, workloads: count, nodes: count, namespaces: count, pods: count, podsNow: count,
  }, closed),
  evidence: Type.Object({
    /** Ids of alerts of these images (behaviour: that showed it), newest first. */
    alerts: texts,
    /** Pods that agents reported, which the lists are counted from. */
    reports: count,
  }, closed),
  /** What is not known, and so may be missing above. */
  limits: Type.Array(blastLimit),
  /** A list was cut to `limit`, or a bound was reached: `limits` says which. */
  truncated: Type.Boolean(),
}, closed));
export type BlastRadiusView = Type.Static<typeof blastRadiusAnswer>;

/** What a build says of its image: the exact bytes, because their digests are what counts. */
export const LAYER_TEXT_MAX = 1_048_576;
const document = Type.String({ minLength: 2, maxLength: LAYER_TEXT_MAX });

export const layerImport = Type.Object({
  repository: Type.Optional(name),
  tag: Type.Optional(Type.String({ maxLength: 128 })),
  /** The image's manifest. */
  manifest: document,
  /** The configuration that the manifest names. */
  config: document,
  /** The index that names the manifest, where a tag stands for several platforms. */
  index: Type.Optional(document),
}, closed);
export type LayerImport = Type.Static<typeof layerImport>;

export const layerImported = fixed(Type.Object({
  /** By which nodes may call the image: its manifest's digest, and its index's. */
  digests: texts,
  imageId: text,
  layers: texts,
}, closed));
export type LayerImportedView = Type.Static<typeof layerImported>;
