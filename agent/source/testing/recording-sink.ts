/** A sink that keeps what it is given, for tests. */
import type { FalcoEvent, Gap, MalformedReason, SourceSink, SourceState } from '../event.ts';

export class RecordingSink implements SourceSink {
  readonly events: FalcoEvent[] = [];
  readonly batches: number[] = [];
  readonly malformed: MalformedReason[] = [];
  readonly gaps: Gap[] = [];
  readonly states: SourceState[] = [];

  onEvents(events: readonly FalcoEvent[]): void {
    this.batches.push(events.length);
    for (const event of events) this.events.push(event);
  }

  onMalformed(reason: MalformedReason): void {
    this.malformed.push(reason);
  }

  onGap(gap: Gap): void {
    this.gaps.push(gap);
  }

  onState(state: SourceState): void {
    this.states.push(state);
  }

  /** The states in order, without their details. */
  get phases(): string {
    return this.states.map(({ state }) => state).join(' ');
  }
}
