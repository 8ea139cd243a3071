import { incompleteOf } from '../generate/learned.ts';
import type { Learned } from '../generate/learned.ts';
import { workloadsOf } from '../generate/workloads.ts';
import type { Workload } from '../generate/workloads.ts';
import type { ClusterObjects } from '../kube/cluster-objects.ts';
import type { GeneratedKind } from './contract/generate.ts';
import type { ImagePoliciesAnswer } from './contract/policies.ts';
import { artefactOf } from './generate-routes.ts';

/** One policy of another product for each image that a namespace runs. */
export function imagePolicies(
  learned: readonly Learned[],
  objects: ClusterObjects,
  { namespace, kind }: { readonly namespace: string; readonly kind: GeneratedKind },
): Pick<ImagePoliciesAnswer, 'items' | 'left'> {
  const own = workloadsOf(objects, learned).filter((one) => one.namespace === namespace);
  const left: ImagePoliciesAnswer['left'][number][] = own.flatMap(({ name, unknownImages }) =>
    unknownImages.map((image) =>
      ({ workload: `${namespace}/${name}`, image, reason: 'no-profile' } as const)));
  const items: ImagePoliciesAnswer['items'][number][] = [];
  for (const profile of new Set(own.flatMap(({ profiles }) => profiles))) {
    const users = own.filter(({ profiles }) => profiles.includes(profile));
    const workloads = [...new Set(users.map(({ name }) => `${namespace}/${name}`))];
    const made = artefactOf(profile, kind, targetOf(users));
    if (made.ok) {
      const { text } = made;
      const [incomplete, unsaid] = [[...incompleteOf(profile)], [...made.left]];
      items.push({ key: profile.key, workloads, text, incomplete, left: unsaid });
    } else {
      const { repository, tag } = profile.image;
      left.push({ workload: workloads.join(', '), image: `${repository}:${tag}`,
        reason: made.reason });
    }
  }
  return { items: items.toSorted((a, b) => (a.key < b.key ? -1 : 1)), left };
}

/** A selector is for all containers of its pods: only where they are of one image. */
function targetOf(users: readonly Workload[]): Pick<Workload, 'namespace' | 'labels'> | null {
  const [only, ...others] = users;
  if (only === undefined || others.length > 0) return null;
  const isAlone = only.profiles.length === 1 && only.unknownImages.length === 0;
  const { namespace, labels } = only;
  return isAlone && Object.keys(labels).length > 0 ? { namespace, labels } : null;
}
