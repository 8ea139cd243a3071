/**
 * RFC 6902 as far as Lanner uses it; false when the API server would refuse the patch. As there, a
 * `replace` of what is not there adds it.
 */
export type Operation = { readonly op: string; readonly path: string; readonly value?: unknown };

export function applyPatch(document: unknown, operations: readonly Operation[]): boolean {
  return operations.every((operation) => applyOperation(document, operation));
}

function applyOperation(document: unknown, { op, path, value }: Operation): boolean {
  const keys = path.split('/').slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  let here = document as Record<string, unknown>;
  for (const key of keys) {
    const next = here[key];
    if (typeof next !== 'object' || next === null) return false;
    here = next as Record<string, unknown>;
  }
  const isThere = Object.hasOwn(here, last);
  if (op === 'test') return isThere && JSON.stringify(here[last]) === JSON.stringify(value);
  if (op === 'remove') return isThere && delete here[last];
  here[last] = value;
  return true;
}
