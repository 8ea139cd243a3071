/**
 * What only one kind of source counts, as Prometheus metrics, read when somebody scrapes. What all
 * of them count (events, malformed ones, gaps) is in `agent/metrics.ts`.
 */
import type { Registry } from 'prom-client';
import { Counter } from 'prom-client';
import type { FalcoGrpcSource } from './falco-grpc.ts';
import type { FalcoHttpSource } from './falco-http.ts';
import { httpRejections } from './http-rejection.ts';

type Reading = { readonly labels: Record<string, string>; readonly value: number };

const counter = (
  registry: Registry,
  options: { readonly name: string; readonly help: string; readonly labelNames?: string[] },
  read: () => readonly Reading[],
): void => {
  const metric = new Counter({
    ...options,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of read()) this.inc(labels, value);
    },
  });
  // Read once, so that every label is there, at zero, from the first scrape on.
  for (const { labels } of read()) metric.inc(labels, 0);
};

const one = (value: number): readonly Reading[] => [{ labels: {}, value }];

export const registerGrpcMetrics = (registry: Registry, source: FalcoGrpcSource): void => {
  counter(
    registry,
    { name: 'lanner_agent_falco_connects_total', help: 'Answers of Falco to a new connection.' },
    () => one(source.counters.connects),
  );
  counter(
    registry,
    {
      name: 'lanner_agent_falco_disconnects_total',
      help: 'Streams and attempts that ended, restarts of Falco among them.',
    },
    () => one(source.counters.disconnects),
  );
  counter(
    registry,
    { name: 'lanner_agent_falco_requests_total', help: 'Requests for events sent to Falco.' },
    () => one(source.counters.requests),
  );
  counter(
    registry,
    { name: 'lanner_agent_falco_probes_total', help: 'Probes of a quiet stream.' },
    () => one(source.counters.probes),
  );
};

export const registerHttpMetrics = (registry: Registry, source: FalcoHttpSource): void => {
  counter(
    registry,
    {
      name: 'lanner_agent_falco_http_connections_total',
      help: 'Connections to the endpoint for Falco http_output.',
    },
    () => one(source.counters.connections),
  );
  counter(
    registry,
    {
      name: 'lanner_agent_falco_http_rejected_total',
      help: 'Requests and connections that were refused, by reason.',
      labelNames: ['reason'],
    },
    () =>
      httpRejections.map((reason) => ({
        labels: { reason },
        value: source.counters.rejected[reason],
      })),
  );
};
