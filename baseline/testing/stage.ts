import type { Alert } from '../alert.ts';
import { Baseline, type BaselineOptions } from '../baseline.ts';
import type { Container, Observation } from '../observation.ts';
import { accept, connect, exec, pod, read, start, timeNs, write } from './observations.ts';

/** A day in a minute: the same rules, with a window of one second. */
export const MINUTE_SCALE: BaselineOptions = {
  cluster: 'test',
  node: 'node-a',
  windowMs: 1_000,
  completion: {
    noveltyRate: 0.02,
    confidence: 0.05,
    ageMsMin: 60_000,
    podsMin: 5,
    podsMinWithRestart: 3,
  },
  startUpMs: 10_000,
  quietMs: 30_000,
  taintMs: 20_000,
  probeWaitMs: 60_000,
};

/** Enough pods to be complete by pods. */
export const SIX_PODS = [1, 2, 3, 4, 5, 6].map((n) => pod({ pod: `web-${n}` }));

/** What a pod of the image does each second. */
export function routine(container: Container, at: number): readonly Observation[] {
  const who = { in: container, at };
  return [
    exec({ ...who, exe: '/usr/bin/gzip', pid: 200, commandLine: 'gzip -k access.log' }),
    read('/srv/app/page.html', who),
    write('/var/log/web/access.log', who),
    connect('10.0.0.7', 5432, who),
    accept('203.0.113.5', 8080, who),
  ];
}

/** A baseline and its clock; whatever it alerts is kept, the newest revision of each. */
export class Stage {
  readonly baseline: Baseline;
  readonly revisions: Alert[] = [];
  now = 0;

  constructor(options: Partial<BaselineOptions> = {}) {
    this.baseline = new Baseline({ ...MINUTE_SCALE, ...options });
  }

  /** The newest revision of each alert, in order of first appearance. */
  get alerts(): readonly Alert[] {
    const newest = new Map<string, Alert>();
    for (const alert of this.revisions) newest.set(alert.id, alert);
    return [...newest.values()];
  }

  get loud(): readonly Alert[] {
    return this.alerts.filter((alert) => alert.severity !== 'informational');
  }

  see(...observations: readonly Observation[]): void {
    for (const observation of observations) this.baseline.observe(observation);
    this.take();
  }

  take(): void {
    this.baseline.advance(timeNs(this.now));
    this.revisions.push(...this.baseline.takeAlerts());
  }

  /** Each pod does its routine for so many seconds. */
  pass(seconds: number, pods: readonly Container[] = SIX_PODS): void {
    for (let second = 0; second < seconds; second += 1) {
      for (const container of pods) {
        for (const o of routine(container, this.now)) this.baseline.observe(o);
      }
      this.now += 1;
      this.take();
    }
  }

  /** Pods start as their image does: the entry point, and their routine. */
  launch(...pods: readonly Container[]): void {
    for (const container of pods) this.baseline.observe(start({ in: container, at: this.now }));
    this.take();
  }
}

/** A stage on which the image `shop/web:1.0` was learned to the end by six pods. */
export function learnedStage(options: Partial<BaselineOptions> = {}): Stage {
  const stage = new Stage(options);
  stage.launch(...SIX_PODS);
  stage.pass(100);
  return stage;
}
