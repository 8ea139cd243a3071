import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

import type { Clock } from '../clock.ts';
import { COMMAND_DEADLINE_MS, command } from './agent-commands.ts';
import type { AgentCommands } from './agent-commands.ts';
import type { Response } from './response.ts';

/**
 * Was it effective? The agent watches the pod and says what it still did that it should not: a CNI
 * may enforce no policies, and a thawed container runs on. What counts is the agent's to know, it
 * sees whether the pod is frozen. Without an answer the action stays verified by the API alone, and
 * says so.
 */
const DOCUMENT_BYTES_MAX = 1_048_576;
const SHOWN_MAX = 5;
const SHOWN_CHARACTERS_MAX = 300;

const unpack = promisify(gunzip);

export type Watched =
  /** `problems`: what the agent could not see of the time. */
  | { readonly kind: 'quiet'; readonly problems: readonly string[] }
  | { readonly kind: 'active'; readonly detail: string }
  | { readonly kind: 'unwatched'; readonly detail: string };

export type WatchOptions = {
  readonly agents: AgentCommands;
  readonly clock: Clock;
};

export async function watchPod(
  response: Response,
  { agents, clock }: WatchOptions,
): Promise<Watched> {
  const nowMs = clock.now();
  const seconds = Math.max(1, Math.ceil((response.watchEndsAtMs - nowMs) / 1_000));
  const reply = await command(agents, response, {
    // After a restart it is another command: it watches for what is left, and one name is one thing.
    id: `${response.id}-watch-${seconds}`,
    action: 'watch',
    nowMs,
    deadlineMs: seconds * 1_000 + COMMAND_DEADLINE_MS,
    seconds,
  });
  if (!reply.ok) return { kind: 'unwatched', detail: reply.reason };
  const { outcome, detail, document } = reply.result;
  if (outcome !== 'done') return { kind: 'unwatched', detail };
  const seen = await read(document);
  if (seen === undefined) return { kind: 'unwatched', detail: 'its answer could not be read' };
  const { activity, problems } = seen;
  return activity.length === 0
    ? { kind: 'quiet', problems: problems.map(text).slice(0, SHOWN_MAX) }
    : { kind: 'active', detail: activity.slice(0, SHOWN_MAX).map(text).join(', ') };
}

type Seen = { readonly activity: readonly unknown[]; readonly problems: readonly unknown[] };

async function read(document: Uint8Array): Promise<Seen | undefined> {
  let value: unknown;
  try {
    value = JSON.parse(
      (await unpack(document, { maxOutputLength: DOCUMENT_BYTES_MAX })).toString(),
    );
  } catch {
    // An agent of another version, or somebody with its certificate: it counts as no answer.
    return undefined;
  }
  const { activity, problems } = (value ?? {}) as Readonly<Record<string, unknown>>;
  if (!Array.isArray(activity)) return undefined;
  return { activity, problems: Array.isArray(problems) ? problems : [] };
}

const text = (value: unknown): string =>
  (typeof value === 'string' ? value : JSON.stringify(value) ?? '')
    .slice(0, SHOWN_CHARACTERS_MAX).toWellFormed();
