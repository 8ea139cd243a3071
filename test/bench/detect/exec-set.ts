import type { FalcoEvent } from '../../../agent/source/event.ts';
import type { Exec } from '../../../baseline/observation.ts';
import { AlertLog } from './alert-log.ts';
import type { Detector, DetectorRun, Spans } from './detector.ts';
import { observeAll } from './observe-all.ts';

/**
 * Process baselines as StackRox (Red Hat Advanced Cluster Security) has them, read from its
 * documentation ("Using process baselines") and its source (stackrox/stackrox):
 * - one baseline per deployment and container name, a set of paths of executed files; arguments do
 *   not count (pkg/processbaseline, BaselineItemFromProcess);
 * - it is open for ROX_BASELINE_GENERATION_DURATION, by default one hour, from the first process
 *   on (pkg/env/baseline.go), and then locked; with auto-lock each further path is a violation;
 * - an image upgrade keeps the deployment, so the lock stays and the new version's programs alert;
 * - violations are raised for every container, also in its first minute: the exemption of
 *   start-up processes (IsStartupProcess) is the risk view's, not the detector's
 *   (sensor/common/detector, IsOutsideLockedBaseline).
 *
 * Modelled kindly: the hour is scaled to the whole training span, though a production hour of
 * Lanner's scaled clock would be a fiftieth of it; what first shows in training locks at its end;
 * probes and runc are not counted; one alert per pod and path, however often it runs.
 */
type ProcessBaseline = { readonly lockMs: number; readonly paths: Set<string> };

export class ExecSet implements Detector {
  readonly name = 'execSet';

  run(events: readonly FalcoEvent[], spans: Spans): DetectorRun {
    const observationMs = spans.testStartMs - spans.trainStartMs;
    const log = new AlertLog('never');
    const baselines = new Map<string, ProcessBaseline>();
    observeAll(events, (o, nowMs) => {
      if (o.kind !== 'exec' || o.container.scope !== 'container') return;
      const ms = Number(o.timeNs / 1_000_000n);
      const key = baselineKey(o);
      const baseline = baselines.get(key) ?? {
        lockMs: ms < spans.testStartMs ? spans.testStartMs : ms + observationMs,
        paths: new Set(),
      };
      baselines.set(key, baseline);
      if (ms <= baseline.lockMs) {
        baseline.paths.add(o.process.exe);
        return;
      }
      if (baseline.paths.has(o.process.exe) || o.probe !== '') return;
      const text = `unexpected process ${o.process.exe}`;
      log.add({ observation: o, nowMs, channel: 'exec', text });
    });
    return { alerts: log.alerts };
  }
}

function baselineKey({ container }: Exec): string {
  return JSON.stringify([container.namespace, container.workload, container.name]);
}
