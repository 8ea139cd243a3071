import type { Container, Image } from '../../baseline/observation.ts';
import type { Fields } from './fields.ts';
import { text } from './fields.ts';
import { workloadOf } from './workload.ts';

export const HOST_ID = 'host';
const NO_IMAGE: Image = { repository: '', tag: '', digest: '' };

/** What the CRI knows of a container; the same words as Falco's fields give. */
export type ContainerIdentity = Omit<Container, 'scope' | 'id' | 'workload'>;

export function hostContainer(): Container {
  return {
    scope: 'host',
    id: HOST_ID,
    name: HOST_ID,
    image: NO_IMAGE,
    namespace: '',
    pod: '',
    podUid: '',
    workload: '',
  };
}

export function namesImage(fields: Fields): boolean {
  return fields.has('container.image.repository') || fields.has('container.image.digest');
}

/** What the event itself says of its container, known or not. */
export function containerOf(id: string, fields: Fields, node: string): Container {
  const pod = text(fields, 'k8s.pod.name');
  return {
    scope: 'container',
    id,
    name: text(fields, 'container.name'),
    image: namesImage(fields)
      ? {
          repository: text(fields, 'container.image.repository'),
          tag: text(fields, 'container.image.tag'),
          digest: text(fields, 'container.image.digest'),
        }
      : NO_IMAGE,
    namespace: text(fields, 'k8s.ns.name'),
    pod,
    podUid: text(fields, 'k8s.pod.uid'),
    workload: workloadOf(pod, node),
  };
}

export function containerFrom(id: string, known: ContainerIdentity, node: string): Container {
  return {
    scope: 'container',
    id,
    name: known.name,
    image: known.image,
    namespace: known.namespace,
    pod: known.pod,
    podUid: known.podUid,
    workload: workloadOf(known.pod, node),
  };
}

/** Metadata comes in parts: what is known stays, what was empty is filled. */
export function completed(before: Container, after: Container): Container {
  return {
    scope: before.scope,
    id: before.id,
    name: before.name || after.name,
    image: {
      repository: before.image.repository || after.image.repository,
      tag: before.image.tag || after.image.tag,
      digest: before.image.digest || after.image.digest,
    },
    namespace: before.namespace || after.namespace,
    pod: before.pod || after.pod,
    podUid: before.podUid || after.podUid,
    workload: before.workload || after.workload,
  };
}

export function isComplete(container: Container): boolean {
  return container.image.digest !== '' && container.podUid !== '';
}
