import { alertWith } from '../../../agent/outbox/sample-alerts.ts';
import type { Alert } from '../../../baseline/alert.ts';

/**
 * Alerts of two troubled pods on each node, with one behaviour each, that nobody else shows: every
 * node has incidents of its own. Medium ones: of a worse one the shipped policy proposes a
 * response, and people are not part of this bench.
 */
export const CLUSTER = 'bench';
const PODS = 2;
const BEHAVIOURS = 5;

const model = alertWith();

export const nodeName = (index: number): string => `node-${index}`;

/** `number` is unique on its node, and so is the alert's id in the fleet. */
export function alertOf(node: string, number: number): Alert {
  const pod = `api-${node}-${number % PODS}`;
  const value = `exec /tmp/${node}/tool-${number % BEHAVIOURS} ← gunicorn`;
  return {
    ...model,
    id: `${node}-${number}`,
    severity: 'medium',
    score: 45,
    cluster: CLUSTER,
    node,
    pod,
    podUid: `uid-${pod}`,
    behaviours: model.behaviours.map((behaviour) => ({ ...behaviour, value })),
  };
}

export const alertsOf = (node: string, from: number, count: number): readonly Alert[] =>
  Array.from({ length: count }, (_, index) => alertOf(node, from + index));
