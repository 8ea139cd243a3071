import { LEARNED_CHANNELS } from '../../baseline/profile/image-profile.ts';
import type { Curation } from '../profiles/curation.ts';
import { holdsFor } from '../profiles/decision-rules.ts';
import type { Subject, Wish } from '../profiles/decision-rules.ts';
import { keyOfProfileId, profileId } from '../profiles/profile-id.ts';
import { behavioursIn, learningOf, waitingIn } from '../profiles/profile-view.ts';
import { diffRows } from '../profiles/diff.ts';
import { behavioursIn as reviewedIn, checkReview, toReview } from '../profiles/review.ts';
import type { Review } from '../profiles/review.ts';
import { readReviewYaml, reviewYaml } from '../profiles/review-yaml.ts';
import type { Store } from '../store/faces.ts';
import { decides, decisionsOf, reads } from './decision-routes.ts';
import { imagesAnswer } from './contract/fleet.ts';
import {
  decidedAnswer,
  diffAnswer,
  importAnswer,
  placedAnswer,
  profileDetail,
  profilesAnswer,
  resetAnswer,
} from './contract/profile.ts';
import { ApiError, notFound } from './errors.ts';
import { ProfileList } from './profile-list.ts';
import type { ProfileSummary } from './profile-list.ts';
import {
  BEHAVIOURS_PER_REQUEST_MAX,
  diffQuery,
  importBody,
  judgeBody,
  placeBody,
  profileParams,
  profileQuery,
  profilesQuery,
} from './profile-schemas.ts';
import { replies } from './routes.ts';
import type { Api } from './routes.ts';

/**
 * Profiles: list, show, export, compare, import, and what people decide about whole profiles. A
 * profile's id is base64url of its key (`profile-id.ts`); the list gives it. Documents are bounded
 * by the baseline, so whole ones are sent. What comes in is bounded by `IMPORT_BYTES_MAX`, and as
 * YAML by `YAML_CHARACTERS_MAX`: reading it holds up everything else, half a second at the bound.
 */
export const IMPORT_BYTES_MAX = 4 * 1_024 * 1_024;

export type ProfileRouteOptions = {
  readonly store: Pick<Store, 'listProfiles' | 'readProfile' | 'listAgents'>;
  readonly curation: Curation;
};

export function addProfileRoutes(api: Api, { store, curation }: ProfileRouteOptions): void {
  const list = new ProfileList({ store, decisions: curation.decisions });
  addReading(api, list, curation);
  addDeciding(api, list, curation);
  addImport(api, curation);
}

function addReading(api: Api, list: ProfileList, curation: Curation): void {
  api.get('/api/v1/profiles', {
    config: reads,
    schema: { summary: 'Profiles, in order of their keys', querystring: profilesQuery,
      ...replies(profilesAnswer) },
  }, async ({ query }) => {
    const { limit, cursor, prefix } = query;
    const items = await list.page({
      limit,
      ...(prefix === undefined ? {} : { prefix }),
      ...(cursor === undefined ? {} : { after: keyOf(cursor) }),
    });
    return { items, nextCursor: items.length === limit ? items.at(-1)?.id ?? null : null };
  });

  // What runs now and what is stored, in one short list for people; `/profiles` is the whole of it.
  api.get('/api/v1/images', {
    config: reads,
    schema: { summary: 'What runs and what is learned of it', ...replies(imagesAnswer) },
  }, async () => ({ items: await list.images() }));

  const one = { params: profileParams };
  api.get('/api/v1/profiles/:id',
    { config: reads, schema: { summary: 'One profile with its behaviours', ...one,
      querystring: profileQuery, ...replies(profileDetail) } },
    async ({ params, query }) => {
      const profile = await known(list, params.id);
      const found = await curation.profiles.readDocument(profile.key);
      const channels = LEARNED_CHANNELS.filter((name) => (query.channel ?? name) === name);
      const decisions = await curation.decisions.inForce();
      const rules = await curation.decisions.rules();
      return {
        profile,
        channels: channels.map((channel) => {
          const behaviours = found === undefined
            ? []
            : behavioursIn(found.document, channel, rules);
          const items = behaviours.slice(0, query.limit);
          const learning = found === undefined ? null : learningOf(found.document, channel);
          return { channel, total: behaviours.length, learning, items };
        }),
        waiting: found === undefined ? [] : waitingIn(found.document).slice(0, query.limit),
        decisions: decisions.filter((decision) => holdsFor(decision, subjectOf(profile))),
      };
    });

  api.get('/api/v1/profiles/:id/export', {
    config: reads,
    schema: { summary: 'The review form, as YAML', produces: ['application/yaml'], ...one },
  }, async ({ params }, reply) =>
    reply.type('application/yaml; charset=utf-8')
      .send(reviewYaml(await reviewed(curation, keyOf(params.id)))));

  api.get('/api/v1/profiles/:id/diff',
    { config: reads, schema: { summary: 'What one profile holds and another does not', ...one,
      querystring: diffQuery, ...replies(diffAnswer) } },
    async ({ params, query }) => {
      const [from, to] = [keyOf(params.id), keyOf(query.with)];
      const rows = diffRows(await reviewed(curation, from), await reviewed(curation, to));
      return { from, to, items: rows };
    });
}

