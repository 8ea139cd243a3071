import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { Alert } from '../baseline/alert.ts';
import type { SeenAgain, Sight } from '../baseline/judge/again.ts';
import type { LastSeen } from '../baseline/judge/pod-watch.ts';
import type { Observation } from '../baseline/observation.ts';
import type { ImageProgress } from '../proto/lanner/v1/frames.ts';
import type { ContainOptions } from './contain/options.ts';
import type { ProfileSide } from './exchange.ts';
import type { TlsFiles } from './link/credentials.ts';
import type { SourceConfig } from './open-source.ts';
import type { Clock } from './source/clock.ts';
import type { Gap } from './source/event.ts';
import type { AgentStats } from './stats.ts';

/** The baseline as the agent drives it. */
export type AgentBaseline = ProfileSide & {
  observe(observation: Observation): void;
  /** The fast path, where the baseline has one: what the like of an observation is counted by. */
  sightOf?(observation: Observation): Sight | null;
  /** Counts one more of it; false, with nothing done, where it has to be observed. */
  again?(sight: Sight, seen: SeenAgain, last: LastSeen): boolean;
  advance(nowNs: bigint): void;
  noteGap(gap: Gap): void;
  takeAlerts(): readonly Alert[];
  /** Of these the ones that should not wait; asked after every batch of events. */
  takeUrgent(): readonly Alert[];
  /** How many profiles there are, and how many there were before. */
  readonly profiles?: { readonly size: number; readonly forgotten: number };
  progress(): readonly (Omit<ImageProgress, 'profileKey'> & { readonly key: string })[];
};

export type AgentOptions = {
  readonly cluster: string;
  readonly node: string;
  /** Of the node, as its traffic is seen from outside the cluster. */
  readonly addresses?: readonly string[];
  readonly version: string;
  readonly source: SourceConfig;
  readonly baseline: AgentBaseline;
  readonly outbox: { readonly path: string; readonly bytesMax?: number };
  /** Where profiles survive a restart; without it they are learned or sent again. */
  readonly profileCache?: { readonly folder: string; readonly bytesMax?: number } | null;
  readonly link: {
    readonly address: string;
    readonly tls: TlsFiles | null;
    /** Of the service account, for a collector that asks for it. */
    readonly tokenFile?: string;
    readonly heartbeatMs?: number;
    readonly evidenceMs?: number;
  };
  readonly identity?: { readonly waitMs?: number; readonly cri?: string };
  readonly watchdog?: { readonly silentMs?: number; readonly lostMs?: number };
  readonly redactFlags?: readonly string[];
  /** Absent or null: every command is refused. */
  readonly contain?: Pick<ContainOptions, 'cgroupRoot' | 'procRoot' | 'freezeSecondsMax'> | null;
  /** Null: neither metrics nor health over HTTP. */
  readonly http: { readonly host: string; readonly port: number } | null;
  readonly registry: Registry;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Time of day where the events come from, if a replay moves it; default the clock's. */
  readonly eventNowNs?: () => bigint;
  readonly random?: () => number;
  readonly newId?: () => string;
  readonly readFile?: (path: string) => Buffer;
  /** Alerts as they reach the disk, not redacted: for a terminal on the same machine. */
  readonly onAlert?: (alert: Alert) => void;
};

export type RunningAgent = {
  stats(): AgentStats;
  progress(): ReturnType<AgentBaseline['progress']>;
  /** Resolves with the reason when the source ends by itself: a recording, a port in use. */
  readonly ended: Promise<string>;
  readonly httpPort: number;
  sourcePort(): number;
  /** Sends what there is, waits a moment for the collector, and leaves nothing behind. */
  stop(): Promise<{ readonly isDrained: boolean }>;
};
