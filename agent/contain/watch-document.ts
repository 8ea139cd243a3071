/** What `watch` answers, as gzipped JSON. */
import type { ShownRecord } from './record.ts';
import type { Connection } from './watch-sockets.ts';

export type WatchActivity =
  | { readonly source: 'falco'; readonly record: ShownRecord }
  | { readonly source: 'sockets'; readonly time: string; readonly connection: Connection }
  | {
      readonly source: 'cgroup';
      readonly time: string;
      readonly containerId: string;
      readonly state: 'thawed' | 'freezing';
    };

export type WatchDocument = {
  readonly format: 'lanner-watch/1';
  readonly podUid: string;
  readonly containerId: string;
  readonly from: string;
  readonly to: string;
  readonly contained: 'frozen' | 'running';
  /** Empty: the containment held for the whole time, as far as `problems` allows to say so. */
  readonly activity: readonly WatchActivity[];
  /** Seen, and no breach: programs and refused connections of an isolated pod. */
  readonly other: readonly ShownRecord[];
  readonly otherDropped: number;
  /** The pod was gone before the time was over. */
  readonly isGone: boolean;
  readonly problems: readonly string[];
};
