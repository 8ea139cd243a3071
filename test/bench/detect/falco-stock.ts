import type { FalcoEvent, Priority } from '../../../agent/source/event.ts';
import { AlertLog } from './alert-log.ts';
import type { Detector, DetectorRun } from './detector.ts';
import { observeAll } from './observe-all.ts';

/**
 * Falco as it is installed: its stable, incubating and sandbox rules (falcosecurity/rules), whose
 * alerts are in the recording because they ran beside the telemetry rules. It learns nothing.
 *
 * Modelled: priority Notice and above, since the three priorities below are informational by
 * Falco's own description of priorities; the alerts of one rule in one pod fold while not more
 * than 60 s lie between them, as Alertmanager or falcosidekick's outputs are commonly grouped;
 * Falco itself would tell each event. Pod and image are those of the container, also where the
 * event itself carried the container id alone.
 */
const LOUD: ReadonlySet<Priority> = new Set<Priority>([
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
]);

export class FalcoStock implements Detector {
  readonly name = 'falcoStock';

  run(events: readonly FalcoEvent[]): DetectorRun {
    const log = new AlertLog('again');
    observeAll(events, (observation, nowMs) => {
      if (observation.kind !== 'rule' || !LOUD.has(observation.priority as Priority)) return;
      log.add({ observation, nowMs, channel: 'rule', text: observation.rule });
    });
    return { alerts: log.alerts };
  }
}
