/**
 * What is left when the pod is gone: its processes as `/proc` shows them, with their sockets and
 * the digests of what they run, and its last observations. Nothing is changed or stopped by it.
 *
 * Bounds: `PROCESSES_MAX` processes, `EVIDENCE_MS` of time, one frame of bytes; each has a word in
 * `problems` or a number beside it when it was reached. What cannot be read is left out the same
 * way: half of the evidence is better than none, as long as it says so.
 */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { rfc3339 } from '../../baseline/episode/time.ts';
import { DOCUMENT_BYTES_MAX } from '../../proto/lanner/v1/bounds.ts';
import type { CommandResult } from '../link/command-desk.ts';
import type { RedactRules } from '../outbox/redact.ts';
import type { Clock } from '../source/clock.ts';
import type { CgroupTree, ContainerCgroup } from './cgroup-tree.ts';
import type {
  EvidenceContainer,
  EvidenceDocument,
  EvidenceProcess,
} from './evidence-document.ts';
import { lookAt } from './evidence-process.ts';
import type { ProcessLook } from './evidence-process.ts';
import type { Freezer } from './freezer.ts';
import { done, failed } from './outcome.ts';
import type { ProcessFiles } from './process-files.ts';
import type { Processes } from './processes.ts';
import type { Recorder } from './recorder.ts';
import { findTarget } from './target.ts';
import type { Target } from './target.ts';

export const PROCESSES_MAX = 512;
export const EVIDENCE_MS = 5_000;
/** Asked for nothing, as far back as this. */
export const SECONDS_DEFAULT = 600;
/** Each time the older half of the observations goes. */
const HALVINGS_MAX = 12;
const NS_PER_SECOND = 1_000_000_000n;

export type EvidenceOptions = {
  readonly tree: CgroupTree;
  readonly processes: Processes;
  readonly processFiles: ProcessFiles;
  readonly freezer: Freezer;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly rules: RedactRules;
  readonly ownPid: number;
  readonly bytesMax?: number;
};

export async function collectEvidence(
  target: Target,
  seconds: number,
  options: EvidenceOptions,
): Promise<CommandResult> {
  const { clock, recorder } = options;
  const startedMs = clock.nowMs();
  const nowNs = clock.nowNs();
  const sinceNs = nowNs - BigInt(seconds > 0 ? seconds : SECONDS_DEFAULT) * NS_PER_SECOND;
  const problems: string[] = [];
  const found = findTarget(options.tree, target);
  const recorded = recorder.of(target.podUid, target.containerId, sinceNs);
  if (!found.ok) {
    if (recorded.records.length === 0) return found.result;
    problems.push(`no processes: ${found.result.detail}`);
  }
  const meant = found.ok ? found.value.meant : [];
  const seen = await processesOf(meant, startedMs + EVIDENCE_MS, { ...options, problems });
  const document: EvidenceDocument = {
    format: 'lanner-evidence/1',
    podUid: target.podUid,
    containerId: target.containerId,
    takenAt: rfc3339(nowNs),
    milliseconds: clock.nowMs() - startedMs,
    ...seen,
    observedSince: rfc3339(sinceNs),
    observations: recorded.records,
    observationsDropped: 0,
    observationsOverwritten: recorded.overwritten,
    problems,
  };
  return await packedEvidence(document, options.bytesMax ?? DOCUMENT_BYTES_MAX);
}

type Seen = Pick<EvidenceDocument, 'containers' | 'processes' | 'processesDropped'>;

async function processesOf(
  meant: readonly ContainerCgroup[],
  untilMs: number,
  options: EvidenceOptions & { readonly problems: string[] },
): Promise<Seen> {
  const { tree, freezer, clock, processes, processFiles, rules, problems } = options;
  const look: ProcessLook = { processes, processFiles, rules, sockets: new Map() };
  const containers: EvidenceContainer[] = [];
  const all: EvidenceProcess[] = [];
  const lateBefore = processFiles.late;
  let dropped = 0;
  let unreadable = 0;
  const canSee = processes.areOurs(options.ownPid);
  if (!canSee && meant.length > 0) problems.push('/proc is not that of the node (hostPID)');
  for (const container of meant) {
    const { containerId: id, path: cgroup, version: cgroupVersion } = container;
    const { pids, hidden, isCut } = tree.pids(cgroup);
    const state = freezer.state(container);
    containers.push({ id, cgroup, cgroupVersion, state, processes: pids.length + hidden });
    if (isCut) problems.push(`${id} has more processes than were listed`);
    for (const pid of canSee ? pids : []) {
      if (all.length >= PROCESSES_MAX || clock.nowMs() >= untilMs) {
        dropped += 1;
        continue;
      }
      const process = await lookAt(pid, id, look);
      if (process === null) continue;
      if (process.fdCount === -1) unreadable += 1;
      all.push(process);
    }
  }
  if (dropped > 0) problems.push(`${dropped} processes left out: too many, or no time left`);
  if (unreadable > 0) {
    problems.push(`descriptors of ${unreadable} processes cannot be read (CAP_SYS_PTRACE)`);
  }
  const late = processFiles.late - lateBefore;
  if (late > 0) problems.push(`${late} reads did not end in time`);
  return { containers, processes: all, processesDropped: dropped };
}

const pack = promisify(gzip);

async function packedEvidence(
  document: EvidenceDocument,
  bytesMax: number,
): Promise<CommandResult> {
  let fitted = document;
  for (let halvings = 0; halvings <= HALVINGS_MAX; halvings += 1) {
    const bytes = await pack(JSON.stringify(fitted));
    if (bytes.length <= bytesMax) {
      const { processes, observations, problems, milliseconds } = fitted;
      return done(
        `${processes.length} processes and ${observations.length} observations ` +
          `in ${milliseconds.toFixed(0)} ms, ${problems.length} problems`,
        bytes,
      );
    }
    if (fitted.observations.length === 0) break;
    const from = Math.ceil(fitted.observations.length / 2);
    fitted = {
      ...fitted,
      observations: fitted.observations.slice(from),
      observationsDropped: fitted.observationsDropped + from,
    };
  }
  return failed('too-large', `the evidence is above ${bytesMax} bytes, packed`);
}
