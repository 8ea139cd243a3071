/**
 * The fast path through the agent: an event that was recognised by its bytes, of a container and a
 * behaviour that are known, is counted everywhere and judged nowhere. Whatever is not so goes the
 * slow path, which ends with a new `Known` where there can be one. Neither makes a text.
 */
import assert from 'node:assert/strict';
import type { Observation } from '../baseline/observation.ts';
import type { Binding } from './identity/bindings.ts';
import type { Identity } from './identity/identity.ts';
import { observe } from './identity/observe.ts';
import { Known, LastFrame } from './known.ts';
import type { AgentBaseline } from './options.ts';
import type { FalcoEvent } from './source/event.ts';
import { RepeatedEvent } from './source/repeated-event.ts';

export type RepeatingOptions = {
  readonly node: string;
  readonly baseline: AgentBaseline;
  readonly identity: Identity;
  readonly onObservation: ((observation: Observation) => void) | null;
};

export class Repeating {
  readonly #options: RepeatingOptions;
  readonly #lastFrames = new WeakMap<Binding, LastFrame>();
  /** Events that were counted and not judged. */
  counted = 0;

  constructor(options: RepeatingOptions) {
    this.#options = options;
  }

  /** False, with nothing done, where the event has to be received in full. */
  again(event: FalcoEvent): boolean {
    if (!(event instanceof RepeatedEvent) || event.bytes === null) return false;
    const { known } = event.repeat;
    if (!(known instanceof Known) || !known.isIn) return false;
    const { baseline, identity, onObservation } = this.#options;
    if (baseline.again?.(known.sight, event, known.last) !== true) return false;
    known.last.keep(event.bytes);
    const observation = known.observationOf(event);
    identity.receiveAgain(observation, known.binding);
    onObservation?.(observation);
    this.counted += 1;
    return true;
  }

  /** After an event was observed in full. */
  note(observation: Observation, event: FalcoEvent, binding: Binding | null): void {
    if (!(event instanceof RepeatedEvent)) return;
    event.repeat.known = null;
    if (binding === null) return;
    const sight = this.#options.baseline.sightOf?.(observation) ?? null;
    if (sight === null) return;
    event.repeat.known = new Known(observation, binding, sight, this.#lastOf(binding, event));
  }

  #lastOf(binding: Binding, event: RepeatedEvent): LastFrame {
    let last = this.#lastFrames.get(binding);
    if (last !== undefined) return last;
    last = new LastFrame((bytes) => {
      const observed = observe(event.readAnother(bytes), binding.container, this.#options.node);
      assert(observed.ok, 'it was observed before');
      return observed.observation;
    });
    this.#lastFrames.set(binding, last);
    return last;
  }
}