function addDeciding(api: Api, list: ProfileList, curation: Curation): void {
  for (const [verb, kind] of [['approve', 'accept'], ['reject', 'reject']] as const) {
    const schema = { summary: `${verb} behaviours`, params: profileParams, body: judgeBody,
      ...replies(decidedAnswer, 201) };
    api.post(`/api/v1/profiles/:id/${verb}`, { config: decides, schema },
      async ({ params, body, principal }, reply) => {
        const profile = await known(list, params.id);
        const { scope, why } = body;
        const behaviours = await named(curation, profile.key, body);
        if (kind === 'accept') await checkShown(curation, profile.key, behaviours);
        const decided = await curation.decide(behaviours.map(({ channel, value }) =>
          ({ kind, ...subjectOf(profile), scope, channel, value, by: principal.name, why })));
        return reply.code(201).send({ items: decisionsOf(decided) });
      });
  }

  const place = { params: profileParams, body: placeBody };
  for (const kind of ['lock', 'unlock'] as const) {
    api.post(`/api/v1/profiles/:id/${kind}`, {
      config: decides,
      schema: { summary: `${kind} what is learned`, ...place, ...replies(placedAnswer, 201) },
    }, async (request, reply) => {
      const { params, body: { scope, why }, principal: { name: by } } = request;
      const profile = await known(list, params.id);
      const wish = { kind, ...subjectOf(profile), scope, channel: 'exec', value: '', by, why };
      const decided = await curation.decide([wish as Wish]);
      return reply.code(201).send({
        items: decisionsOf(decided),
        undone: decided.ok ? decided.undone : [],
      });
    });
  }

  api.post('/api/v1/profiles/:id/reset', {
    config: decides,
    schema: { summary: 'Forget what was learned', ...place, ...replies(resetAnswer, 201) },
  }, async (request, reply) => {
    const { params, body: { scope, why }, principal: { name: by } } = request;
    const profile = await known(list, params.id);
    const reset = await curation.reset({ ...subjectOf(profile), scope }, { by, why });
    if (!reset.ok) throw new ApiError(409, reset.reason, reset.detail);
    const profiles = reset.keys.map((key) => ({ id: profileId(key), key }));
    return reply.code(201).send({ items: [reset.decision], profiles });
  });
}

function addImport(api: Api, curation: Curation): void {
  api.post('/api/v1/profiles/import',
    { config: decides, schema: { summary: 'Take over a reviewed profile', body: importBody,
      response: { ...replies(importAnswer).response, ...replies(importAnswer, 201).response } },
      bodyLimit: IMPORT_BYTES_MAX },
    async ({ body, principal }, reply) => {
      const { dryRun, why } = body;
      const said = { by: principal.name, why, dryRun };
      const imported = await curation.import(reviewOf(body), said);
      if (!imported.ok) throw new ApiError(409, imported.reason, imported.detail);
      const { key, rows, rejected } = imported;
      return reply.code(dryRun ? 200 : 201)
        .send({ id: profileId(key), key, dryRun, items: rows, rejected });
    });
}

function reviewOf(
  { yaml, profile }: { readonly yaml?: string; readonly profile?: unknown },
): Review {
  if ((yaml === undefined) === (profile === undefined)) {
    throw new ApiError(400, 'invalid-request', 'either yaml or profile is what is imported');
  }
  if (yaml !== undefined) {
    const read = readReviewYaml(yaml);
    if (read.ok) return read.review;
    throw new ApiError(422, 'invalid-profile', read.detail);
  }
  const checked = checkReview(profile);
  if (checked.ok) return checked.review;
  const { path, message } = checked.problem;
  throw new ApiError(422, 'invalid-profile', `${path.join('.') || 'the profile'}: ${message}`);
}

const subjectOf = ({ key, image }: ProfileSummary): Subject =>
  ({ profileKey: key, repository: image.repository });

function keyOf(id: string): string {
  return keyOfProfileId(id) ?? notFound('profile');
}

async function known(list: ProfileList, id: string): Promise<ProfileSummary> {
  return await list.one(keyOf(id)) ?? notFound('profile');
}

async function reviewed(curation: Curation, key: string): Promise<Review> {
  const found = await curation.profiles.readDocument(key);
  return found === undefined ? notFound('stored profile') : toReview(found.document);
}

/** A slip in a text must not approve what nobody looked at; rejecting beforehand does no harm. */
async function checkShown(curation: Curation, key: string, behaviours: Named): Promise<void> {
  const found = await curation.profiles.readDocument(key);
  const shown = found === undefined ? [] : [
    ...reviewedIn(toReview(found.document)),
    ...waitingIn(found.document),
  ];
  const names = new Set(shown.map(({ channel, value }) => `${channel}\u0000${value}`));
  const strange = behaviours.find(({ channel, value }) => !names.has(`${channel}\u0000${value}`));
  if (strange === undefined) return;
  throw new ApiError(422, 'unknown-behaviour',
    `no pod has shown "${strange.value}" in ${strange.channel}: learn it from its alert`);
}

type Named = readonly { readonly channel: Wish['channel']; readonly value: string }[];

/** The behaviours that are meant: those that are listed, or what is new against another profile. */
async function named(
  curation: Curation,
  key: string,
  { behaviours, against }: { readonly behaviours?: Named; readonly against?: string },
): Promise<Named> {
  if ((behaviours === undefined) === (against === undefined)) {
    throw new ApiError(400, 'invalid-request', 'either behaviours or against says what is meant');
  }
  if (behaviours !== undefined) return behaviours;
  const rows = diffRows(
    await reviewed(curation, keyOf(against ?? '')),
    await reviewed(curation, key),
  ).filter(({ change }) => change === 'added');
  if (rows.length === 0) throw new ApiError(409, 'no-difference', 'it has nothing that is new');
  if (rows.length <= BEHAVIOURS_PER_REQUEST_MAX) return rows;
  throw new ApiError(422, 'too-many', `${rows.length} behaviours are new, ` +
    `${BEHAVIOURS_PER_REQUEST_MAX} can be decided at once: name them`);
}
