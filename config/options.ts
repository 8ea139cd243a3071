import type { TSchema } from 'typebox';

/**
 * One setting of a program, found by walking its schema: what `--help` prints, what an environment
 * variable may set, and what an error says was expected all come from here.
 */
export type ConfigOption = {
  readonly path: readonly string[];
  /** `link.keepaliveMs` under the prefix `LANNER_X_` is `LANNER_X_LINK_KEEPALIVE_MS`. */
  readonly variable: string;
  readonly schema: TSchema;
  readonly expected: string;
  readonly description: string;
  readonly defaultValue: unknown;
};

type SchemaShape = {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly items?: TSchema;
  readonly anyOf?: readonly TSchema[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly description?: string;
  readonly default?: unknown;
  readonly writeOnly?: boolean;
};

export const shapeOf = (schema: TSchema): SchemaShape => schema as SchemaShape;

function variableOf(prefix: string, path: readonly string[]): string {
  const words = path.map((key) => key.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase());
  return prefix + words.join('_');
}

/** In words for a person: `integer ≥ 1`, `one of "kill", "isolate"`, `list of text`. */
export function expectedOf(schema: TSchema): string {
  const shape = shapeOf(schema);
  if (shape.const !== undefined) return JSON.stringify(shape.const);
  if (shape.enum) return `one of ${shape.enum.map((value) => JSON.stringify(value)).join(', ')}`;
  if (shape.anyOf) {
    const choices = shape.anyOf.map(expectedOf).join(', ');
    return shape.anyOf.every((choice) => shapeOf(choice).const !== undefined)
      ? `one of ${choices}`
      : shape.anyOf.map(expectedOf).join(' or ');
  }
  if (shape.type === 'integer' || shape.type === 'number') return shape.type + rangeOf(shape);
  if (shape.type === 'boolean') return 'true or false';
  if (shape.type === 'array') return `list of ${shape.items ? expectedOf(shape.items) : 'values'}`;
  if (shape.type === 'object') {
    const keys = Object.keys(shape.properties ?? {});
    return keys.length > 0 ? `a mapping with the keys ${keys.join(', ')}` : 'a mapping';
  }
  return (shape.minLength ?? 0) > 0 ? 'text, not empty' : 'text';
}

function rangeOf(shape: SchemaShape): string {
  const { minimum, maximum } = shape;
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` ≥ ${minimum}`;
  return maximum === undefined ? '' : ` ≤ ${maximum}`;
}

export function optionsOf(schema: TSchema, prefix: string): readonly ConfigOption[] {
  const options: ConfigOption[] = [];
  collect(schema, [], prefix, options);
  return options;
}

function collect(schema: TSchema, path: string[], prefix: string, out: ConfigOption[]): void {
  const { properties, description, default: defaultValue } = shapeOf(schema);
  if (properties) {
    for (const [key, child] of Object.entries(properties)) {
      collect(child, [...path, key], prefix, out);
    }
    return;
  }
  out.push({
    path,
    variable: variableOf(prefix, path),
    schema,
    expected: expectedOf(schema),
    description: description ?? '',
    defaultValue,
  });
}

/** The schema that stands at a path of the document, through lists too. */
export function schemaAt(schema: TSchema, path: readonly string[]): TSchema | undefined {
  let here: TSchema | undefined = schema;
  for (const key of path) {
    if (here === undefined) return undefined;
    const shape = shapeOf(here);
    here = shape.items ?? (Object.hasOwn(shape.properties ?? {}, key)
      ? shape.properties?.[key]
      : undefined);
  }
  return here;
}

export function formatOptions(schema: TSchema, prefix: string): string {
  const lines = optionsOf(schema, prefix).map((option) => {
    const fallback = option.defaultValue === undefined || option.defaultValue === ''
      ? ''
      : ` (default ${JSON.stringify(option.defaultValue)})`;
    return [
      `  ${option.path.join('.')}: ${option.expected}${fallback}`,
      `      ${option.description}${option.description ? ' ' : ''}[${option.variable}]`,
    ].join('\n');
  });
  return lines.join('\n');
}
