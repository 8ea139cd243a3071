/**
 * One agent from frames to alerts, with the fast path or without it, and everything that can be
 * asked of it afterwards. Both have to give the same answers; `agent/twin.test.ts`.
 */
import { Baseline } from '../../baseline/baseline.ts';
import type { BaselineOptions } from '../../baseline/baseline.ts';
import type { Alert } from '../../baseline/alert.ts';
import { toDocument } from '../../baseline/profile/document.ts';
import { emptySlot, fillSlot } from '../contain/record.ts';
import type { RecordSlot } from '../contain/record.ts';
import { Perception } from '../perception.ts';
import { systemClock } from '../source/clock.ts';
import { BodyEvents } from '../source/body-events.ts';
import { ResponseEvents } from '../source/falco-fields.ts';
import type { FalcoEvent } from '../source/event.ts';
import type { FlowChunk } from '../../proto/lanner/v1/frames.ts';

export type Twin = {
  take(frames: readonly Buffer[]): void;
  readonly baseline: Baseline;
  /** In the order in which they were told. */
  readonly alerts: readonly Alert[];
  readonly records: readonly (RecordSlot & { readonly localPort: number })[];
  answers(): unknown;
  repeated(): number;
};

const TAKE_EVERY_NS = 1_000_000_000n;

/** Frames are responses or bodies of posts. */
export type Wire = 'grpc' | 'http';

export function twinWith(
  recognises: boolean,
  options: Partial<BaselineOptions> = {},
  wire: Wire = 'grpc',
): Twin {
  const baseline = new Baseline({ cluster: 'twins', node: 'node-a', ...options });
  const alerts: Alert[] = [];
  const records: (RecordSlot & { readonly localPort: number })[] = [];
  const Events = wire === 'grpc' ? ResponseEvents : BodyEvents;
  const events = new Events({ recognises });
  let ids = 0;
  const perception = new Perception({
    cluster: 'twins',
    node: 'node-a',
    source: { kind: 'replay', path: '', speed: 1 },
    baseline,
    // The clock of events alone: what stands still does not run out.
    clock: { ...systemClock, nowMs: () => 0 },
    newId: () => String((ids += 1)),
    onGap: () => undefined,
    onObservation: (observation) => {
      const slot = emptySlot();
      fillSlot(slot, observation);
      const localPort = 'localPort' in observation ? observation.localPort : -1;
      records.push({ ...slot, localPort });
    },
  });
  let takenNs = 0n;
  const flows: FlowChunk[] = [];
  return {
    baseline,
    alerts,
    records,
    take: (frames) => {
      const batch: FalcoEvent[] = [];
      for (const frame of frames) {
        const decoded = events.decode(frame);
        if (decoded.ok) batch.push(decoded.event);
        else perception.takeMalformed(decoded.reason);
      }
      const last = batch.at(-1);
      if (last === undefined) return;
      perception.take(batch);
      alerts.push(...perception.takeUrgent());
      const aheadNs = last.timeNs - takenNs;
      if (aheadNs >= 0n && aheadNs < TAKE_EVERY_NS) return;
      takenNs = last.timeNs;
      alerts.push(...perception.takeAlerts());
      flows.push(...perception.takeFlows());
    },
    answers: () => {
      const { events: { repeated: _, ...rest }, containers } = perception.stats();
      return {
        alerts: [...alerts, ...perception.takeAlerts()],
        documents: [...baseline.profiles.values()].map((profile) => toDocument(profile)),
        progress: baseline.progress(),
        counters: baseline.counters,
        events: rest,
        containers,
        records,
        // The clock of events alone, as long as nothing comes after.
        flows: [...flows, ...perception.takeFlows({ isEnd: true })],
      };
    },
    repeated: () => perception.stats().events.repeated,
  };
}
