/**
 * Reads the bodies of Falco's posts. One that says what an earlier one said is recognised by its
 * bytes, and parsed when somebody asks for more of it than its time and its pids; every other is
 * parsed.
 */
import assert from 'node:assert/strict';
import { JsonFrame } from '../../proto/falco/json-frame.ts';
import type { Decoded, FalcoEvent } from './event.ts';
import { JsonEvents } from './falco-fields.ts';
import { RepeatedEvent } from './repeated-event.ts';
import { Repeats } from './repeats.ts';

export class BodyEvents {
  readonly #json = new JsonEvents();
  readonly #repeats: Repeats | null;
  readonly #readWhole = (bytes: Buffer): FalcoEvent => {
    const decoded = this.#decodeWhole(bytes);
    assert(decoded.ok, 'what was recognised can be parsed');
    return decoded.event;
  };

  /** Without repeats every event is parsed. */
  constructor({ recognises = true }: { readonly recognises?: boolean } = {}) {
    this.#repeats = recognises ? new Repeats(JsonFrame) : null;
  }

  /** Values of fields of which only the start was kept. */
  get valuesCut(): number {
    return this.#json.valuesCut;
  }

  decode(bytes: Buffer): Decoded {
    const repeats = this.#repeats;
    const repeat = repeats?.find(bytes) ?? null;
    if (repeats === null || repeat === null) return this.#decodeWhole(bytes);
    return { ok: true, event: new RepeatedEvent(repeat, repeats, bytes, this.#readWhole) };
  }

  #decodeWhole(bytes: Buffer): Decoded {
    return this.#json.decode(bytes.toString('utf8'));
  }
}
