import type { Alert } from '../../../baseline/alert.ts';
import { mayCool } from '../../../collector/fatigue/cool-down.ts';
import { weigh } from '../../../collector/fatigue/weigh.ts';
import { isRaised } from '../../../collector/incident/handling.ts';
import type { CoolDown, HandlingKind } from '../../../collector/incident/handling.ts';
import { closeQuiet, correlate } from '../../../collector/incident/correlate.ts';
import type { Arrival, Correlated, IncidentSettings } from '../../../collector/incident/correlate.ts';
import type { UncorrelatedAlert } from '../../../collector/incident/incident-store.ts';
import type { Incident } from '../../../collector/incident/incident.ts';
import { emptyState } from '../../../collector/incident/state.ts';
import type { IncidentState } from '../../../collector/incident/state.ts';

/** How many lines an analyst gets of alerts: with what keeps the stream worth reading, or without. */
export type Said = { readonly alert: Alert; readonly saidMs: number };

export type Lines = {
  /** Distinct alerts that arrived. */
  readonly alerts: number;
  /** Those of them that were told as something new. */
  readonly raised: number;
  /** Of those, at most medium and not on the never-learn list. */
  readonly raisedMinor: number;
  readonly minor: number;
  readonly incidents: number;
  /** Opened, escalated, spread, repeated. */
  readonly notifications: number;
};

/** As the collector is configured by default. */
const SETTINGS: IncidentSettings = { windowMs: 600_000, behaviourPods: 3, coolDownMs: 900_000 };
const QUIET_CHECK_MS = 10_000;
const RUN_MS = 1_000;
const NOBODY = { rules: [], windows: [], destructive: [], wrongClocks: new Set<string>() };

export class Stream {
  readonly #isQuietened: boolean;
  #state: IncidentState = emptyState;
  #checkedMs = 0;
  #notifications = 0;
  readonly #coolDowns = new Map<string, CoolDown>();
  readonly #incidents = new Map<string, Incident>();
  readonly #placed = new Map<string, { incidentId: string; kind: HandlingKind; ref: string }>();
  readonly #unplaced: string[] = [];
  readonly #raised = new Set<string>();
  readonly #minor = new Set<string>();

  constructor(isQuietened: boolean) {
    this.#isQuietened = isQuietened;
  }

  /** Those of one run of the correlator. */
  take(said: readonly Said[]): void {
    const nowMs = said.at(-1)?.saidMs ?? 0;
    if (nowMs - this.#checkedMs >= QUIET_CHECK_MS) {
      this.#checkedMs = nowMs;
      this.#note(closeQuiet(this.#state, nowMs, SETTINGS));
    }
    const newest = [...new Map(said.map(({ alert }) => [alert.id, alert])).values()];
    const arrivals = this.#isQuietened ? this.#weighed(newest, nowMs) : this.#asBefore(newest);
    const result = correlate(this.#state, arrivals, nowMs, SETTINGS);
    this.#note(result);
    for (const alert of newest) {
      if (isMinor(alert)) this.#minor.add(alert.id);
      else this.#minor.delete(alert.id);
    }
    for (const [id, { incidentId, handled }] of result.placed) {
      this.#placed.set(id, { incidentId, kind: handled.handling.kind, ref: handled.ref });
      if (isRaised(handled.handling)) this.#raised.add(id);
    }
    for (const key of this.#unplaced.splice(0)) {
      const known = this.#coolDowns.get(key);
      const incidentId = this.#placed.get(known?.alertId ?? '')?.incidentId ?? '';
      if (known !== undefined) this.#coolDowns.set(key, { ...known, incidentId });
    }
  }

  lines(): Lines {
    const merged = [...this.#incidents.values()].filter(({ mergedInto }) => mergedInto !== '');
    return {
      alerts: this.#placed.size,
      raised: this.#raised.size,
      minor: this.#minor.size,
      raisedMinor: [...this.#raised].filter((id) => this.#minor.has(id)).length,
      incidents: this.#incidents.size - merged.length,
      notifications: this.#notifications,
    };
  }

  /** Replicas were one incident by their image alone. */
  #asBefore(alerts: readonly Alert[]): readonly Arrival[] {
    return alerts.map((alert) => ({
      alert: { ...alert, workload: '' },
      incidentId: this.#placed.get(alert.id)?.incidentId ?? '',
    }));
  }

  #weighed(alerts: readonly Alert[], nowMs: number): readonly Arrival[] {
    const arrivals = alerts.map((alert): UncorrelatedAlert => {
      const before = this.#placed.get(alert.id);
      return { alert, incidentId: before?.incidentId ?? '', before, receivedAtMs: nowMs };
    });
    const weighed = weigh(arrivals, { ...NOBODY, coolDowns: this.#coolDowns }, nowMs);
    for (const one of weighed.coolDowns) {
      this.#coolDowns.set(one.key, one);
      this.#unplaced.push(one.key);
    }
    return arrivals.map(({ alert, incidentId, before }): Arrival => {
      const handled = weighed.handled.get(alert.id);
      const closed = this.#incidents.get(handled?.joins?.incidentId ?? '');
      return {
        alert,
        incidentId,
        wasAgain: before?.kind === 'cooled',
        ...(handled === undefined ? {} : { handled }),
        ...(closed?.state === 'closed' ? { closed } : {}),
      };
    });
  }

  #note(result: Correlated): void {
    this.#state = result.state;
    for (const [id, incident] of result.changed) this.#incidents.set(id, incident);
    this.#notifications += result.effects.filter(({ kind }) => kind === 'notify').length;
  }
}

/** What a cool-down may keep from being told. */
const isMinor = (alert: Alert): boolean => mayCool(alert) && alert.severity !== 'high';

/** As the correlator gathers them; longer than it does, because copies come in step. */
export function inRuns(said: readonly Said[]): readonly (readonly Said[])[] {
  const runs: Said[][] = [];
  for (const one of said) {
    const run = runs.at(-1);
    const startMs = run?.[0]?.saidMs ?? -Infinity;
    if (run !== undefined && one.saidMs - startMs < RUN_MS) run.push(one);
    else runs.push([one]);
  }
  return runs;
}

export type Repetition = {
  readonly replicas: number;
  /** Between the same on one replica and on the next. */
  readonly apartMs: number;
  readonly rounds: number;
  readonly roundMs: number;
};

/** What one pod did, done by each replica of its workload, round after round. */
export function repeated(said: readonly Said[], by: Repetition): readonly Said[] {
  const all: Said[] = [];
  for (let round = 0; round < by.rounds; round += 1) {
    for (let replica = 0; replica < by.replicas; replica += 1) {
      const shiftMs = round * by.roundMs + replica * by.apartMs;
      for (const { alert, saidMs } of said) {
        all.push({ alert: moved(alert, `${round}.${replica}`, shiftMs), saidMs: saidMs + shiftMs });
      }
    }
  }
  return all.toSorted((a, b) => a.saidMs - b.saidMs);
}

function moved(alert: Alert, name: string, shiftMs: number): Alert {
  const replica = name.split('.')[1] ?? '';
  const later = (time: string): string => new Date(Date.parse(time) + shiftMs).toISOString();
  return {
    ...alert,
    id: `${alert.id}.${name}`,
    pod: `${alert.pod}-${replica}`,
    podUid: alert.podUid === '' ? '' : `${alert.podUid}-${replica}`,
    containerId: `${alert.containerId}-${replica}`,
    node: `node-${Number(replica) % 10}`,
    firstTime: later(alert.firstTime),
    lastTime: later(alert.lastTime),
  };
}
