import {
  closeQuiet,
  correlate,
  type IncidentSettings,
} from '../../../collector/incident/correlate.ts';
import { emptyState } from '../../../collector/incident/state.ts';
import type { Said } from './lanner.ts';

/** The collector's own correlation over the alerts in the order said; alert id → incident id. */
export function incidentsOf(said: readonly Said[]): ReadonlyMap<string, string> {
  const placed = new Map<string, string>();
  const merged = new Map<string, string>();
  let state = emptyState;
  for (const { alert, saidMs } of said) {
    state = closeQuiet(state, saidMs, SETTINGS).state;
    const arrival = { alert, incidentId: placed.get(alert.id) ?? '' };
    const result = correlate(state, [arrival], saidMs, SETTINGS);
    state = result.state;
    for (const [id, { incidentId }] of result.placed) {
      if (incidentId !== '') placed.set(id, incidentId);
    }
    for (const effect of result.effects) {
      if (effect.kind === 'merged') merged.set(effect.from, effect.into);
    }
  }
  return new Map([...placed].map(([id, incident]) => [id, survivorOf(merged, incident)]));
}

/** As the collector is configured by default. */
const SETTINGS: IncidentSettings = {
  windowMs: 600_000,
  behaviourPods: 3,
  coolDownMs: 900_000,
};

function survivorOf(merged: ReadonlyMap<string, string>, incident: string): string {
  let here = incident;
  for (let step = 0; step <= merged.size; step += 1) {
    const into = merged.get(here);
    if (into === undefined) return here;
    here = into;
  }
  return here;
}
