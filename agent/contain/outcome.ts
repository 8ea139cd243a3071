/** How commands end. `detail` begins with the reason, so that the collector can tell them apart. */
import { gzipSync } from 'node:zlib';
import type { CommandResult } from '../link/command-desk.ts';

export type RefusalReason =
  | 'malformed'
  | 'too-late'
  | 'id-reused'
  | 'busy'
  | 'not-here'
  | 'no-pod'
  | 'no-container'
  | 'ambiguous'
  | 'own-pod'
  | 'static-pod'
  | 'no-process'
  | 'protected-process'
  | 'other-container'
  | 'started-later';

export type FailureReason =
  | 'not-frozen'
  | 'not-thawed'
  | 'not-writable'
  | 'not-dead'
  | 'too-large';

const NONE = new Uint8Array();

export const done = (detail: string, document: Uint8Array = NONE): CommandResult => ({
  outcome: 'done',
  detail,
  document,
});

export const refused = (reason: RefusalReason, words: string): CommandResult => ({
  outcome: 'refused',
  detail: `${reason}: ${words}`,
  document: NONE,
});

export const failed = (
  reason: FailureReason,
  words: string,
  document: Uint8Array = NONE,
): CommandResult => ({ outcome: 'failed', detail: `${reason}: ${words}`, document });

/** For documents of a few kilobytes; large ones are packed off the main thread. */
export const packed = (document: unknown): Uint8Array => gzipSync(JSON.stringify(document));
