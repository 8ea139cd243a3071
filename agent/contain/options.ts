import type { Logger } from 'pino';
import type { RedactRules } from '../outbox/redact.ts';
import type { Clock } from '../source/clock.ts';

export type ContainOptions = {
  /** Where the node's cgroup hierarchies are: one of version 2, or `freezer/` and `unified/`. */
  readonly cgroupRoot: string;
  /** The node's `/proc`. */
  readonly procRoot: string;
  /** How long a pod stays frozen at most while the collector is away; 0 for ever. */
  readonly freezeSecondsMax: number;
  readonly clock: Clock;
  /** The agent's own pid as `/proc` numbers it. */
  readonly ownPid: number;
  /** SIGKILL. */
  readonly kill: (pid: number) => void;
  readonly rules: RedactRules;
  readonly log: Logger;
  readonly isLinked: () => boolean;
  /** Events come from Falco. */
  readonly isSensing: () => boolean;
  /** Seconds from the command's turn to the confirmed freeze. */
  readonly onFrozen: (seconds: number) => void;
  /** Hears of every path of `/proc` and the cgroups before it is opened. */
  readonly onTouch?: (path: string) => void;
};
