/** What the room counts, as plain numbers; `metrics.ts` publishes them. */
import type { CommandAction, CommandOutcome } from '../../proto/lanner/v1/frames.ts';
import type { RecorderCounts } from './recorder.ts';

export type CommandCounts = Readonly<
  Record<CommandAction, Readonly<Record<CommandOutcome, number>>>
>;

export type ContainCounts = {
  readonly commands: CommandCounts;
  /** Answered from memory, because the same command came again. */
  readonly repeated: number;
  /** Containers that this agent froze, or found frozen when it started, and nobody has thawed. */
  readonly frozen: number;
  /** Thawed because the collector was away for longer than allowed. */
  readonly released: number;
  readonly recorder: RecorderCounts;
  readonly readsLate: number;
};

export type MutableCommandCounts = Record<CommandAction, Record<CommandOutcome, number>>;

const none = (): Record<CommandOutcome, number> => ({ done: 0, refused: 0, failed: 0 });

export const noCommands = (): MutableCommandCounts => ({
  freeze: none(),
  thaw: none(),
  'kill-process': none(),
  'collect-evidence': none(),
  watch: none(),
});
