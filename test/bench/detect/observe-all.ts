import { EventClock } from '../../../agent/event-clock.ts';
import { Identity } from '../../../agent/identity/identity.ts';
import type { FalcoEvent } from '../../../agent/source/event.ts';
import type { Observation } from '../../../baseline/observation.ts';
import { isRuntimeProgram, isRuncStage } from '../../../baseline/behaviour/process-role.ts';
import { msOf } from './recording.ts';

/**
 * The events as the peers of Lanner see them: container and pod known, since every product names
 * them, and without what the container runtime does, which every product leaves out. `nowMs` is
 * the arrival of the event that made the observation known.
 */
export function observeAll(
  events: readonly FalcoEvent[],
  onObservation: (observation: Observation, nowMs: number) => void,
): void {
  let nowMs = 0;
  const identity = new Identity({
    node: 'node-a',
    clock: new EventClock(() => 0),
    onObservation: (observation) => {
      if (!isRuntime(observation)) onObservation(observation, nowMs);
    },
  });
  for (const event of events) {
    nowMs = Math.max(nowMs, msOf(event));
    identity.receive(event);
    identity.advance();
  }
}

function isRuntime(o: Observation): boolean {
  if (o.container.scope === 'host') return false;
  return isRuncStage(o.process.name) || isRuntimeProgram(o.process.exe);
}
