import type { Static, TSchema } from 'typebox';
import { Default, Errors } from 'typebox/value';
import { parseDocument } from 'yaml';

import { closest, shown } from './errors.ts';
import type { ConfigError } from './errors.ts';
import { expectedOf, optionsOf, schemaAt, shapeOf } from './options.ts';

/**
 * One YAML file plus environment variables, checked against one schema. The environment wins over
 * the file, the file over the schema's defaults. Anything unknown or wrong is an error with its
 * source, key and what was expected; all of them are reported, not just the first.
 */
export type LoadOptions<T extends TSchema> = {
  readonly schema: T;
  readonly file?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly envPrefix: string;
  readonly readFile: (path: string) => string;
  /** Variables with the prefix that are somebody else's business, e.g. the one that names FILE. */
  readonly envIgnored?: readonly string[];
};

export type Loaded<T extends TSchema> =
  | { readonly ok: true; readonly value: Static<T> }
  | { readonly ok: false; readonly errors: readonly ConfigError[] };

type Tree = { [key: string]: unknown };

const FILE_BYTES_MAX = 1_048_576;
const ALIASES_MAX = 100;

export function loadConfig<T extends TSchema>(options: LoadOptions<T>): Loaded<T> {
  const errors: ConfigError[] = [];
  const tree = options.file === undefined ? {} : readTree(options.file, options.readFile, errors);
  const fileSource = options.file ?? 'defaults';
  findUnknownKeys(options.schema, tree, [], fileSource, errors);
  const fromEnvironment = applyEnvironment(options, tree, errors);
  if (errors.length > 0) return { ok: false, errors };
  const value = Default(options.schema, tree);
  const wrong = findWrongValues(options.schema, value, fileSource, fromEnvironment);
  if (wrong.length > 0) return { ok: false, errors: wrong };
  return { ok: true, value: value as Static<T> };
}

function readTree(file: string, readFile: (path: string) => string, errors: ConfigError[]): Tree {
  const fail = (problem: string, expected = ''): Tree => {
    errors.push({ source: file, key: '', problem, expected });
    return {};
  };
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    return fail(`cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (Buffer.byteLength(text) > FILE_BYTES_MAX) {
    return fail('too large', `at most ${FILE_BYTES_MAX} bytes`);
  }
  const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true });
  const [first] = document.errors;
  if (first) return fail(`not valid YAML: ${first.message.split('\n')[0] ?? ''}`);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (error) {
    return fail(`not valid YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || value === undefined) return {};
  return isTree(value) ? value : fail(`is ${shown(value)}`, 'a mapping at the top');
}

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function findUnknownKeys(
  schema: TSchema,
  value: unknown,
  path: readonly string[],
  source: string,
  errors: ConfigError[],
): void {
  const { properties, items } = shapeOf(schema);
  if (items && Array.isArray(value)) {
    value.forEach((item, index) =>
      findUnknownKeys(items, item, [...path, String(index)], source, errors));
    return;
  }
  if (!properties || !isTree(value)) return;
  for (const [key, child] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known) {
      findUnknownKeys(known, child, [...path, key], source, errors);
      continue;
    }
    const suggestion = closest(key, Object.keys(properties));
    errors.push({
      source,
      key: [...path, key].map(oneLine).join('.'),
      problem: 'unknown key',
      expected: `one of ${Object.keys(properties).join(', ')}`,
      ...(suggestion === undefined ? {} : { suggestion }),
    });
  }
}

const oneLine = (key: string): string => (/^[\w-]+$/.test(key) ? key : shown(key));

/**
 * Kubernetes puts `<SERVICE>_PORT`, `<SERVICE>_SERVICE_HOST` … of every service of the namespace
 * into each container: a service called like the program must not stop the program.
 */
