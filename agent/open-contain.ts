/** Joins `contain/` to the agent: its own pid and `kill(2)` come from here. */
import process from 'node:process';
import type { CommandFrame } from '../proto/lanner/v1/frames.ts';
import { Containment } from './contain/contain.ts';
import { registerContainMetrics } from './contain/metrics.ts';
import type { ContainOptions } from './contain/options.ts';
import { refuseCommand } from './link/command-desk.ts';
import type { CommandResult } from './link/command-desk.ts';
import type { AgentOptions } from './options.ts';

type Joined = Pick<ContainOptions, 'clock' | 'isLinked' | 'isSensing'>;

/** Null where containment is switched off. */
export function openContain(options: AgentOptions, joined: Joined): Containment | null {
  const { contain, log, registry, redactFlags } = options;
  if (contain === undefined || contain === null) return null;
  const containment: Containment = new Containment({
    ...contain,
    ...joined,
    ownPid: process.pid,
    kill: (pid) => process.kill(pid, 'SIGKILL'),
    rules: { flags: new Set(redactFlags) },
    log,
    onFrozen: (seconds) => tellFrozen(seconds),
  });
  const tellFrozen = registerContainMetrics(registry, () => containment.counts());
  return containment;
}

export const commandsTo = (
  containment: Containment | null,
): ((frame: CommandFrame) => Promise<CommandResult>) =>
  containment === null ? refuseCommand : (frame) => containment.contain(frame);
