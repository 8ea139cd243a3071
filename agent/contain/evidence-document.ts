/** What `collect-evidence` answers, as gzipped JSON. Every text is redacted and well-formed. */
import type { CgroupVersion } from './cgroup-tree.ts';
import type { FreezerState } from './freezer.ts';
import type { ShownRecord } from './record.ts';
import type { Socket } from './sockets.ts';

export type EvidenceProcess = {
  readonly containerId: string;
  readonly pid: number;
  readonly ppid: number;
  /** Inside the container; 0 when it is not told. */
  readonly vpid: number;
  readonly name: string;
  readonly state: string;
  /** Empty when the uptime of the node cannot be read. */
  readonly startedAt: string;
  readonly exe: string;
  /** Empty when it could not be read to its end. */
  readonly exeSha256: string;
  readonly exeBytes: number;
  readonly isExeDeleted: boolean;
  readonly isMemfd: boolean;
  readonly commandLine: string;
  readonly cwd: string;
  /** Real, effective, saved, file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  readonly capEff: string;
  readonly capPrm: string;
  readonly capBnd: string;
  readonly noNewPrivs: boolean;
  readonly seccomp: number;
  readonly threads: number;
  /** Where standard input, output and error lead: a shell on a socket shows here. */
  readonly stdio: readonly string[];
  /** -1 when they may not be read. */
  readonly fdCount: number;
  readonly isFdCountCut: boolean;
  readonly sockets: readonly Socket[];
  /** Code that runs from memory or from a file that has no name any more. */
  readonly mappings: readonly string[];
};

export type EvidenceContainer = {
  readonly id: string;
  readonly cgroup: string;
  readonly cgroupVersion: CgroupVersion;
  readonly state: FreezerState;
  readonly processes: number;
};

export type EvidenceDocument = {
  readonly format: 'lanner-evidence/1';
  readonly podUid: string;
  readonly containerId: string;
  readonly takenAt: string;
  readonly milliseconds: number;
  readonly containers: readonly EvidenceContainer[];
  readonly processes: readonly EvidenceProcess[];
  readonly processesDropped: number;
  readonly observedSince: string;
  readonly observations: readonly ShownRecord[];
  /** Left out of this document because it would have been too large. */
  readonly observationsDropped: number;
  /** Overwritten in the agent's memory before anybody asked. */
  readonly observationsOverwritten: number;
  /** What could not be read, in words; empty when this is all there is. */
  readonly problems: readonly string[];
};