const SERVICE_LINK = /^(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;

/** Sets what the environment says in `tree`; gives back which path each variable set. */
function applyEnvironment<T extends TSchema>(
  options: LoadOptions<T>,
  tree: Tree,
  errors: ConfigError[],
): ReadonlyMap<string, string> {
  const known = new Map(
    optionsOf(options.schema, options.envPrefix).map((option) => [option.variable, option]),
  );
  const set = new Map<string, string>();
  for (const [variable, text] of Object.entries(options.env)) {
    if (!variable.startsWith(options.envPrefix) || text === undefined) continue;
    if (options.envIgnored?.includes(variable)) continue;
    const option = known.get(variable);
    if (option === undefined) {
      if (SERVICE_LINK.test(variable.slice(options.envPrefix.length))) continue;
      const suggestion = closest(variable, known.keys());
      errors.push({
        source: 'environment',
        key: oneLine(variable),
        problem: 'unknown variable',
        expected: 'a variable that --help lists',
        ...(suggestion === undefined ? {} : { suggestion }),
      });
      continue;
    }
    if (setAt(tree, option.path, valueOf(option.schema, text))) {
      set.set(option.path.join('/'), variable);
    } else {
      errors.push({
        source: options.file ?? 'defaults',
        key: option.path.slice(0, -1).join('.'),
        problem: 'is not a mapping',
        expected: 'a mapping',
      });
    }
  }
  return set;
}

/** Text stays text; lists are separated by commas or written as YAML; the rest is YAML. */
function valueOf(schema: TSchema, text: string): unknown {
  const { type, anyOf } = shapeOf(schema);
  if (type === 'string' || anyOf?.every((one) => typeof shapeOf(one).const === 'string')) {
    return text;
  }
  if (type === 'array' && !/^\s*(?:\[|-\s)/.test(text)) {
    return text.split(',').map((item) => item.trim()).filter((item) => item !== '');
  }
  const document = parseDocument(text);
  return document.errors.length > 0 ? text : document.toJS({ maxAliasCount: ALIASES_MAX });
}

function setAt(tree: Tree, path: readonly string[], value: unknown): boolean {
  let here = tree;
  for (const key of path.slice(0, -1)) {
    here[key] ??= {};
    const next = here[key];
    if (!isTree(next)) return false;
    here = next;
  }
  here[path.at(-1) ?? ''] = value;
  return true;
}

function findWrongValues(
  schema: TSchema,
  value: unknown,
  fileSource: string,
  fromEnvironment: ReadonlyMap<string, string>,
): readonly ConfigError[] {
  const errors = new Map<string, ConfigError>();
  for (const error of Errors(schema, value)) {
    const path = error.instancePath.split('/').slice(1);
    const missing = (error.params as { requiredProperties?: readonly string[] })
      .requiredProperties ?? [];
    const paths = missing.length > 0 ? missing.map((key) => [...path, key]) : [path];
    for (const each of paths) {
      const variable = fromEnvironment.get(each.join('/'));
      const at = schemaAt(schema, each);
      const got = valueAt(value, each);
      const secret = at !== undefined && shapeOf(at).writeOnly === true;
      errors.set(each.join('/'), {
        source: variable === undefined ? fileSource : 'environment',
        key: variable ?? each.join('.'),
        problem: got === undefined ? 'missing' : `is ${secret ? '(secret)' : shown(got)}`,
        expected: at === undefined ? error.message : expectation(at, error.message),
      });
    }
  }
  return [...errors.values()];
}

function expectation(schema: TSchema, message: string): string {
  const words = expectedOf(schema);
  const { description, type } = shapeOf(schema);
  if (type !== 'string') return words;
  // A text with a pattern: the description says in words what the pattern says in signs.
  return /pattern|format|fewer|more/.test(message) && description
    ? `${words} (${description})`
    : words;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let here = value;
  for (const key of path) {
    if (Array.isArray(here)) here = here[Number(key)];
    else if (isTree(here)) here = Object.hasOwn(here, key) ? here[key] : undefined;
    else return undefined;
  }
  return here;
}

export { formatConfigErrors } from './errors.ts';
export type { ConfigError } from './errors.ts';
export { formatOptions } from './options.ts';
