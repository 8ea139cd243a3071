import { pino } from 'pino';
import { Registry } from 'prom-client';

import type { Alert } from '../../../baseline/alert.ts';
import type { Handling } from '../../incident/handling.ts';
import { UNHANDLED } from '../../incident/handling.ts';
import type { Incident } from '../../incident/incident.ts';
import { LogGate } from '../../log-gate.ts';
import type { Lease, Store } from '../../store/faces.ts';
import { ManualClock } from '../../testing/clock.ts';
import type { Notice } from '../notice.ts';
import { Default } from 'typebox/value';
import { outputSchema } from '../output-config.ts';
import type { OutputConfig } from '../output-config.ts';
import { OutputMetrics } from '../output-metrics.ts';
import { Pump } from '../pump.ts';
import type { Delivery, Sender } from '../sender.ts';

/** A store that alerts arrive in, and receivers that do what a test says. */
export const anOutput = (over: Partial<OutputConfig> = {}): OutputConfig =>
  Default(outputSchema, { name: 'siem', kind: 'webhook', ...over }) as OutputConfig;

export class ScriptedSender implements Sender {
  readonly noticesMax: number = 100;
  readonly refreshMs?: number;
  readonly calls: (readonly string[])[] = [];
  readonly taken: Notice[] = [];
  isClosed = false;
  /** What becomes of one; undefined: it is taken. */
  answer: (notice: Notice, group: readonly Notice[]) => Delivery = () => undefined;
  /** Called before each answer. */
  before: () => Promise<void> = async () => undefined;

  constructor(refreshMs?: number) {
    if (refreshMs !== undefined) this.refreshMs = refreshMs;
  }

  async send(notices: readonly Notice[]): Promise<readonly Delivery[]> {
    this.calls.push(notices.map(({ uuid }) => uuid));
    await this.before();
    return notices.map((notice) => {
      const delivery = this.answer(notice, notices);
      if (delivery === undefined) this.taken.push(notice);
      return delivery;
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }

  get uuids(): readonly string[] {
    return this.taken.map(({ uuid }) => uuid);
  }
}

export const refused: Delivery = { kind: 'permanent', class: 'http-4xx', detail: 'HTTP 400: no' };
export const away: Delivery = { kind: 'transient', class: 'connect', detail: 'ECONNREFUSED' };

let sequence = 0;

/** Far more than any test takes on a slow machine; the test's own deadline comes first. */
const TURNS_MAX = 1_000_000;

export class Stream {
  readonly store: Store;
  readonly clock: ManualClock;

  constructor(store: Store, clock: ManualClock) {
    this.store = store;
    this.clock = clock;
  }

  /** Stored, and nobody has looked at it yet. */
  async arrive(...alerts: readonly Alert[]): Promise<void> {
    sequence += 1;
    await this.store.commitBatches([
      { cluster: 'c1', node: 'node-1', epoch: 'e', sequence, alerts, gaps: [] }]);
  }

  async decide(alert: Alert, handling: Handling = { kind: 'none' }): Promise<void> {
    await this.#correlate([], new Map([[alert.id, {
      revision: alert.revision,
      incidentId: '',
      handled: { ...UNHANDLED, handling },
      severity: alert.severity,
    }]]));
  }

  async put(...alerts: readonly Alert[]): Promise<void> {
    await this.arrive(...alerts);
    for (const alert of alerts) await this.decide(alert);
  }

  async incidents(...incidents: readonly Incident[]): Promise<void> {
    await this.#correlate(incidents, new Map());
  }

  async #correlate(
    incidents: readonly Incident[],
    correlated: Parameters<Store['saveCorrelation']>[0]['correlated'],
  ): Promise<void> {
    await this.store.saveCorrelation({
      incidents,
      correlated,
      merged: new Map(),
      nowMs: this.clock.now(),
      fatigue: { coolDowns: [], hits: new Map(), tallies: [] },
    });
  }

  pump(sender: Sender, over: Partial<OutputConfig> = {}, lease?: Lease): Pump {
    const registry = new Registry();
    return new Pump({
      output: anOutput({ from: 'beginning', ...over }),
      sender,
      store: this.store,
      clock: this.clock,
      random: () => 0.5,
      log: pino({ level: 'silent' }),
      gate: new LogGate(this.clock),
      metrics: new OutputMetrics(registry, ['siem'], {
        levels: () => [],
        deadLetters: async () => new Map(),
      }),
      lease,
    });
  }

  /** Lets time pass until it is so; how long that takes on this machine does not matter. */
  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let turn = 0; turn < TURNS_MAX; turn += 1) {
      if (await condition()) return;
      await new Promise((resolve) => setImmediate(resolve));
      this.clock.advance(20);
    }
    throw new Error('it never became so');
  }
}
