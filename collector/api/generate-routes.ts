import { falcoRules } from '../generate/falco-rules.ts';
import { kubeArmorOf } from '../generate/kubearmor.ts';
import type { KubeArmorTarget } from '../generate/kubearmor.ts';
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
    const made = artefactOf(learned, query.kind);
    if (!made.ok) {
      throw new ApiError(409, made.reason, 'the image has no name that rules could ask for');
    }
    const { text, left } = made;
    return { kind: query.kind, key: learned.key, text, incomplete: incompleteOf(learned), left };
  });
}

export type Artefact =
  | { readonly ok: true; readonly text: string; readonly left: readonly string[] }
  | { readonly ok: false; readonly reason: 'no-image' };

/** `target`: whose pods a KubeArmor policy selects; null leaves that to whoever applies it. */
export function artefactOf(
  learned: Learned,
  kind: GeneratedKind,
  target: KubeArmorTarget | null = null,
): Artefact {
  switch (kind) {
    case 'falco': {
      const made = falcoRules(learned);
      return made.ok ? { ok: true, text: made.rules.text, left: made.rules.left } : made;
    }
    case 'seccomp':
      return { ok: true, text: seccompOf(learned).text, left: [] };
    case 'kubearmor': {
      const { text, left } = kubeArmorOf(learned, target);
      return { ok: true, text, left };
    }
  }
}
