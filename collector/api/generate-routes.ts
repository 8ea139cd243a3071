import { falcoRules } from '../generate/falco-rules.ts';
import { kubeArmorOf } from '../generate/kubearmor.ts';
import { incompleteOf, learnedOf } from '../generate/learned.ts';
import type { Learned } from '../generate/learned.ts';
import { seccompOf } from '../generate/seccomp.ts';
import type { Curation } from '../profiles/curation.ts';
import { keyOfProfileId } from '../profiles/profile-id.ts';
import { generatedAnswer, generatedQuery } from './contract/generate.ts';
import type { GeneratedKind } from './contract/generate.ts';
import { reads } from './decision-routes.ts';
import { ApiError, notFound } from './errors.ts';
import { profileParams } from './profile-schemas.ts';
import { replies } from './routes.ts';
import type { Api } from './routes.ts';

/** Policies of other products, made anew for each request from the profile as it is. */
export function addGenerateRoutes(api: Api, { curation }: { readonly curation: Curation }): void {
  api.get('/api/v1/profiles/:id/policy', {
    config: reads,
    schema: {
      summary: 'Falco rules, a seccomp profile or a KubeArmor policy that allows what was learned',
      params: profileParams,
      querystring: generatedQuery,
      ...replies(generatedAnswer),
    },
  }, async ({ params, query }) => {
    const key = keyOfProfileId(params.id);
    const found = key === undefined ? undefined : await curation.profiles.readDocument(key);
    if (found === undefined) throw notFound('profile');
    const learned = learnedOf(found.document);
    const { text, left } = artefactOf(learned, query.kind);
    return { kind: query.kind, key: learned.key, text, incomplete: incompleteOf(learned), left };
  });
}

function artefactOf(
  learned: Learned,
  kind: GeneratedKind,
): { readonly text: string; readonly left: readonly string[] } {
  switch (kind) {
    case 'falco': {
      const made = falcoRules(learned);
      if (made.ok) return made.rules;
      throw new ApiError(409, made.reason, 'the image has no name that rules could ask for');
    }
    case 'seccomp':
      return { text: seccompOf(learned).text, left: [] };
    case 'kubearmor':
      return kubeArmorOf(learned, null);
  }
}
