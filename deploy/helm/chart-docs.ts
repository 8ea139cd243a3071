import { isMap, isScalar, parseDocument } from 'yaml';
import type { Pair } from 'yaml';

/**
 * The chart's table of values and its schema, from the comments (`# --`) and defaults in
 * values.yaml, so that a value is described in one place. An empty map or list takes anything: what
 * it holds is Kubernetes' or the program's to check.
 */
export type ChartValue = {
  readonly key: string;
  readonly value: unknown;
  readonly description: string;
};

/** What a default alone does not say. */
const CHOICES: ReadonlyMap<string, readonly string[]> = new Map([
  ['image.pullPolicy', ['Always', 'IfNotPresent', 'Never']],
  ['tls.source', ['helm', 'certmanager', 'existingSecret']],
  ['falco.transport', ['grpc', 'http']],
  ['falco.http.exposure', ['service', 'hostPort']],
  ['agent.link.identity', ['token', 'certificate']],
  ['collector.store.kind', ['sqlite', 'postgres']],
  ['agent.appArmorProfile', ['Unconfined', 'RuntimeDefault']],
  ['agent.updateStrategy.type', ['RollingUpdate', 'OnDelete']],
  ['collector.service.type', ['ClusterIP', 'NodePort', 'LoadBalancer']],
  ['collector.link.service.type', ['ClusterIP', 'NodePort', 'LoadBalancer']],
]);
const PATTERNS: ReadonlyMap<string, string> = new Map([
  ['agent.image.digest', '^(sha256:[0-9a-f]{64})?$'],
  ['collector.image.digest', '^(sha256:[0-9a-f]{64})?$'],
  ['collector.store.postgres.url', '^(postgres(ql)?://.+)?$'],
  ['agent.containerRuntime.socket', '^(/.+)?$'],
  ['agent.link.address', '^([^:\\s]+:[0-9]{1,5})?$'],
  ['agent.link.certificateDir', '^/.+$'],
  ['agent.stateDir', '^/.+$'],
  ['collector.api.publicUrl', '^(https?://[^/?#@\\s]+)?$'],
  ['collector.api.oidc.issuer', '^(https://[^?#\\s]+)?$'],
]);
/** Maps whose defaults are examples of what Kubernetes takes there. */
const OPEN_MAPS: ReadonlySet<string> = new Set([
  'agent.resources', 'collector.resources', 'agent.nodeSelector', 'collector.nodeSelector',
  'agent.updateStrategy', 'metrics.dashboards.labels', 'metrics.dashboards.annotations',
]);
/** Numbers that Kubernetes also takes as a percentage. */
const PERCENT = new Set(['collector.podDisruptionBudget.maxUnavailable']);

export function chartValues(yaml: string): readonly ChartValue[] {
  const document = parseDocument(yaml);
  return isMap(document.contents) ? valuesOf(document.contents.items as Pair[], '', yaml) : [];
}

function valuesOf(pairs: readonly Pair[], prefix: string, yaml: string): readonly ChartValue[] {
  return pairs.flatMap((pair) => {
    if (!isScalar(pair.key)) return [];
    const path = `${prefix}${String(pair.key.value)}`;
    if (isMap(pair.value) && pair.value.items.length > 0 && !OPEN_MAPS.has(path)) {
      return valuesOf(pair.value.items as Pair[], `${path}.`, yaml);
    }
    const value = (pair.value as { toJSON(): unknown } | null)?.toJSON() ?? null;
    return [{ key: path, value, description: descriptionAbove(yaml, pair.key.range?.[0] ?? 0) }];
  });
}

/** The comment right above a key, from `--` on; what stands before that is for whoever edits. */
function descriptionAbove(yaml: string, offset: number): string {
  const above = yaml.slice(0, offset).split('\n').slice(0, -1);
  const end = above.findLastIndex((line) => !/^\s*#/.test(line));
  const lines = above.slice(end + 1).map((line) => line.replace(/^\s*# ?/, ''));
  const start = lines.findLastIndex((line) => line.startsWith('-- '));
  return start < 0 ? '' : lines.slice(start).join(' ').replace('-- ', '').trim();
}

export function valuesTable(values: readonly ChartValue[]): string {
  const rows = values.map(({ key, value, description }) =>
    `| \`${key}\` | \`${JSON.stringify(value).replaceAll('|', '\\|')}\` | ` +
    `${description.replaceAll('|', '\\|')} |`);
  return ['| value | default | meaning |', '|---|---|---|', ...rows].join('\n');
}

type Schema = Readonly<Record<string, unknown>>;

export function valuesSchema(values: readonly ChartValue[]): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Values of the Lanner chart',
    ...objectSchema(values.map((value) => ({ ...value, rest: value.key.split('.') }))),
  };
}

type Placed = ChartValue & { readonly rest: readonly string[] };

function objectSchema(values: readonly Placed[]): Schema {
  const names = [...new Set(values.map(({ rest }) => rest[0] ?? ''))];
  const properties = names.map((name) => {
    const within = values.filter(({ rest }) => rest[0] === name);
    const [only] = within;
    const isLeaf = only !== undefined && only.rest.length === 1;
    const schema = isLeaf
      ? leafSchema(only)
      : objectSchema(within.map((value) => ({ ...value, rest: value.rest.slice(1) })));
    return [name, schema] as const;
  });
  // `global` is Helm's own, for charts that have this one below them.
  const isRoot = values.some(({ key, rest }) => key === rest.join('.'));
  const global = isRoot ? { global: { type: 'object' } } : {};
  return {
    type: 'object',
    additionalProperties: false,
    properties: { ...Object.fromEntries(properties), ...global },
  };
}

function leafSchema({ key, value, description }: ChartValue): Schema {
  const words = description === '' ? {} : { description };
  const choices = CHOICES.get(key);
  if (choices !== undefined) return { ...words, enum: choices };
  if (PERCENT.has(key)) return { ...words, type: ['integer', 'string'], pattern: '^[0-9]+%$' };
  if (Array.isArray(value)) return { ...words, type: 'array' };
  if (typeof value === 'object') return { ...words, type: 'object' };
  if (typeof value === 'number') return { ...words, type: 'integer', minimum: 0 };
  if (typeof value === 'boolean') return { ...words, type: 'boolean' };
  const pattern = PATTERNS.get(key);
  return { ...words, type: 'string', ...(pattern === undefined ? {} : { pattern }) };
}

/** The chart's README: what stands in the template, with the table put in. */
export const chartReadme = (template: string, values: readonly ChartValue[]): string =>
  template.replace('<!-- values -->', valuesTable(values));
