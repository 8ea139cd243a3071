import { channels } from '../../baseline/alert.ts';
import type { Channel } from '../../baseline/alert.ts';
import { scopeOf } from '../access/roles.ts';
import type { Clock } from '../clock.ts';
import { BehaviourIndex } from '../images/behaviour-index.ts';
import { behaviourIn } from '../images/behaviour-key.ts';
import type { WantedBehaviour } from '../images/behaviour-key.ts';
import { blastRadius } from '../images/blast-radius.ts';
import type { BlastAnswer, BlastImage } from '../images/blast-radius.ts';
import { imageReference } from '../images/image-reference.ts';
import { layerProof } from '../images/layer-proof.ts';
import { limitOf } from '../images/limit-text.ts';
import type { Subject } from '../images/wanted-images.ts';
import type { Scope } from '../incident/visibility.ts';
import type { Store } from '../store/faces.ts';
import { alertFor } from './alert-routes.ts';
import {
  LAYER_TEXT_MAX,
  blastRadiusAnswer,
  blastRadiusQuery,
  layerImport,
  layerImported,
} from './contract/blast-radius.ts';
import type { BlastRadiusQuery, BlastRadiusView } from './contract/blast-radius.ts';
import { ApiError } from './errors.ts';
import { replies } from './routes.ts';
import type { Api } from './routes.ts';
import { timeText } from './views.ts';

/**
 * Where an image, a layer or a behaviour runs now and ran, and what builds tell of their images.
 * An answer holds the places that the one who asks may see, and nothing that is only elsewhere.
 */
export type BlastRadiusRouteOptions = {
  readonly store: Store;
  readonly clock: Clock;
  /** How long runs are kept. */
  readonly imageDays: number;
};

/** Of an alert: each is looked for in all alerts and profiles. */
const BEHAVIOURS_MAX = 8;
const KINDS = ['image', 'behaviour', 'alert', 'layer', 'base'] as const;
/** Three texts, which as JSON may be twice as long. */
const BODY_BYTES_MAX = 6 * LAYER_TEXT_MAX;

export function addBlastRadiusRoutes(api: Api, options: BlastRadiusRouteOptions): void {
  const { store, clock, imageDays } = options;
  const index = new BehaviourIndex({ store, clock });
  api.get('/api/v1/blast-radius', {
    config: { needs: 'viewer', scope: 'any' },
    schema: {
      summary: 'Images, workloads, nodes and namespaces that run an image, a layer or a behaviour',
      querystring: blastRadiusQuery,
      ...replies(blastRadiusAnswer),
    },
  }, async ({ query, principal }) => {
    const scope = scopeOf(principal, 'viewer');
    const { subject, isCut } = await subjectOf(query, store, scope);
    const { days, limit, cluster } = query;
    const where = { scope, ...(cluster === undefined ? {} : { cluster }) };
    const question = { subject, days, limit, daysKept: imageDays, ...where };
    const answer = await blastRadius(question, { store, index, clock });
    return answerView(query, answer, isCut);
  });

  api.post('/api/v1/images/layers', {
    bodyLimit: BODY_BYTES_MAX,
    config: { needs: 'analyst' },
    schema: {
      summary: 'Tell what an image is made of, from its manifest and configuration',
      body: layerImport,
      ...replies(layerImported, 201),
    },
  }, async ({ body, principal }, reply) => {
    const { repository = '', tag = '', ...documents } = body;
    const proof = layerProof(documents);
    if (!proof.ok) throw new ApiError(400, proof.reason, proof.detail);
    const { digests, imageId, layers } = proof;
    const refused = await store.saveLayers(
      digests.map((digest) => ({ digest, layers, source: 'import' as const })),
      digests.map((digest) => ({ repository, tag, digest })),
    );
    if (refused > 0) throw new ApiError(409, 'full', 'the record of layers is full');
    await store.appendAudit({
      atMs: clock.now(),
      actor: principal.name,
      action: 'image-layers-imported',
      subject: digests[0] ?? '',
      detail: { repository, tag, digests, layers: layers.length },
    });
    return reply.code(201).send({ digests, imageId, layers });
  });
}

type Asked = { readonly subject: Subject; readonly isCut: boolean };

async function subjectOf(query: BlastRadiusQuery, store: Store, scope: Scope): Promise<Asked> {
  const kinds = KINDS.filter((kind) => query[kind] !== undefined);
  const [kind] = kinds;
  if (kind === undefined || kinds.length > 1) {
    throw new ApiError(400, 'invalid-request', `exactly one of ${KINDS.join(', ')} is wanted`);
  }
  const value = query[kind] ?? '';
  switch (kind) {
    case 'image':
    case 'base': {
      const reference = imageReference(value);
      if (reference !== null) return { subject: { kind, reference }, isCut: false };
      throw new ApiError(400, 'invalid-request',
        `${kind} is repository, repository:tag, repository@sha256:… or sha256:…`);
    }
    case 'layer':
      return { subject: { kind, layer: value }, isCut: false };
    case 'behaviour':
      return { subject: { kind, behaviours: [behaviourOf(value)] }, isCut: false };
    case 'alert': {
      const { alert } = await alertFor(store, value, scope);
      const behaviours = alert.behaviours.map(({ channel, value: text }) =>
        ({ channel, value: text }));
      const { image } = alert;
      return {
        subject: { kind, behaviours: behaviours.slice(0, BEHAVIOURS_MAX),
          ...(image.repository === '' && image.digest === '' ? {} : { image }) },
        isCut: behaviours.length > BEHAVIOURS_MAX,
      };
    }
  }
}

function behaviourOf(text: string): WantedBehaviour {
  const colon = text.indexOf(':');
  const channel = channels.find((one) => one === text.slice(0, Math.max(0, colon)));
  const wanted = { channel: channel as Channel, value: text.slice(colon + 1).trim() };
  if (channel !== undefined && behaviourIn(wanted) !== null) return wanted;
  throw new ApiError(400, 'invalid-request',
    'behaviour is channel:value as an alert writes it, e.g. exec:exec /usr/bin/nc as root ← bash');
}

function answerView(
  query: BlastRadiusQuery,
  answer: BlastAnswer,
  isCut: boolean,
): BlastRadiusView {
  const kind = KINDS.find((one) => query[one] !== undefined) ?? 'image';
  const { looked, asOfMs, sinceMs, totals, evidence, truncated } = answer;
  const limits = isCut
    ? [...answer.limits, limitOf('behaviours-bound', [String(BEHAVIOURS_MAX)])]
    : answer.limits;
  return {
    query: { kind, value: query[kind] ?? '', looked, days: query.days },
    asOf: timeText(asOfMs),
    since: timeText(sinceMs),
    images: answer.images.map(imageView),
    workloads: answer.workloads.map(seenView),
    nodes: answer.nodes.map(seenView),
    namespaces: answer.namespaces.map(seenView),
    totals,
    evidence,
    limits,
    truncated: truncated || isCut,
  };
}

function imageView({ seen, podsNow, ...same }: BlastImage): BlastRadiusView['images'][number] {
  return {
    ...same,
    runsNow: podsNow > 0,
    firstSeen: seen === undefined ? null : timeText(seen.firstMs),
    lastSeen: seen === undefined ? null : timeText(seen.lastMs),
  };
}

type Seen = { readonly podsNow: number; readonly firstMs: number; readonly lastMs: number };

function seenView<Row extends Seen>(row: Row) {
  const { firstMs, lastMs, ...same } = row;
  return {
    ...same,
    runsNow: row.podsNow > 0,
    firstSeen: timeText(firstMs),
    lastSeen: timeText(lastMs),
  };
}
