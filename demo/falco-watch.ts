import type { SourceState } from '../agent/source/event.ts';
import { escapeText } from '../collector/cli/terminal.ts';

/**
 * With a real Falco: says what becomes of the connection to it, once per news. Without this a
 * wrong socket, or a Falco without gRPC, would look like a very quiet node.
 */
export class FalcoWatch {
  readonly #state: () => SourceState;
  readonly #say: (text: string) => void;
  #said = '';
  #wasStreaming = false;

  constructor(state: () => SourceState, say: (text: string) => void) {
    this.#state = state;
    this.#say = say;
  }

  get wasStreaming(): boolean {
    return this.#wasStreaming;
  }

  look(): void {
    const { state, detail } = this.#state();
    if (state === 'streaming') this.#wasStreaming = true;
    // Between two attempts it is `connecting` again, with nothing new to say.
    if (state === 'connecting' || state === 'ended') return;
    const text = state === 'streaming' ? `Connected to ${detail}.` : `No connection: ${detail}`;
    if (text === this.#said) return;
    this.#said = text;
    this.#say(escapeText(text));
  }
}
