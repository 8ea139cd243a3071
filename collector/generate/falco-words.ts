import { pathParts } from './path-pattern.ts';

/** Values in Falco's conditions. What cannot be said safely is not said: null. */
const BARE = /^[A-Za-z0-9_/.:@+-]+$/;

export function falcoValue(text: string): string | null {
  if (BARE.test(text)) return text;
  // Versions of Falco differ in what a backslash does within quotes.
  if (/[^ -~]|\\/.test(text)) return null;
  if (!text.includes('"')) return `"${text}"`;
  return text.includes("'") ? null : `'${text}'`;
}

/**
 * A generalised path as a glob. `*` also stands for slashes there, so what has one is held to the
 * number of slashes that it shows. Digits and hex are held to their first character only.
 */
export function falcoPath(field: string, object: string): string | null {
  const parts = pathParts(object);
  const [first] = parts;
  if (parts.length === 0) return `${field} = ""`;
  if (parts.length === 1 && first?.kind === 'text') {
    const value = falcoValue(first.text);
    return value === null ? null : `${field} = ${value}`;
  }
  const glob = parts.map((part) => {
    if (part.kind === 'text') return part.text.replace(/[*?[]/g, '[$&]');
    if (part.kind === 'shape') return SHAPES[part.shape]?.(part.length) ?? '*';
    return '*';
  }).join('');
  const value = falcoValue(glob);
  const quoted = value === null || value.startsWith('"') || value.startsWith("'")
    ? value
    : `"${value}"`;
  if (quoted === null) return null;
  if (parts.some(({ kind }) => kind === 'deep')) return `${field} glob ${quoted}`;
  const slashes = parts.reduce((count, part) =>
    count + (part.kind === 'text' ? part.text.split('/').length - 1 : 0), 0);
  const deeper = `"${'*/'.repeat(slashes + 1)}*"`;
  return `(${field} glob ${quoted} and not ${field} glob ${deeper})`;
}

const SHAPES: Readonly<Record<string, (length: number) => string>> = {
  N: () => '[0-9]*',
  H: () => '[0-9a-f]*',
  X: () => '[0-9A-F]*',
  C: (length) => '?'.repeat(length),
  x: (length) => '[0-9a-f]'.repeat(length),
};

/** `python3.11(gunicorn)`: the program's file and the process's name. */
export function falcoRole(by: string): string | null {
  const match = /^([^()]+)\((.*)\)$/s.exec(by);
  const name = falcoValue(match?.[2] ?? by);
  const file = falcoValue(`/${match?.[1] ?? by}`);
  if (name === null || file === null) return null;
  return `proc.name = ${name} and proc.exepath endswith ${file}`;
}

export const isBare = (value: string): boolean => BARE.test(value);
