/**
 * A pod's manifest for the evidence, without the values of its environment: that is where
 * passwords are, and the workload's own object has them for whoever may read it. What was applied
 * last repeats the whole manifest in an annotation, and goes too.
 */
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const REMOVED = '<not kept>';

type Tree = Record<string, unknown>;

/** Undefined when it is no JSON. */
export function withoutEnvironment(manifest: string): string | undefined {
  let pod: unknown;
  try {
    pod = JSON.parse(manifest);
  } catch {
    return undefined;
  }
  const annotations = treeAt(treeAt(pod, 'metadata'), 'annotations');
  if (annotations !== undefined) delete annotations[LAST_APPLIED];
  const spec = treeAt(pod, 'spec');
  for (const key of ['containers', 'initContainers', 'ephemeralContainers']) {
    for (const container of listAt(spec, key)) {
      for (const variable of listAt(container, 'env')) {
        if (isTree(variable) && Object.hasOwn(variable, 'value')) variable['value'] = REMOVED;
      }
    }
  }
  return JSON.stringify(pod);
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function treeAt(value: unknown, key: string): Tree | undefined {
  const child = isTree(value) ? value[key] : undefined;
  return isTree(child) ? child : undefined;
}

function listAt(value: unknown, key: string): readonly unknown[] {
  const child = isTree(value) ? value[key] : undefined;
  return Array.isArray(child) ? child : [];
}
