import { collectDefaultMetrics } from 'prom-client';
import type { Registry } from 'prom-client';

/** Gauges that prom-client calls `_total`, against Prometheus' own rule (`promtool check`). */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

/** What both programs say of their process: CPU, memory, event loop, collections. */
export function collectProcessMetrics(register: Registry): void {
  collectDefaultMetrics({ register });
  for (const name of MISNAMED) register.removeSingleMetric(name);
}
