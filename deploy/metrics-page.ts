/**
 * docs/metrics.md, from the registries that the programs fill at their start: nothing in it is
 * written twice, and a metric that is added stands there after `npm run render`.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { pino } from 'pino';

import { registerContainMetrics } from '../agent/contain/metrics.ts';
import { registerMetrics } from '../agent/metrics.ts';
import { systemClock as agentClock } from '../agent/source/clock.ts';
import { FalcoGrpcSource } from '../agent/source/falco-grpc.ts';
import { FalcoHttpSource } from '../agent/source/falco-http.ts';
import { registerGrpcMetrics, registerHttpMetrics } from '../agent/source/metrics.ts';
import { IMAGES_MAX, NAMESPACES_MAX, TECHNIQUES_MAX } from '../collector/alert-metrics.ts';
import { systemClock } from '../collector/clock.ts';
import { IMAGES_SHOWN_MAX, registerFleetLevels } from '../collector/fleet-levels.ts';
import { ObjectMetrics } from '../collector/kube/object-metrics.ts';
import { CollectorMetrics } from '../collector/metrics.ts';
import { OutputMetrics } from '../collector/outputs/output-metrics.ts';
import { collectProcessMetrics } from '../config/process-metrics.ts';

export type MetricLine = {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
  readonly help: string;
};

const never = (): never => {
  throw new Error('only names are read here, no values');
};

/** Nothing is started: the sources open no socket before they are told to. */
export function agentMetrics(): readonly MetricLine[] {
  const registry = new Registry();
  const ports = {
    sink: { onEvents: never, onGap: never, onState: never },
    clock: agentClock,
    random: never,
    log: pino({ level: 'silent' }),
  };
  registerMetrics(registry, '', never);
  registerContainMetrics(registry, never);
  registerGrpcMetrics(registry, new FalcoGrpcSource({ ...ports, connect: never }));
  registerHttpMetrics(
    registry,
    new FalcoHttpSource({ ...ports, host: '127.0.0.1', port: 0, path: '/' }),
  );
  return linesOf(registry);
}

export function collectorMetrics(): readonly MetricLine[] {
  const { registry } = new CollectorMetrics('', {
    links: never,
    linkCertificateNotAfter: never,
    incidentsOpen: never,
    streamClients: never,
    suppressionRules: never,
    maintenanceWindows: never,
    isOurs: never,
  });
  registerFleetLevels({
    registry,
    store: { listAgents: never, talliesSince: never },
    falseAlarmsPerDay: 1,
    clock: systemClock,
  });
  new OutputMetrics(registry, [], { levels: never, deadLetters: never });
  new ObjectMetrics(registry);
  return linesOf(registry);
}

export function processMetrics(): readonly MetricLine[] {
  const registry = new Registry();
  collectProcessMetrics(registry);
  return linesOf(registry);
}

type Described = {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly string[];
};

const linesOf = (registry: Registry): readonly MetricLine[] =>
  registry.getMetricsAsArray()
    .map((metric) => {
      // prom-client's types leave out what each metric has.
      const { name, help, labelNames = [] } = metric as unknown as Described;
      return { name, help, labels: labelNames, type: typeOf(metric) };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));

function typeOf(metric: unknown): string {
  if (metric instanceof Counter) return 'counter';
  if (metric instanceof Gauge) return 'gauge';
  return metric instanceof Histogram ? 'histogram' : 'summary';
}

const table = (lines: readonly MetricLine[]): string => [
  '| metric | type | labels | meaning |',
  '|---|---|---|---|',
  ...lines.map(({ name, type, labels, help }) =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ` +
    `${help.replace(/\.$/, '').replaceAll('|', '\\|')} |`),
].join('\n');

const INTRODUCTION = [
  `The agent serves \`/metrics\` on its own port (\`http.port\`), the collector on that of the API
(\`api.metricsOpen\` lets Prometheus in without a token, as the chart does). With several collectors
take the maximum of a gauge that is about the fleet: each says what the store says. Counters begin
at zero for every label value that is known beforehand, so that \`increase()\` sees the first event.`,
  `Labels are closed sets of ours. What has other values is bounded: \`namespace\`, \`image\` and
\`technique\` of counters keep the first ${NAMESPACES_MAX}, ${IMAGES_MAX} and ${TECHNIQUES_MAX} values
since the start of the collector, everything else is \`_other\` (and \`_none\` an alert without a
namespace); gauges with \`image\` show the ${IMAGES_SHOWN_MAX} images with the most pods; \`output\` is
a name from the settings. No metric has the name of a pod, a node or a container: the node is a label
of the scrape's target.`,
].map((paragraph) => paragraph.replaceAll('\n', ' ')).join('\n\n');

export const metricsPage = (): string => `# Metrics

Written by \`npm run render\` from the programs' registries: change the code, not this page.

${INTRODUCTION}

## Agent

${table(agentMetrics())}

## Collector

${table(collectorMetrics())}

## Both: the process

${table(processMetrics())}
`;
