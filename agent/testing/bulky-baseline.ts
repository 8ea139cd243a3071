import type { Alert } from '../../baseline/alert.ts';
import type { Observation } from '../../baseline/observation.ts';
import type { AgentBaseline } from '../agent.ts';
import { alertWith } from '../outbox/sample-alerts.ts';

const FIELD_CHARS = 1_000;

/**
 * Raises a large alert for every program that starts, of the severity that its name says: a hundred
 * of them fill the smallest outbox.
 */
export class BulkyBaseline implements AgentBaseline {
  #alerts: Alert[] = [];
  observed = 0;

  observe(observation: Observation): void {
    this.observed += 1;
    const [behaviour] = alertWith().behaviours;
    if (behaviour === undefined) throw new Error('the sample has a behaviour');
    const { name } = observation.process;
    const severity = name === 'critical' || name === 'low' ? name : 'medium';
    const fields = Object.fromEntries(
      Array.from({ length: 60 }, (_, index) => [`field${index}`, 'x'.repeat(FIELD_CHARS)]),
    );
    const id = `${severity}-${this.observed}`;
    this.#alerts.push(alertWith({ id, severity, behaviours: [{ ...behaviour, fields }] }));
  }

  takeAlerts(): readonly Alert[] {
    return this.#alerts.splice(0);
  }

  takeUrgent(): readonly Alert[] {
    return [];
  }

  advance(): void {}

  noteGap(): void {}

  eachEvidence() {
    return [];
  }

  adopt() {
    return { ok: true } as const;
  }

  progress() {
    return [];
  }
}
