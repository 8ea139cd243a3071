import { createHash } from 'node:crypto';

import type { Clock } from '../clock.ts';
import type { ContainerView, Kube, PodView } from '../kube/kube.ts';
import { findPod } from './action.ts';
import { command } from './agent-commands.ts';
import type { AgentCommands } from './agent-commands.ts';
import type { Collected } from './machine.ts';
import { withoutEnvironment } from './manifest.ts';
import type { EvidenceItem, Response } from './response.ts';
import type { EvidenceFileStore } from './response-store.ts';

/**
 * What is kept of a pod before it is destroyed: its manifest and events, the tail of its logs, and
 * what the agent sees of it (processes, sockets, hashes, the last observations). All at once, so
 * that the whole takes as long as the slowest. Bounds: `EVIDENCE_MS` for everything, `LOG_BYTES_MAX`
 * for each log of at most `CONTAINERS_MAX` containers, the API client's own bound for the rest, the
 * link's for the agent's document. A part that fails is named with its problem; what must not be
 * missing where evidence is required stands in `isComplete`. No checkpoint by the kubelet: its API
 * is alpha or off in most clusters, and needs the right to `nodes/proxy`, which is root on a node.
 */
export const EVIDENCE_MS = 15_000;
const LOG_BYTES_MAX = 262_144;
const LOG_LINES = 2_000;
const CONTAINERS_MAX = 8;
const LOOK_BACK_SECONDS = 600;
const PROBLEM_CHARACTERS_MAX = 200;

export type EvidenceOptions = {
  readonly kube: Kube;
  readonly agents: AgentCommands;
  readonly store: EvidenceFileStore;
  readonly clock: Clock;
};

type Part = {
  readonly name: string;
  readonly mediaType: string;
  /** Without it the evidence is not complete. */
  readonly isNeeded: boolean;
  readonly take: () => Promise<Taken>;
};

type Taken =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly problem: string };

export type Evidence = Collected & { readonly isComplete: boolean };

export async function collectEvidence(
  response: Response,
  options: EvidenceOptions,
): Promise<Evidence> {
  const found = await findPod(response, options.kube);
  if (!found.ok) {
    const problem = 'detail' in found.outcome ? found.outcome.detail : '';
    return { items: [], warnings: [`no evidence: ${problem}`], isComplete: false };
  }
  const parts = partsOf(response, found.pod, options);
  const items = await Promise.all(parts.map((part) => keep(response, part, options)));
  const missing = items.filter(({ problem }) => problem !== '');
  const needed = new Set(parts.filter(({ isNeeded }) => isNeeded).map(({ name }) => name));
  return {
    items,
    warnings: missing.filter(({ name }) => needed.has(name))
      .map(({ name, problem }) => `evidence ${name} is missing: ${problem}`),
    isComplete: !missing.some(({ name }) => needed.has(name)),
  };
}

function partsOf(
  response: Response,
  pod: PodView,
  { kube, agents, clock }: EvidenceOptions,
): readonly Part[] {
  const ref = { namespace: pod.namespace, name: pod.name };
  return [
    {
      name: 'manifest.json',
      mediaType: 'application/json',
      isNeeded: true,
      take: async () => {
        const manifest = await kube.readPodManifest(ref);
        if (!manifest.ok) return problemOf(manifest.message);
        const kept = withoutEnvironment(manifest.value);
        return kept === undefined ? problemOf('it is not JSON') : text(kept);
      },
    },
    {
      name: 'events.json',
      mediaType: 'application/json',
      isNeeded: false,
      take: async () => {
        const events = await kube.listPodEvents({ ...ref, uid: pod.uid });
        return events.ok ? text(JSON.stringify(events.value)) : problemOf(events.message);
      },
    },
    {
      name: 'agent.json.gz',
      mediaType: 'application/gzip',
      isNeeded: true,
      take: async () => {
        const reply = await command(agents, response, {
          id: `${response.id}-evidence-${response.attempts}`,
          action: 'collect-evidence',
          nowMs: clock.now(),
          deadlineMs: EVIDENCE_MS,
          seconds: LOOK_BACK_SECONDS,
        });
        if (!reply.ok) return problemOf(`the agent did not answer: ${reply.reason}`);
        const { outcome, detail, document } = reply.result;
        return outcome === 'done' && document.length > 0
          ? { ok: true, bytes: document }
          : problemOf(detail || outcome);
      },
    },
    ...logParts(pod, kube),
  ];
}

function logParts(pod: PodView, kube: Kube): readonly Part[] {
  const ref = { namespace: pod.namespace, name: pod.name };
  const part = (container: ContainerView, previous: boolean): Part => ({
    name: `log.${container.name}${previous ? '.previous' : ''}.txt`,
    mediaType: 'text/plain',
    isNeeded: false,
    take: async () => {
      const log = await kube.readPodLog(ref, {
        container: container.name,
        previous,
        tailLines: LOG_LINES,
        bytesMax: LOG_BYTES_MAX,
      });
      return log.ok ? text(log.value.text) : problemOf(log.message);
    },
  });
  return pod.containers
    // The attack is in what runs; init containers come last, where there is room.
    .toSorted((a, b) => Number(a.kind === 'init') - Number(b.kind === 'init'))
    .slice(0, CONTAINERS_MAX)
    .flatMap((container) => [
      part(container, false),
      ...(container.restarts > 0 ? [part(container, true)] : []),
    ]);
}

const text = (value: string): Taken => ({ ok: true, bytes: Buffer.from(value) });
const problemOf = (problem: string): Taken => ({ ok: false, problem });

async function keep(
  response: Response,
  { name, mediaType, take }: Part,
  { store, clock }: EvidenceOptions,
): Promise<EvidenceItem> {
  const taken = await withDeadline(clock, take);
  if (!taken.ok) {
    const problem = taken.problem.slice(0, PROBLEM_CHARACTERS_MAX).toWellFormed() || 'unknown';
    return { name, bytes: 0, sha256: '', problem };
  }
  const { bytes } = taken;
  await store.putEvidence({
    responseId: response.id,
    name,
    mediaType,
    bytes,
    takenAtMs: clock.now(),
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, bytes: bytes.length, sha256, problem: '' };
}

/** The API client and the link have deadlines of their own; this is the one for all of it. */
function withDeadline(clock: Clock, take: () => Promise<Taken>): Promise<Taken> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(EVIDENCE_MS, () =>
      resolve(problemOf(`not within ${EVIDENCE_MS} ms`)));
    take().then(resolve, reject).finally(cancel);
  });
}
