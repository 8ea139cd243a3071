import type { Kube, LabelSelector, OwnerView, PodView } from '../kube/kube.ts';
import { isControllerKind } from '../kube/objects.ts';
import { DETACHED_ANNOTATION, ISOLATED_LABEL, SUSPECT_LABEL, keysOf, selects } from './labels.ts';
import type { Labels } from './labels.ts';

/**
 * Which labels tie a pod to its services and its controller. Without them the services send it
 * nothing more and the controller starts a replacement, while the pod stays as it is: memory,
 * files, processes. All keys of each selector that matches go: one would do, but the others are
 * what "allow" policies of the namespace select by.
 */
export type Ties = {
  /** The labels to take off, with the values that the way back needs. */
  readonly labels: Labels;
  readonly warnings: readonly string[];
};

export async function findTies(kube: Kube, pod: PodView): Promise<Ties> {
  const labels = pod.labels ?? {};
  const warnings: string[] = [];
  const selectors: LabelSelector[] = [];
  const services = await kube.listServices(pod.namespace);
  if (services.ok) {
    for (const { selector } of services.value) {
      // An empty selector selects nothing here, unlike anywhere else in Kubernetes.
      if (selector === null || Object.keys(selector).length === 0) continue;
      selectors.push({ matchLabels: selector, matchExpressions: [] });
    }
  } else {
    warnings.push(`the services could not be listed, so it stays in them: ${services.message}`);
  }
  if (pod.owner !== null) {
    const { selector, warning } = await selectorOf(kube, pod, pod.owner);
    if (selector !== undefined) selectors.push(selector);
    if (warning !== undefined) warnings.push(warning);
  }
  const keys = new Set(selectors.filter((one) => selects(one, labels)).flatMap(keysOf));
  const isOurs = (key: string): boolean => key === ISOLATED_LABEL || key === SUSPECT_LABEL;
  return {
    labels: Object.fromEntries(
      Object.entries(labels).filter(([key]) => keys.has(key) && !isOurs(key)),
    ),
    warnings,
  };
}

type Selector = { readonly selector?: LabelSelector; readonly warning?: string };

async function selectorOf(kube: Kube, pod: PodView, owner: OwnerView): Promise<Selector> {
  const { kind, name } = owner;
  if (!isControllerKind(kind)) {
    return { warning: `${kind} ${name} is unknown to Lanner: the pod stays with it` };
  }
  const controller = await kube.readController({ namespace: pod.namespace, name, kind });
  if (!controller.ok) {
    return { warning: `${kind} ${name} could not be read, the pod stays with it: ${
      controller.message}` };
  }
  if (controller.value.uid !== owner.uid || controller.value.selector === null) return {};
  const warning = replacementWarning(pod, owner);
  return {
    selector: controller.value.selector,
    ...(warning === undefined ? {} : { warning }),
  };
}

/** Where a replacement cannot start beside the pod, the operator must know. */
function replacementWarning(pod: PodView, { kind, name }: OwnerView): string | undefined {
  if (kind === 'StatefulSet') {
    return `StatefulSet ${name} cannot replace ${pod.name} while this pod keeps the name: ` +
      'that replica is missing until the pod is released or killed';
  }
  if (kind === 'DaemonSet') {
    return `DaemonSet ${name} starts a replacement on the same node: where it uses host ports ` +
      'or host paths the two are in each other’s way';
  }
  return undefined;
}

const DETACHED_MAX = 64;
const KEY = /^([a-z0-9.-]{1,253}\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/;
const VALUE = /^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/;

/**
 * What the annotation says was taken off. It lies on the pod, so whoever may patch pods may have
 * written it: only what could have been labels, a bounded number of them, and never ours.
 */
export function detachedLabels(pod: PodView): Labels {
  const text = pod.annotations?.[DETACHED_ANNOTATION];
  if (text === undefined) return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry): entry is [string, string] =>
        KEY.test(entry[0]) && !entry[0].startsWith('lanner.dev/') &&
        typeof entry[1] === 'string' && VALUE.test(entry[1]))
      .slice(0, DETACHED_MAX),
  );
}
