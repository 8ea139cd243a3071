/**
 * The results of the last commands, so that one that is sent again after a broken link gets the
 * answer of the first and nothing is done twice. Documents count against a bound of bytes: what
 * does not fit any more is forgotten, oldest first, and would be done anew.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CommandFrame } from '../../proto/lanner/v1/frames.ts';
import type { CommandResult } from '../link/command-desk.ts';

export const ANSWERS_MAX = 512;
export const ANSWER_BYTES_MAX = 16 * 1_024 * 1_024;

type Answer = {
  readonly frame: CommandFrame;
  readonly result: Promise<CommandResult>;
  /** Null while it is being executed; such an answer is never forgotten. */
  bytes: number | null;
};

export type Known =
  | { readonly kind: 'new' }
  | { readonly kind: 'known'; readonly result: Promise<CommandResult> }
  /** The same id, and another command. */
  | { readonly kind: 'other' };

export class Answers {
  readonly #answers = new Map<string, Answer>();
  #bytes = 0;

  find(frame: CommandFrame): Known {
    const known = this.#answers.get(frame.id);
    if (known === undefined) return { kind: 'new' };
    // A deadline is about the sending, not about what is to be done.
    const isSame = isDeepStrictEqual({ ...known.frame, deadline: '' }, { ...frame, deadline: '' });
    return isSame ? { kind: 'known', result: known.result } : { kind: 'other' };
  }

  keep(frame: CommandFrame, result: Promise<CommandResult>): void {
    const answer: Answer = { frame, result, bytes: null };
    this.#answers.set(frame.id, answer);
    const settled = (bytes: number): void => {
      answer.bytes = bytes;
      this.#bytes += bytes;
      this.#forget();
    };
    result.then(({ document }) => settled(document.length), () => settled(0));
  }

  #forget(): void {
    for (const [id, { bytes }] of this.#answers) {
      if (this.#answers.size <= ANSWERS_MAX && this.#bytes <= ANSWER_BYTES_MAX) return;
      if (bytes === null) continue;
      this.#answers.delete(id);
      this.#bytes -= bytes;
    }
  }
}
