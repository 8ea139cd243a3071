/** An object of a path tree taken apart: what is literal in it, and what stands for other names. */
export type PathPart =
  | { readonly kind: 'text'; readonly text: string }
  /** One of the shapes of `baseline/behaviour/shape.ts`; `length` where the shape has one. */
  | { readonly kind: 'shape'; readonly shape: string; readonly length: number }
  /** Any one name. */
  | { readonly kind: 'any' }
  /** All that is below. */
  | { readonly kind: 'deep' };

const TOKEN = /\\(.)|<([A-Zx])([0-9]*)>|([^\\<]+|<)/gsu;

export function pathParts(object: string): readonly PathPart[] {
  const parts: PathPart[] = [];
  let text = '';
  const push = (part: PathPart): void => {
    if (text !== '') parts.push({ kind: 'text', text });
    text = '';
    parts.push(part);
  };
  object.split('/').forEach((segment, index) => {
    if (index > 0) text += '/';
    if (segment === '*') push({ kind: 'any' });
    else if (segment === '**') push({ kind: 'deep' });
    else {
      for (const [, escaped, shape, length, plain] of segment.matchAll(TOKEN)) {
        if (shape === undefined) text += escaped ?? plain ?? '';
        else push({ kind: 'shape', shape, length: Number(length ?? 0) });
      }
    }
  });
  if (text !== '') parts.push({ kind: 'text', text });
  return parts;
}
